// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <memory>

#include "base/units.h"
#include "cli/check_output.h"
#include "cli/each_destination.h"
#include "cli/logged_job.h"
#include "cli/progress.h"
#include "cli/prune_job.h"
#include "cli/repair_output.h"
#include "cli/repair_sources.h"
#include "service/evidence.h"

namespace hikae::cli {
namespace {

using std::chrono::steady_clock;

constexpr std::size_t kMostLackingFiles = 1000;

struct Options {
  bool read_data = false;
  std::optional<std::string> subset;
  std::optional<std::string> repair_from;
  std::string from_password_file;
  bool dry_run = false;
};

CheckOptions check_options(const Session& session, const Options& options) {
  CheckOptions check;
  if (options.read_data) check.read_data = PackSubset{};
  if (options.subset) {
    check.read_data = parse_pack_subset(*options.subset);
    if (options.read_data) {
      throw Error(ErrorCode::invalid_argument, text("cli_check.both_given"));
    }
    if (!check.read_data) {
      throw Error(ErrorCode::invalid_argument,
                  text("cli_check.bad_subset", {{"subset", *options.subset}}))
          .with_hint(text("cli_check.bad_subset_hint"));
    }
  }
  check.random_seed =
      static_cast<std::uint64_t>(session.environment.clock.now().time_since_epoch().count());
  return check;
}

std::string progress_text(const Session& session,
                          const CheckProgress& progress,
                          steady_clock::duration elapsed) {
  const Pace now = pace(progress.packs_read, progress.packs_total, elapsed);
  const double seconds = std::max(0.1, std::chrono::duration<double>(elapsed).count());
  const auto rate = static_cast<std::uint64_t>(double(progress.bytes_read) / seconds);
  return render(text("cli_check.progress",
                     {{"packs", std::to_string(progress.packs_read)},
                      {"packs_total", std::to_string(progress.packs_total)},
                      {"bytes", format_bytes(progress.bytes_read)},
                      {"rate", format_bytes(rate)},
                      {"trees", std::to_string(progress.trees)},
                      {"left", now.left}}),
                session.console.language());
}

CheckReport check(const Session& session,
                  Repository& repository,
                  const CheckOptions& options,
                  const StopToken& stop) {
  CheckProgress progress;
  const auto begin = steady_clock::now();
  const ProgressLine line(
      session, [&] { return progress_text(session, progress, steady_clock::now() - begin); });
  return run_check(repository, options, progress, stop);
}

// A check only reads, so it begins while its lock settles.
OpenedRepository open_and_check(const Session& session,
                                LockNeed need,
                                const CheckOptions& options,
                                CheckReport& report) {
  return open_repository(session, need, [&](Repository& repository, const StopToken& stop) {
    report = check(session, repository, options, stop);
  });
}

// What a repair has to look at again: the structure, and every byte of the packs that it wrote.
CheckReport check_again(const Session& session,
                        Repository& repository,
                        const RepairReport& repaired) {
  CheckOptions options;
  if (!repaired.written.empty())
    options.read_data = PackSubset{PackSubset::Named{repaired.written}};
  return check(session, repository, options, session.stop);
}

RepairReport perform(const Session& session,
                     const OpenedRepository& opened,
                     const RepairFacts& facts,
                     const RepairSources& from,
                     const RepairPlan& plan) {
  RepairProgress progress;
  const ProgressLine line(session, [&] {
    return render(text("cli_check.repair_progress",
                       {{"items", std::to_string(progress.items_done)},
                        {"blobs", std::to_string(progress.blobs_done)}}),
                  session.console.language());
  });
  return apply_repair(*opened.repository,
                      *opened.lock,
                      facts,
                      from.sources,
                      plan,
                      session.environment.clock,
                      progress,
                      session.stop);
}

std::vector<LackingFile> find_lacking(const Session& session,
                                      Repository& repository,
                                      const CheckReport& report) {
  std::vector<SnapshotRecord> hurt;
  for (SnapshotRecord& record : repository.load_snapshots(session.console, session.stop)) {
    const auto& ids = report.damaged_snapshots;
    if (std::find(ids.begin(), ids.end(), record.id) != ids.end())
      hurt.push_back(std::move(record));
  }
  if (hurt.empty()) return {};
  const Index index = repository.load_index([](const Error&) {}, session.stop);
  return list_lacking_files(repository, index, hurt, kMostLackingFiles, session.stop);
}

// What journal and log are told.
JobOutcome outcome_of(const Session& session,
                      std::string_view key,
                      Verdict verdict,
                      const CheckReport& report) {
  JobOutcome outcome;
  DestinationResult result;
  result.destination = named_destination(session);
  result.verdict = verdict;
  result.summary = text(key,
                        {{"destination", result.destination},
                         {"snapshots", std::to_string(report.snapshots)},
                         {"packs", std::to_string(report.packs_read)},
                         {"errors", std::to_string(report.errors)}});
  outcome.results.push_back(std::move(result));
  outcome.exit_code = verdict == Verdict::failed ? 1 : 0;
  return outcome;
}

JobOutcome outcome_of(const Session& session, const CheckReport& report) {
  return report.errors == 0
             ? outcome_of(session, "service_due.check_good", Verdict::ok, report)
             : outcome_of(session, "service_due.check_damaged", Verdict::failed, report);
}

// As a check by the schedule leaves it, so that watch counts it wherever it is called.
JobOutcome leaving_evidence(const Session& session,
                            const RecordedJob& job,
                            Repository& repository,
                            JobOutcome outcome) {
  if (job.run.empty()) return outcome;
  outcome.results.front().space = repository.backend().space();
  const LoadedPolicy loaded = load_policy(session);
  const DestinationResult& result = outcome.results.front();
  for (const policy::Destination& destination : loaded.policy.destinations) {
    if (destination.name != result.destination) continue;
    leave_evidence(repository,
                   loaded.policy,
                   destination,
                   {loaded.policy.name,
                    session.environment.identity.hostname,
                    job.run,
                    job.slot,
                    session.environment.clock.now(),
                    result.verdict,
                    render(result.summary, Language::en)},
                   job.environment,
                   session.stop);
  }
  return outcome;
}

// Check, plan, repair, check again; what each of them found is printed as it is known.
JobOutcome run_repair(const Session& session,
                      const Options& options,
                      const CheckOptions& how,
                      const RecordedJob& job) {
  if (!options.dry_run) check_may_delete(session);
  CheckReport found;
  const OpenedRepository opened = open_and_check(
      session, options.dry_run ? LockNeed::exclusive_for_reading : LockNeed::exclusive, how, found);
  print_check(session, found);
  const auto leaving = [&](JobOutcome outcome) {
    return leaving_evidence(session, job, *opened.repository, std::move(outcome));
  };
  if (found.errors == 0) return leaving(outcome_of(session, found));
  const RepairSources from =
      open_repair_sources(session, *options.repair_from, options.from_password_file);
  const RepairFacts facts =
      survey_damage(*opened.repository, found.damage, from.sources, session.stop);
  const RepairPlan plan = plan_repair(facts, from.sources);
  if (options.dry_run || !plan.changes_anything()) {
    print_repair_plan(session, plan, from.sources);
    return leaving(outcome_of(session, found));
  }
  const RepairReport repaired = perform(session, opened, facts, from, plan);
  const CheckReport again = check_again(session, *opened.repository, repaired);
  const auto lacking = find_lacking(session, *opened.repository, again);
  print_repair(session, {repaired, from.sources, again, lacking});
  return leaving(again.errors > 0
                     ? outcome_of(session, again)
                     : outcome_of(session, "service_due.check_healed", Verdict::warning, found));
}

int check_one(const Session& session, const CheckOptions& how) {
  return record_job(session, "check", [&](const RecordedJob& job) {
    CheckReport report;
    const OpenedRepository opened =
        open_and_check(session, LockNeed::exclusive_for_reading, how, report);
    print_check(session, report);
    if (report.errors > 0 && !session.options.json)
      session.console.say(text("cli_check.not_sound_hint"));
    return leaving_evidence(session, job, *opened.repository, outcome_of(session, report));
  });
}

int run(const Session& session, const Options& options) {
  const CheckOptions how = check_options(session, options);
  if (options.dry_run && !options.repair_from)
    throw Error(ErrorCode::invalid_argument, text("cli_check.dry_run_alone"));
  // One is healed from the others, so it has to be named.
  if (options.repair_from) {
    if (session.options.repository.empty()) meant_destination(session, load_policy(session).policy);
    return record_job(session, "check", [&](const RecordedJob& job) {
      return run_repair(session, options, how, job);
    });
  }
  lock_options(session.options);  // a mistake in it is told once, not for each destination
  return in_each_destination(session, [&](const Session& one) { return check_one(one, how); });
}

}  // namespace

void add_check(Command& root, const Session& session) {
  auto options = std::make_shared<Options>();
  Command& command = root.add_command(
      "check", text("cli_check.help"), [&session, options] { return run(session, *options); });
  command.flag("--read-data", options->read_data, text("cli_check.help_read_data"));
  command.option("--read-data-subset", options->subset, "SUBSET", text("cli_check.help_subset"));
  command.option("--repair-from", options->repair_from, "NAME", text("cli_check.help_repair_from"));
  command.option("--from-password-file",
                 options->from_password_file,
                 "FILE",
                 text("cli_check.help_from_password_file"));
  command.flag("-n,--dry-run", options->dry_run, text("cli_check.help_dry_run"));
}

}  // namespace hikae::cli
