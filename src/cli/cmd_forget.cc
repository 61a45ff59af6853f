// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <memory>
#include <optional>
#include <unordered_set>

#include "cli/forget_everywhere.h"
#include "cli/forget_output.h"
#include "cli/forget_plan.h"
#include "cli/prune_job.h"
#include "journal/journal.h"
#include "maintenance/forget.h"

namespace hikae::cli {
namespace {

struct Options {
  ForgetRequest request;
  PruneFlags prune_flags;
  bool prune = false;
  bool dry_run = false;
};

// What is decided, and read for the prune that follows.
struct Prepared {
  ForgetPlan plan;
  std::size_t removals = 0;
  std::optional<PruneBasis> basis;  // where something is to be pruned
};

std::vector<ForgetItem> removals_of(const std::vector<ForgetGroup>& groups) {
  std::vector<ForgetItem> removals;
  for (const ForgetGroup& group : groups)
    removals.insert(removals.end(), group.remove.begin(), group.remove.end());
  return removals;
}

// What a policy's plan deletes is on record, like the deletions of a run.
DeletionRecord deletion_record(const Session& session,
                               const ForgetPlan& plan,
                               const ForgetGroup& group,
                               const ForgetItem& item) {
  return {session.environment.clock.now(),
          "",
          plan.policy,
          group.source,
          plan.destination,
          item.record.id.hex(),
          format::to_instant(item.record.snapshot.time),
          item.rules.front()};
}

// Returns what was deleted.
std::vector<ForgottenSnapshot> forget_and_record(const Session& session,
                                                 const OpenedRepository& opened,
                                                 const ForgetPlan& plan) {
  std::vector<ForgottenSnapshot> removed;
  const std::string destination = named_destination(session);
  const Environment& environment = session.environment;
  std::unique_ptr<Journal> journal;
  if (!plan.policy.empty())
    journal = Journal::open(environment.state_directory, environment.clock, environment.log);
  for (const ForgetGroup& group : plan.groups) {
    for (const ForgetItem& item : group.remove) {
      const auto record = [&](const SnapshotRecord& gone) {
        if (journal) journal->add_deletion(deletion_record(session, plan, group, item));
        removed.push_back({tag_value(gone.snapshot, kSourceTag).value_or(group.source),
                           destination,
                           gone.id,
                           format::to_instant(gone.snapshot.time),
                           item.rules.front(),
                           item.reasons.front()});
      };
      apply_forget(*opened.repository, *opened.lock, {item.record}, record, session.stop);
    }
  }
  return removed;
}

Prepared prepare(const Session& session,
                 const Options& options,
                 Repository& repository,
                 const StopToken& stop) {
  Prepared ready;
  ready.plan =
      plan_forget(session, options.request, repository.load_snapshots(session.console, stop));
  std::unordered_set<SnapshotId> gone;
  for (const ForgetItem& item : removals_of(ready.plan.groups)) gone.insert(item.record.id);
  ready.removals = gone.size();
  if (options.prune && !gone.empty())
    ready.basis = read_prune_basis(repository, gone, session.environment.clock, stop);
  return ready;
}

// In one repository.
JobOutcome forget_here(const Session& session, const Options& options, Effect effect) {
  Prepared ready;
  OpenedRepository opened =
      open_repository(session,
                      options.dry_run ? LockNeed::shared_for_reading : LockNeed::exclusive,
                      [&](Repository& repository, const StopToken& stop) {
                        ready = prepare(session, options, repository, stop);
                      });
  // The plan is shown before it is carried out, so that a failure midway leaves a record of what
  // was meant.
  print_forget_plan(session, ready.plan, effect);
  JobOutcome outcome;
  if (!options.dry_run) {
    outcome.removed = forget_and_record(session, opened, ready.plan);
    outcome.results.push_back(
        forgotten(named_destination(session), outcome.removed.size(), std::nullopt));
  }
  if (!session.options.json) print_forget_end(session, ready.removals, effect);
  if (ready.basis) {
    const std::uint64_t freed =
        prune_and_report(session, opened, options.prune_flags, effect, *ready.basis);
    if (!options.dry_run) outcome.results.push_back(pruned(session, opened, freed));
  }
  return outcome;
}

int run(const Session& session, const Options& options) {
  const Effect effect = options.dry_run ? Effect::dry_run : Effect::apply;
  if (options.prune) options.prune_flags.resolve();
  check_request(session, options.request);
  if (is_everywhere(session, options.request)) {
    if (options.prune) {
      throw Error(ErrorCode::invalid_argument, text("cli_forget.prune_everywhere"))
          .with_hint(text("cli_forget.prune_everywhere_hint"));
    }
    const auto everywhere = [&] { return forget_everywhere(session, options.request, effect); };
    if (options.dry_run) return everywhere().exit_code;
    return record_job(session, "forget", [&](const RecordedJob&) { return everywhere(); });
  }
  if (options.dry_run) return forget_here(session, options, effect).exit_code;
  check_may_delete(session);
  return record_job(
      session, "forget", [&](const RecordedJob&) { return forget_here(session, options, effect); });
}

}  // namespace

void add_forget(Command& root, const Session& session) {
  auto options = std::make_shared<Options>();
  Command& command = root.add_command(
      "forget", text("cli_forget.help"), [&session, options] { return run(session, *options); });
  options->request.add_to(command);
  command.flag("-n,--dry-run", options->dry_run, text("cli_forget.help_dry_run"));
  command.flag("--prune", options->prune, text("cli_forget.help_prune"));
  options->prune_flags.add_to(command);
}

}  // namespace hikae::cli
