// SPDX-License-Identifier: Apache-2.0
#include "repository/lock.h"

#include <algorithm>
#include <mutex>
#include <utility>

#include "concurrency/wait.h"
#include "repository/lock_conflict.h"

namespace hikae {
namespace {

using std::chrono::milliseconds;

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

}  // namespace

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
      wait_unless_stopped(options.settle, stop);
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
    wait_unless_stopped(std::min(pause, std::max(left, milliseconds(1))), stop);
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
        wait_unless_stopped(wait, group_stop);
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

}  // namespace hikae
