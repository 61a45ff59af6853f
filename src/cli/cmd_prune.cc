// SPDX-License-Identifier: Apache-2.0
#include <memory>

#include "cli/prune_job.h"

namespace hikae::cli {
namespace {

struct Options {
  PruneFlags flags;
  bool dry_run = false;
};

int show_plan(const Session& session, const Options& options) {
  PruneBasis basis;
  OpenedRepository opened = open_repository(
      session, LockNeed::shared_for_reading, [&](Repository& repository, const StopToken& stop) {
        basis = read_prune_basis(repository, {}, session.environment.clock, stop);
      });
  prune_and_report(session, opened, options.flags, Effect::dry_run, basis);
  return 0;
}

int run(const Session& session, const Options& options) {
  options.flags.resolve();  // a mistake in the options is told before anything is opened
  if (options.dry_run) return show_plan(session, options);
  check_may_delete(session);
  return record_job(session, "prune", [&](const RecordedJob&) {
    OpenedRepository opened = open_repository(session, LockNeed::shared);
    // Told before the reading, which may take a while.
    require_no_conflict(session, opened);
    PruneBasis basis =
        read_prune_basis(*opened.repository, {}, session.environment.clock, session.stop);
    const std::uint64_t freed =
        prune_and_report(session, opened, options.flags, Effect::apply, basis);
    JobOutcome outcome;
    outcome.results.push_back(pruned(session, opened, freed));
    return outcome;
  });
}

}  // namespace

void add_prune(Command& root, const Session& session) {
  auto options = std::make_shared<Options>();
  Command& command = root.add_command(
      "prune", text("cli_prune.help"), [&session, options] { return run(session, *options); });
  options->flags.add_to(command);
  command.flag("-n,--dry-run", options->dry_run, text("cli_prune.help_dry_run"));
}

}  // namespace hikae::cli
