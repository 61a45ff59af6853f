// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "cli/command_line.h"
#include "cli/console.h"
#include "policy/policy.h"
#include "service/destinations.h"
#include "service/environment.h"

namespace hikae::cli {

// The options of the program itself, valid for every verb.
struct GlobalOptions {
  std::string policy_file;  // --policy, HIKAE_POLICY, /etc/hikae/policy.yaml
  std::string repository;   // -r, RESTIC_REPOSITORY
  std::string destination;  // -d
  // Set while a verb goes through all destinations of the policy: the one whose turn it is.
  std::string visited_destination;
  std::string
      password_file;  // --password-file, RESTIC_PASSWORD_FILE; else RESTIC_PASSWORD, else asked
  std::string retry_lock;  // a duration
  bool no_lock = false;
  bool json = false;
  bool quiet = false;
  int verbose = 0;
};

// What a verb works with. One per process; the references outlive it.
struct Session {
  Console& console;
  const Environment& environment;
  const GlobalOptions& options;
  StopToken stop;
};

// A loaded policy with the text that it came from.
struct LoadedPolicy {
  policy::Policy policy;
  std::string text;
  std::string path;
};
LoadedPolicy load_policy(const Session& session);
// The destination that the options name, or the only one. Throws Error{invalid_argument} where
// there is none of that name, or several to choose from.
const policy::Destination& meant_destination(const Session& session, const policy::Policy& policy);

// --retry-lock as a wait. Throws Error{invalid_argument}.
LockOptions lock_options(const GlobalOptions& options);

// A repository that the options name: -r, or -d through the policy; with neither, the policy's only
// destination. Locks it unless --no-lock; a reading verb (shared, may_go_without_lock) goes on with
// a warning where the destination refuses writes.
struct OpenedRepository {
  std::unique_ptr<Repository> repository;
  std::unique_ptr<RepositoryLock> lock;
  std::unique_ptr<LockKeeper> keeper;
};
enum class LockNeed {
  none,
  shared_for_reading,     // goes on without one where the destination refuses writes
  exclusive_for_reading,  // the same
  shared,
  exclusive,
};
// What the verb reads first; see EarlyReading.
using FirstReading = std::function<void(Repository&, const StopToken&)>;
// With `read`, that is done when this returns, also where no lock was taken.
OpenedRepository open_repository(const Session& session,
                                 LockNeed need,
                                 const FirstReading& read = {});
// A shared lock on what is open already, under the terms of LockNeed::shared_for_reading.
void lock_for_reading(const Session& session, OpenedRepository& opened);
// Releases the lock that `opened` holds and takes another one, waiting as the options say. Between
// the two nothing is held: what was read before may be out of date.
void change_lock(const Session& session,
                 OpenedRepository& opened,
                 LockMode mode,
                 const LockOptions& options);
// The place that the options name, as the policy says that it is reached.
std::unique_ptr<Backend> open_repository_backend(const Session& session, AccessMode mode);
// The place and password alone, for verbs that deal with one that may not open.
Location repository_location(const Session& session);
Secret repository_password(const Session& session);

// Verbs register themselves; one file per verb.
void add_ack(Command& root, const Session& session);
void add_backup(Command& root, const Session& session);
void add_cat(Command& root, const Session& session);
void add_check(Command& root, const Session& session);
void add_completion(CommandLine& root, const Session& session);
void add_doctor(Command& root, const Session& session);
void add_forget(Command& root, const Session& session);
void add_import(Command& root, const Session& session);
void add_init(Command& root, const Session& session);
void add_key(Command& root, const Session& session);
void add_logs(Command& root, const Session& session);
void add_ls(Command& root, const Session& session);
void add_man_pages(CommandLine& root, const Session& session);
void add_notify(Command& root, const Session& session);
void add_policy(Command& root, const Session& session);
void add_postgres(Command& root, const Session& session);
void add_prune(Command& root, const Session& session);
void add_recovery_kit(Command& root, const Session& session);
void add_restore(Command& root, const Session& session);
void add_run(Command& root, const Session& session);
void add_schedule(Command& root, const Session& session);
void add_serve(Command& root, const Session& session);
void add_serve_repository(Command& root, const Session& session);
void add_snapshots(Command& root, const Session& session);
void add_stats(Command& root, const Session& session);
void add_status(Command& root, const Session& session);
void add_sync(Command& root, const Session& session);
void add_unlock(Command& root, const Session& session);
void add_metrics(Command& root, const Session& session);
void add_verify_packs(Command& root, const Session& session);
void add_watch(Command& root, const Session& session);

// DESIGN §4. The one table from error to exit code.
int exit_code(const Error& error);

}  // namespace hikae::cli
