// SPDX-License-Identifier: Apache-2.0
#include "cli/backup_progress.h"
#include "cli/event_sink.h"
#include "cli/job_environment.h"
#include "cli/run_output.h"
#include "cli/sync_progress.h"
#include "cli/tick_output.h"
#include "cli/told_run.h"
#include "concurrency/guarded.h"
#include "scheduler/tick.h"

namespace hikae::cli {
namespace {

// While it waits, the clock may be set: look again at least so often.
constexpr std::chrono::minutes kLongestSleep{5};
// What should have been tried by now waits for somebody's run by hand.
constexpr std::chrono::seconds kShortestSleep{5};

// Until then by the clock, or until somebody asks the program to end.
void wait_until(const Session& session, Instant when) {
  Guarded<int> nothing(0);
  auto lock = nothing.lock();
  const auto rest = when - session.environment.clock.now();
  const auto patience = rest.count() > 0 ? std::min<std::chrono::nanoseconds>(rest, kLongestSleep)
                                         : std::chrono::nanoseconds(kShortestSleep);
  lock.wait_for(session.stop,
                std::chrono::duration_cast<std::chrono::milliseconds>(patience) +
                    std::chrono::milliseconds(1),
                [] { return false; });
  throw_if_stopped(session.stop);
}

// When a slot that failed is tried again, if one waits for that.
std::optional<Instant> next_try(Journal& journal, const policy::Policy& policy) {
  std::optional<Instant> next;
  for (const SlotRecord& slot : journal.slots().open_slots(policy.name)) {
    if (slot.next_try && (!next || *slot.next_try < *next)) next = slot.next_try;
  }
  return next;
}

}  // namespace

int run_due_slots(const Session& session, Waiting waiting) {
  const LoadedPolicy loaded = load_policy_or_tell(session);
  const auto journal = Journal::open_lenient(
      session.environment.state_directory, session.environment.clock, session.environment.log);
  const auto sink = make_event_sink(session, loaded.policy, *journal);
  TickOptions options;
  options.lock_options = lock_options(session.options);
  options.policy_text = loaded.text;
  BackupProgressLine progress(session);
  SyncProgressLine catch_up(session);
  TickObserver observer;
  catch_up.observe(observer.run);
  observer.run.source_begins = [&](const std::string& source, BackupProgress& counters) {
    progress.begin(source, counters);
  };
  observer.run.source_ends = [&](const std::string&) { progress.end(); };
  observer.run.phase = [&](const Text& phase) {
    session.console.progress(render(phase, session.console.language()));
  };
  observer.job_ends = [&](const JobResult& result) {
    session.console.clear_progress();
    if (!session.options.json) print_job(session, loaded.policy, result);
  };
  const JobEnvironment job(session, loaded);
  const TickContext context{loaded.policy, job.environment(), *journal, *sink};
  Verdict verdict = Verdict::ok;
  for (;;) {
    const TickReport report = run_due(context, options, observer, session.stop);
    if (session.options.json) {
      session.console.print(tick_to_json(report));
    } else {
      print_tick(session, loaded.policy, report);
    }
    const auto next = next_try(*journal, loaded.policy);
    // A later try decides, not the ones before it.
    if (!report.jobs.empty() || !report.plan.failed.empty()) verdict = report.verdict;
    if (waiting == Waiting::no || report.other_is_at_work || !next) return exit_code(verdict);
    wait_until(session, *next);
  }
}

}  // namespace hikae::cli
