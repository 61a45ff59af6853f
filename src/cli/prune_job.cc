// SPDX-License-Identifier: Apache-2.0
#include "cli/prune_job.h"

#include <algorithm>
#include <charconv>

#include "base/units.h"
#include "cli/progress.h"
#include "cli/prune_output.h"
#include "service/forgotten_records.h"
#include "service/wanted.h"

namespace hikae::cli {
namespace {

// Temporary files of killed runs: nobody writes one file for so long.
constexpr std::chrono::hours kLeftoverAge{24};

Error bad_max_unused(const std::string& value) {
  return Error(ErrorCode::invalid_argument, text("cli_prune.bad_max_unused", {{"value", value}}))
      .with_hint(text("cli_prune.bad_max_unused_hint"));
}

double parse_percentage(const std::string& value) {
  double percent = 0;
  const char* end = value.data() + value.size() - 1;
  const auto [stop, error] = std::from_chars(value.data(), end, percent);
  if (error != std::errc() || stop != end || percent < 0 || percent >= 100)
    throw bad_max_unused(value);
  return percent;
}

// Who moved blobs for an hour waits a while for a backup to end, rather than do so again.
constexpr std::chrono::minutes kLeastWait{10};
// Who holds the exclusive lock anyway moves for so long under it: to take another would cost 200
// ms.
constexpr std::chrono::milliseconds kLongestAlone{2000};

void move_blobs(const Session& session,
                const OpenedRepository& opened,
                const PruneBasis& basis,
                const PrunePlan& plan,
                const BlobWriterOptions& options,
                PruneProgress& progress) {
  const auto begin = std::chrono::steady_clock::now();
  const ProgressLine line(session, [&] {
    const Pace now =
        pace(progress.bytes_moved, plan.bytes_to_repack, std::chrono::steady_clock::now() - begin);
    return render(text("cli_prune.progress",
                       {{"bytes", format_bytes(progress.bytes_moved)},
                        {"total", format_bytes(plan.bytes_to_repack)},
                        {"left", now.left}}),
                  session.console.language());
  });
  apply_prune_moves(
      *opened.repository, basis, plan, options, session.environment.clock, progress, session.stop);
}

void wait_for_exclusive_lock(const Session& session, OpenedRepository& opened) {
  LockOptions options = lock_options(session.options);
  options.retry_for = std::max<std::chrono::seconds>(options.retry_for, kLeastWait);
  try {
    change_lock(session, opened, LockMode::exclusive, options);
  } catch (Error& error) {
    if (error.code() == ErrorCode::locked) error.add_context(text("cli_prune.waiting_to_delete"));
    throw;
  }
}

PruneRemovals remove_packs(const Session& session,
                           const OpenedRepository& opened,
                           PruneBasis& basis,
                           const PrunePlan& plan,
                           PruneProgress& progress) {
  const ProgressLine line(session, [&] {
    return render(text("cli_prune.removing", {{"packs", std::to_string(progress.packs_removed)}}),
                  session.console.language());
  });
  const Environment& environment = session.environment;
  return apply_prune_removals(*opened.repository,
                              *opened.lock,
                              basis,
                              plan,
                              environment.clock,
                              environment.log,
                              progress,
                              session.stop);
}

// A lock that is exclusive is shared when this has lived for kLongestAlone. What fails here is
// said, and no harm: others wait longer.
class SharedInTime {
 public:
  SharedInTime(const Session& session, RepositoryLock& lock) : done_(false), watch_(session.stop) {
    if (lock.mode() == LockMode::shared) return;
    watch_.spawn("share-lock", [this, &session, &lock](const StopToken& stop) {
      {
        auto done = done_.lock();
        if (done.wait_for(stop, kLongestAlone, [&] { return *done; })) return;
      }
      try {
        throw_if_stopped(stop);
        lock.share(stop);
      } catch (const Error& error) {
        session.environment.log.warning(error.message());
      }
    });
  }
  // Afterwards the lock changes no more by this.
  ~SharedInTime() {
    *done_.lock() = true;
    done_.notify_all();
  }
  SharedInTime(const SharedInTime&) = delete;
  SharedInTime& operator=(const SharedInTime&) = delete;

