// SPDX-License-Identifier: Apache-2.0
// restic's locks, honoured both ways. The problem: two programs, perhaps on two machines, and a
// store without compare-and-swap. The protocol: list the others; write mine; wait until a writer
// who listed before I wrote must be visible (200 ms); list again; on a conflict remove mine. A lock
// is refreshed every 5 minutes by writing a new file and then deleting the old one. A lock blocks
// until it is cleared, so a dead one is cleared without a human when
//   - it has not been refreshed for 30 minutes, unless the store's dates show it young, or
//   - its boot_id and pid_ns are this machine's and its process is gone, or its pid is by now that
//     of a process which began at another time than its pid_start says.
// Hostname and pid alone prove nothing: containers share them.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "concurrency/task_group.h"
#include "repository/repository.h"

namespace hikae {

enum class LockMode { shared, exclusive };

inline constexpr std::chrono::minutes kLockRefreshInterval{5};
inline constexpr std::chrono::minutes kLockStaleAfter{30};
// For so long its holder relies on it after the last refresh: what he does then may take some
// minutes (a slow store is tried again), and the clock of the one who clears it may be ahead.
// restic's time.
inline constexpr std::chrono::seconds kLockTrustedFor{22 * 60 + 30};

struct LockRecord {
  LockId id;
  format::Lock lock;
  // The file cannot be read as a lock. It counts as exclusive, of nobody known, taken when the file
  // was written; where the store does not tell when, it never goes stale by itself.
  bool damaged = false;
  // When the store says that the file was written; absent where it does not tell.
  std::optional<Instant> stored;
};

// The lock with the time to judge it by. One that is dated well into the future was written by a
// machine whose clock is wrong; alive, it writes a new file every five minutes, so the store's date
// tells whether it is. Pure.
format::Lock judged_lock(const LockRecord& record, Instant now);

struct LockOptions {
  // How long to wait for others (--retry-lock).
  std::chrono::seconds retry_for{0};
  // The moment between writing and listing again; tests shorten it.
  std::chrono::milliseconds settle{200};
  // Called when the lock is as good as held: what is read from now on counts as read under it. That
  // is once its file stands, if that took no longer than `settle` since the others were listed;
  // else once it is held. Proof: who holds a lock that this one conflicts with, and did not see
  // this one, listed for the second time before it stood; so he had written his own at least
  // `settle` before, which is before we listed, and we saw it. EarlyReading uses these two.
  std::function<void()> may_read;
  // The lock was not had after all: what was read since is worth nothing, and must have ended when
  // this returns. may_read() may follow again.
  std::function<void()> taken_back;
};

// Whether a process of this machine and pid namespace is there, and began then (os/process.h).
using ProcessProbe = std::function<bool(std::int64_t pid, const std::string& started)>;
// Whether the holder is certainly gone. Pure but for the probe.
bool is_stale(const format::Lock& lock,
              const Identity& me,
              Instant now,
              const ProcessProbe& is_running);

std::vector<LockRecord> load_locks(Repository& repository, const StopToken& stop);

// A lock that is held. Thread-safe. release() removes the file; the destructor does so too. A store
// that refuses to remove it (credentials that may not delete) is said to the log, with the time
// from which the lock blocks nobody any more; the log outlives the lock.
class RepositoryLock {
 public:
  // Throws Error{locked} that names the holder and since when; the destination refusing writes
  // gives read_only or permission, which reading verbs may go on without.
  static std::unique_ptr<RepositoryLock> acquire(Repository& repository,
                                                 LockMode mode,
                                                 const Identity& identity,
                                                 const Clock& clock,
                                                 const LockOptions& options,
                                                 Log& log,
                                                 const StopToken& stop);
  ~RepositoryLock();
  RepositoryLock(const RepositoryLock&) = delete;
  RepositoryLock& operator=(const RepositoryLock&) = delete;

  // Throws Error{lock_lost} unless the lock file is still there and fresh enough that nobody may
  // clear it soon. Called before a snapshot and before each deletion, and by the repository before
  // each index file.
  void confirm(const StopToken& stop);
  // Writes a new lock file, then deletes the old. Throws lock_lost when the old one is gone or too
  // old; after any other error the lock is held as before, and refresh() may be called again.
  void refresh(const StopToken& stop);
  // Makes an exclusive lock shared, without a moment in which nothing is held: others may go on.
  // The same errors as refresh(). No-op for a shared one.
  void share(const StopToken& stop);
  LockMode mode() const;
  void release() noexcept;
  // The name of its file at this moment.
  LockId id() const;

 private:
  RepositoryLock(Repository& repository, format::Lock lock, const Clock& clock, Log& log);
  // Nobody else knows the lock yet.
  void save_first(const StopToken& stop);
  // REQUIRES of all: the state's mutex is held.
  void confirm_held(const StopToken& stop);
  void replace(format::Lock renewed, const StopToken& stop);
  void remove_superseded(const StopToken& stop);
  void report_stays(const Error& error);

  struct State;
  Repository& repository_;
  const Clock& clock_;
  Log& log_;
  std::unique_ptr<State> state_;
};

// Throws Error{locked} when `mode` cannot be had right now because of locks other than `mine`.
// Takes nothing; stale locks are removed as acquire() does.
void require_lockable(Repository& repository,
                      LockMode mode,
                      const RepositoryLock& mine,
                      const Identity& identity,
                      const Clock& clock,
                      Log& log,
                      const StopToken& stop);

struct LockKeeperOptions {
  std::chrono::milliseconds interval = kLockRefreshInterval;
  // After a refresh that failed. A store that is away for some minutes costs no lock.
  std::chrono::milliseconds retry = std::chrono::minutes{1};
};

// Refreshes locks on threads of its own as long as it lives. A refresh that fails is said to `log`
// and tried again; the loss itself is noticed by confirm(), before anything depends on it, and
// concerns that repository alone.
class LockKeeper {
 public:
  LockKeeper(const std::vector<RepositoryLock*>& locks,
             Log& log,
             const StopToken& stop,
             LockKeeperOptions options = {});

 private:
  TaskGroup keepers_;
};

// Removes stale locks (hikae unlock), or all of them. Returns what was removed.
enum class UnlockScope { stale, all };
std::vector<LockRecord> unlock(Repository& repository,
                               UnlockScope scope,
                               const Identity& me,
                               const Clock& clock,
                               const StopToken& stop);

}  // namespace hikae
