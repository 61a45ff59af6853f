// SPDX-License-Identifier: Apache-2.0
#include "repository/lock.h"

#include <algorithm>
#include <utility>

#include "concurrency/guarded.h"
#include "os/process.h"

namespace hikae {
namespace {

using std::chrono::milliseconds;

// Waits on nothing but time and the stop.
void sleep_for(std::chrono::nanoseconds duration, const StopToken& stop) {
  std::mutex mutex;
  std::condition_variable_any never;
  std::unique_lock lock(mutex);
  never.wait_for(lock, stop, duration, [] { return false; });
  throw_if_stopped(stop);
}

// What it will be called is told first: a call that fails or is stopped may have stored it all the
// same, and nobody else would ever remove it.
template <typename Name>
void save_lock(Repository& repository,
               const format::Lock& lock,
               const Name& name,
               const StopToken& stop) {
  const Repository::SealedFile file = repository.seal_unpacked(format::encode(lock));
  name(id_cast<LockId>(file.id));
  repository.backend().save({FileType::lock, file.id.hex()}, file.content, stop);
}

void remove_lock(Repository& repository, const LockId& id, const StopToken& stop) {
  repository.backend().remove({FileType::lock, id.hex()}, stop);
}

// "2026-11-26 22:38:07 +09:00", in the zone that the holder wrote.
std::string since(const format::Lock& lock) {
  format::Timestamp time = lock.time;
  time.nanoseconds = 0;
  constexpr std::size_t kDate = 10;
  constexpr std::size_t kSeconds = 19;
  std::string shown = format::to_rfc3339(time);
  std::string offset = shown.substr(kSeconds);
  if (offset == "Z") offset = "+00:00";
  return shown.substr(0, kDate) + " " + shown.substr(kDate + 1, kSeconds - kDate - 1) + " " +
         offset;
}

Error locked_by(const LockRecord& other, const Backend& backend) {
  if (other.damaged) {
    return Error(ErrorCode::locked,
                 text("repository.locked_damaged",
                      {{"place", backend.location()}, {"lock", other.id.short_hex()}}),
                 Retry::after_backoff)
        .with_hint(text("repository.locked_damaged_hint"));
  }
  return Error(ErrorCode::locked,
               text("repository.locked",
                    {{"place", backend.location()},
                     {"host", other.lock.hostname},
                     {"user", other.lock.username},
                     {"pid", std::to_string(other.lock.pid)},
                     {"since", since(other.lock)}}),
               Retry::after_backoff)
      .with_hint(text("repository.locked_hint"));
}

LockRecord damaged_lock(const FileInfo& file) {
  LockRecord record;
  record.id = *LockId::parse(file.name);
  record.lock.exclusive = true;
  record.lock.time = format::to_timestamp(file.modified.value_or(Instant::max()));
  record.damaged = true;
  return record;
}

Text describe_removed(const LockRecord& stale, const Backend& backend) {
  if (stale.damaged) {
    return text("repository.damaged_lock_removed",
                {{"lock", stale.id.short_hex()}, {"place", backend.location()}});
  }
  return text("repository.stale_lock_removed",
              {{"host", stale.lock.hostname},
               {"pid", std::to_string(stale.lock.pid)},
               {"since", since(stale.lock)},
               {"place", backend.location()}});
}

// Credentials that may not delete leave locks behind. That is no reason to stop: they go stale by
// themselves.
bool refuses_removal(const Error& error) {
  return error.code() == ErrorCode::permission || error.code() == ErrorCode::read_only ||
         error.code() == ErrorCode::unsupported;
}

void remove_stale(Repository& repository,
                  const LockRecord& stale,
                  Log& log,
                  const StopToken& stop) {
  try {
    remove_lock(repository, stale.id, stop);
    log.warning(describe_removed(stale, repository.backend()));
  } catch (const Error& error) {
    if (!refuses_removal(error)) throw;
    log.info(
        because(text("repository.stale_lock_ignored",
                     {{"lock", stale.id.short_hex()}, {"place", repository.backend().location()}}),
                error));
  }
}

bool runs_here(std::int64_t pid, const std::string& started) {
  return std::in_range<pid_t>(pid) && os::is_same_process(static_cast<pid_t>(pid), started);
}

// Its process ran on this machine and is gone.
bool is_gone_here(const format::Lock& lock, const Identity& me, const ProcessProbe& is_running) {
  const bool judged_here = !lock.boot_id.empty() && !lock.pid_ns.empty() &&
                           lock.boot_id == me.boot_id && lock.pid_ns == me.pid_ns;
  return judged_here && !is_running(lock.pid, lock.pid_start);
}

// Whether the store dates the lock as the lock dates itself, and both are young: then it is this
// machine's clock that is ahead, if it says otherwise. `store_now` is when the store says that a
// lock of ours was written, at most some minutes ago.
bool is_young_by_store(const LockRecord& record, const std::optional<Instant>& store_now) {
  // Clocks of honest machines are minutes apart at most.
  constexpr std::chrono::minutes kUsualSkew{5};
  if (!record.stored || !store_now) return false;
  const auto skew = *record.stored - format::to_instant(record.lock.time);
  return skew < kUsualSkew && skew > -kUsualSkew && *store_now - *record.stored <= kLockStaleAfter;
}

// The first lock that stands in the way; stale ones are removed on sight, and said so.
std::optional<LockRecord> find_conflict(Repository& repository,
                                        LockMode mode,
                                        const LockId* mine,
                                        const Identity& me,
                                        const Clock& clock,
                                        Log& log,
                                        const StopToken& stop) {
  std::vector<LockRecord> locks = load_locks(repository, stop);
  std::optional<Instant> store_now;
  for (const LockRecord& one : locks) {
    if (mine != nullptr && one.id == *mine) store_now = one.stored;
  }
  for (LockRecord& other : locks) {
    if (mine != nullptr && other.id == *mine) continue;
    if (is_stale(judged_lock(other, clock.now()), me, clock.now(), runs_here)) {
      const bool by_age = !is_gone_here(other.lock, me, runs_here);
      // Once mine is there too, the store's dates tell whether this machine's clock is ahead.
      if (by_age && mine == nullptr && other.stored) continue;
      if (!by_age || !is_young_by_store(other, store_now)) {
        remove_stale(repository, other, log, stop);
        continue;
      }
    }
    if (mode == LockMode::exclusive || other.lock.exclusive) return std::move(other);
  }
  return std::nullopt;
}

}  // namespace

bool is_stale(const format::Lock& lock,
              const Identity& me,
              Instant now,
              const ProcessProbe& is_running) {
  return now - format::to_instant(lock.time) > kLockStaleAfter ||
         is_gone_here(lock, me, is_running);
}

format::Lock judged_lock(const LockRecord& record, Instant now) {
  // Clocks of honest machines are minutes apart at most.
  constexpr std::chrono::minutes kUsualSkew{5};
  format::Lock lock = record.lock;
  const Instant time = format::to_instant(lock.time);
  if (record.stored && *record.stored < time && time > now + kUsualSkew)
    lock.time = format::to_timestamp(*record.stored);
  return lock;
}

std::vector<LockRecord> load_locks(Repository& repository, const StopToken& stop) {
  std::vector<FileInfo> files;
  repository.backend().list(
      FileType::lock, [&](const FileInfo& file) { files.push_back(file); }, stop);
  std::vector<LockRecord> locks;
  for (const FileInfo& file : files) {
    if (file.size == 0) continue;  // a write that a power cut left behind; restic ignores it too
    try {
      const std::string json = repository.load_unpacked(FileType::lock, file.name, stop);
      locks.push_back({*LockId::parse(file.name), format::decode_lock(json), false, file.modified});
    } catch (const Error& error) {
      if (error.code() == ErrorCode::not_found) continue;  // released since the listing
      if (error.code() != ErrorCode::corrupt) throw;
      locks.push_back(damaged_lock(file));
    }
  }
  return locks;
}

struct RepositoryLock::State {
  LockId id;
  format::Lock lock;
  std::vector<LockId> superseded;  // files of ours that could not be deleted yet
  bool held = true;
  std::mutex mutex;  // guards all of the above
};

RepositoryLock::RepositoryLock(Repository& repository,
                               format::Lock lock,
                               const Clock& clock,
                               Log& log)
    : repository_(repository), clock_(clock), log_(log), state_(std::make_unique<State>()) {
  state_->lock = std::move(lock);
}

std::unique_ptr<RepositoryLock> RepositoryLock::acquire(Repository& repository,
                                                        LockMode mode,
                                                        const Identity& identity,
                                                        const Clock& clock,
                                                        const LockOptions& options,
                                                        Log& log,
                                                        const StopToken& stop) {
  format::Lock content;
  content.exclusive = mode == LockMode::exclusive;
  content.hostname = identity.hostname;
  content.username = identity.username;
  content.pid = identity.pid;
  content.uid = identity.uid;
  content.gid = identity.gid;
  content.boot_id = identity.boot_id;
  content.pid_ns = identity.pid_ns;
  content.pid_start = identity.pid_start;

  const auto deadline = clock.steady_now() + options.retry_for;
  auto pause = milliseconds(500);
  bool said = false;
  while (true) {
    const auto listed = clock.steady_now();
    auto conflict = find_conflict(repository, mode, nullptr, identity, clock, log, stop);
    if (!conflict) {
      content.time = format::to_timestamp(clock.now());
      std::unique_ptr<RepositoryLock> held(new RepositoryLock(repository, content, clock, log));
      held->save_first(stop);
      const bool early = clock.steady_now() - listed < options.settle;
      if (early && options.may_read) options.may_read();
      // Somebody who listed before my file was there has written his own by now.
      sleep_for(options.settle, stop);
      conflict = find_conflict(repository, mode, &held->state_->id, identity, clock, log, stop);
      if (!conflict) {
        repository.guard_index([lock = held.get()](const StopToken& s) { lock->confirm(s); });
        if (!early && options.may_read) options.may_read();
        return held;
      }
      if (early && options.taken_back) options.taken_back();
      held->release();
    }
    if (clock.steady_now() >= deadline) throw locked_by(*conflict, repository.backend());
    if (!std::exchange(said, true)) log.info(locked_by(*conflict, repository.backend()).message());
    const auto left = std::chrono::duration_cast<milliseconds>(deadline - clock.steady_now());
    sleep_for(std::min(pause, std::max(left, milliseconds(1))), stop);
    pause = std::min(pause * 2, milliseconds(60'000));
  }
}

void RepositoryLock::save_first(const StopToken& stop) {
  try {
    save_lock(
        repository_, state_->lock, [&](const LockId& id) { state_->id = id; }, stop);
  } catch (const Error& error) {
    // Where nothing can be written there is nothing to remove.
    if (refuses_removal(error)) state_->held = false;
    throw;
  }
}

RepositoryLock::~RepositoryLock() {
  release();
}

void RepositoryLock::confirm(const StopToken& stop) {
  const std::lock_guard guard(state_->mutex);
  confirm_held(stop);
}

void RepositoryLock::confirm_held(const StopToken& stop) {
  // After a long silence (a suspended machine) others may have cleared the lock and begun to
  // delete, or be about to.
  const bool fresh = clock_.now() - format::to_instant(state_->lock.time) <= kLockTrustedFor;
  if (state_->held && fresh && repository_.backend().size({FileType::lock, state_->id.hex()}, stop))
    return;
  throw Error(ErrorCode::lock_lost,
              text("repository.lock_lost", {{"place", repository_.backend().location()}}))
      .with_hint(text("repository.lock_lost_hint"));
}

void RepositoryLock::refresh(const StopToken& stop) {
  const std::lock_guard guard(state_->mutex);
  confirm_held(stop);
  replace(state_->lock, stop);
}

void RepositoryLock::share(const StopToken& stop) {
  const std::lock_guard guard(state_->mutex);
  confirm_held(stop);
  if (!state_->lock.exclusive) return;
  format::Lock shared = state_->lock;
  shared.exclusive = false;
  replace(std::move(shared), stop);
}

LockMode RepositoryLock::mode() const {
  const std::lock_guard guard(state_->mutex);
  return state_->lock.exclusive ? LockMode::exclusive : LockMode::shared;
}

// Between the two files both are there, so that nobody sees none.
void RepositoryLock::replace(format::Lock renewed, const StopToken& stop) {
  renewed.time = format::to_timestamp(clock_.now());
  // Until it is known to be stored it is one of those to be removed.
  save_lock(
      repository_, renewed, [&](const LockId& id) { state_->superseded.push_back(id); }, stop);
  // Only a file that is stored makes the lock younger: others judge it by that file.
  state_->lock = renewed;
  std::swap(state_->superseded.back(), state_->id);
  remove_superseded(stop);
}

void RepositoryLock::remove_superseded(const StopToken& stop) {
  while (!state_->superseded.empty()) {
    try {
      remove_lock(repository_, state_->superseded.back(), stop);
    } catch (const Error& error) {
      // It stays for ever here and blocks nobody for long; the new one is in place.
      if (!refuses_removal(error)) throw;
    }
    state_->superseded.pop_back();
  }
}

void RepositoryLock::release() noexcept {
  try {
    {
      const std::lock_guard guard(state_->mutex);
      if (!std::exchange(state_->held, false)) return;
    }
    // Not under the mutex: who stores an index file holds the repository's guard and asks for ours.
    repository_.guard_index({});
    const std::lock_guard guard(state_->mutex);
    try {
      remove_lock(repository_, state_->id, StopToken());
    } catch (const Error& error) {
      report_stays(error);
    }
    remove_superseded(StopToken());
  } catch (...) {  // noexcept edge: a lock that stays goes stale by itself, and its process is gone
  }
}

void RepositoryLock::report_stays(const Error& error) {
  const Instant stale_at = format::to_instant(state_->lock.time) + kLockStaleAfter;
  log_.warning(because(text("repository.lock_stays",
                            {{"lock", state_->id.short_hex()},
                             {"place", repository_.backend().location()},
                             {"until", format::to_rfc3339(format::to_timestamp(stale_at))}}),
                       error));
}

LockId RepositoryLock::id() const {
  const std::lock_guard guard(state_->mutex);
  return state_->id;
}

void require_lockable(Repository& repository,
                      LockMode mode,
                      const RepositoryLock& mine,
                      const Identity& identity,
                      const Clock& clock,
                      Log& log,
                      const StopToken& stop) {
  const LockId own = mine.id();
  const auto conflict = find_conflict(repository, mode, &own, identity, clock, log, stop);
  if (conflict) throw locked_by(*conflict, repository.backend());
}

LockKeeper::LockKeeper(const std::vector<RepositoryLock*>& locks,
                       Log& log,
                       const StopToken& stop,
                       LockKeeperOptions options)
    : keepers_(stop) {
  for (RepositoryLock* lock : locks) {
    keepers_.spawn("lock", [lock, &log, options](const StopToken& group_stop) {
      auto wait = options.interval;
      while (true) {
        sleep_for(wait, group_stop);
        try {
          lock->refresh(group_stop);
          wait = options.interval;
        } catch (const Error& error) {
          log.warning(error.message());
          if (error.code() == ErrorCode::lock_lost) return;
          wait = options.retry;
        }
      }
    });
  }
}

std::vector<LockRecord> unlock(Repository& repository,
                               UnlockScope scope,
                               const Identity& me,
                               const Clock& clock,
                               const StopToken& stop) {
  std::vector<LockRecord> removed;
  for (LockRecord& record : load_locks(repository, stop)) {
    const format::Lock lock = judged_lock(record, clock.now());
    if (scope == UnlockScope::stale && !is_stale(lock, me, clock.now(), runs_here)) continue;
    remove_lock(repository, record.id, stop);
    removed.push_back(std::move(record));
  }
  return removed;
}

}  // namespace hikae