 private:
  Guarded<bool> done_;
  TaskGroup watch_;  // last: its thread uses the above
};

std::vector<ForgottenRecord> needless_records(const Session& session,
                                              const OpenedRepository& opened) {
  // Only a policy tells where else the generations may lie.
  if (!session.options.repository.empty() || named_destination(session).empty()) return {};
  return find_needless_records(
      load_policy(session).policy, *opened.repository, session.environment, session.stop);
}

// In two halves, so that nobody waits long while blobs are moved.
std::uint64_t apply(const Session& session,
                    OpenedRepository& opened,
                    PruneBasis& basis,
                    const PrunePlan& plan,
                    const std::vector<ForgottenRecord>& records,
                    const BlobWriterOptions& options) {
  PruneRemovals removals;
  if (plan.changes_anything()) {
    PruneProgress progress;
    {
      const SharedInTime shared(session, *opened.lock);
      move_blobs(session, opened, basis, plan, options, progress);
    }
    if (opened.lock->mode() == LockMode::shared) wait_for_exclusive_lock(session, opened);
    removals = remove_packs(session, opened, basis, plan, progress);
  }
  remove_records(*opened.repository, *opened.lock, records, session.stop);
  opened.repository->backend().remove_leftovers(kLeftoverAge, session.stop);
  const bool was_needed = plan.changes_anything() || !records.empty();
  print_prune_end(session, was_needed ? PruneDone::something : PruneDone::nothing, removals);
  return removals.bytes_freed;
}

}  // namespace

void PruneFlags::add_to(Command& command) {
  command.option("--max-unused", max_unused, "LIMIT", text("cli_prune.help_max_unused"));
  command.option(
      "--max-repack-size", max_repack_size, "SIZE", text("cli_prune.help_max_repack_size"));
  blobs.add_to(command);
}

PruneOptions PruneFlags::resolve() const {
  PruneOptions options;
  if (max_unused == "unlimited") {
    options.max_unused_bytes = UINT64_MAX;
  } else if (max_unused.ends_with('%')) {
    // restic's percentage is of what stays; ours is of what is used.
    const double percent = parse_percentage(max_unused);
    options.max_unused_percent = 100 * percent / (100 - percent);
  } else {
    options.max_unused_bytes = parse_bytes(max_unused);
    if (!options.max_unused_bytes) throw bad_max_unused(max_unused);
  }
  if (max_repack_size)
    options.max_repack_bytes = parse_size_option("--max-repack-size", *max_repack_size);
  return options;
}

void require_no_conflict(const Session& session, const OpenedRepository& opened) {
  if (!session.options.retry_lock.empty()) return;
  require_lockable(*opened.repository,
                   LockMode::exclusive,
                   *opened.lock,
                   session.environment.identity,
                   session.environment.clock,
                   session.environment.log,
                   session.stop);
}

std::uint64_t prune_and_report(const Session& session,
                               OpenedRepository& opened,
                               const PruneFlags& flags,
                               Effect effect,
                               PruneBasis& basis) {
  PruneOptions options = flags.resolve();
  if (session.options.repository.empty() && !session.options.destination.empty()) {
    keep_for_sync(load_policy(session).policy,
                  session.options.destination,
                  basis,
                  session.environment,
                  session.stop);
  }
  options.spared = basis.spared;
  const BlobWriterOptions blobs = flags.blobs.resolve(session.environment);
  const PrunePlan plan = plan_prune(basis.index, basis.packs, basis.used, options, blobs.pack_size);
  print_prune_plan(session, plan, basis.index, basis.used);
  const std::vector<ForgottenRecord> records = needless_records(session, opened);
  print_needless_records(session, records);
  if (effect == Effect::dry_run) {
    if (!session.options.json) session.console.say(text("cli_prune.nothing_deleted"));
    return 0;
  }
  return apply(session, opened, basis, plan, records, blobs);
}

DestinationResult pruned(const Session& session,
                         const OpenedRepository& opened,
                         std::uint64_t bytes_freed) {
  DestinationResult result;
  result.space = opened.repository->backend().space();
  result.destination = named_destination(session);
  result.summary =
      text("service_due.pruned",
           {{"destination", result.destination}, {"bytes", format_bytes(bytes_freed)}});
  return result;
}

void check_may_delete(const Session& session) {
  if (session.options.no_lock) {
    throw Error(ErrorCode::invalid_argument, text("cli_prune.needs_lock"))
        .with_hint(text("cli_prune.needs_lock_hint"));
  }
  if (!session.options.repository.empty()) return;
  const LoadedPolicy loaded = load_policy(session);
  const policy::Destination& destination = meant_destination(session, loaded.policy);
  if (destination.may_delete) return;
  throw Error(ErrorCode::permission,
              text("cli_prune.may_not_delete", {{"destination", destination.name}}))
      .with_hint(text("cli_prune.may_not_delete_hint"));
}

}  // namespace hikae::cli
