// SPDX-License-Identifier: Apache-2.0
#include "repository/lock_conflict.h"

#include <utility>

#include "os/process.h"

namespace hikae {
namespace {

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

}  // namespace

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

void remove_lock(Repository& repository, const LockId& id, const StopToken& stop) {
  repository.backend().remove({FileType::lock, id.hex()}, stop);
}

bool refuses_removal(const Error& error) {
  return error.code() == ErrorCode::permission || error.code() == ErrorCode::read_only ||
         error.code() == ErrorCode::unsupported;
}

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
