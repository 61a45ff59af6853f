// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <memory>

#include "cli/event_sink.h"
#include "cli/job_environment.h"
#include "cli/run_output.h"
#include "cli/tick_output.h"
#include "concurrency/guarded.h"
#include "service/tick.h"

namespace hikae::cli {
namespace {

struct Options {
  double every = 30;
};

void sleep_for(const Session& session, std::chrono::milliseconds time) {
  Guarded<int> nothing(0);
  nothing.lock().wait_for(session.stop, time, [] { return false; });
  throw_if_stopped(session.stop);
}

TickReport tick(const Session& session, const LoadedPolicy& loaded, Journal& journal) {
  const auto sink = make_event_sink(session, loaded.policy, journal);
  TickOptions options;
  options.lock_options = lock_options(session.options);
  options.policy_text = loaded.text;
  TickObserver observer;
  observer.job_ends = [&](const JobResult& result) {
    if (!session.options.json) print_job(session, loaded.policy, result);
  };
  const JobEnvironment job(session, loaded);
  return run_due(
      {loaded.policy, job.environment(), journal, *sink}, options, observer, session.stop);
}

void print(const Session& session, const LoadedPolicy& loaded, const TickReport& report) {
  const bool was_idle = report.jobs.empty() && report.events.empty();
  if (was_idle || report.other_is_at_work) return;
  if (session.options.json) {
    session.console.print(tick_to_json(report));
  } else {
    print_tick(session, loaded.policy, report);
  }
}

// The policy is read anew each time, so that a change of it counts from then on. A mistake in it,
// or a full disk, is told once and does not end the service: it may be mended meanwhile.
int serve(const Session& session, const Options& options) {
  constexpr double kShortest = 0.01;
  constexpr double kLongest = 3600;
  if (options.every < kShortest || options.every > kLongest)
    throw Error(ErrorCode::invalid_argument, text("cli_schedule.bad_every"));
  const auto pause = std::chrono::milliseconds(static_cast<long>(options.every * 1000));
  const auto journal = Journal::open_lenient(
      session.environment.state_directory, session.environment.clock, session.environment.log);
  session.console.say_error(
      text("cli_schedule.serving", {{"policy", load_policy(session).policy.name}}));
  std::string complaint;
  try {
    for (;;) {
      try {
        const LoadedPolicy loaded = load_policy(session);
        print(session, loaded, tick(session, loaded, *journal));
        complaint.clear();
      } catch (const Error& error) {
        std::string reason = render(error, session.console.language());
        if (reason != complaint)
          session.console.warning(text("cli_schedule.tick_failed", {{"reason", reason}}));
        complaint = std::move(reason);
      }
      sleep_for(session, pause);
    }
  } catch (const Cancelled&) {
    return 0;  // asked to end; what was begun is tried again by the next tick
  }
}

}  // namespace

void add_serve(Command& root, const Session& session) {
  auto options = std::make_shared<Options>();
  Command& command = root.add_command("serve",
                                      text("cli_schedule.help_serve"),
                                      [&session, options] { return serve(session, *options); });
  command.option("--every", options->every, "SECONDS", text("cli_schedule.help_every"));
}

}  // namespace hikae::cli
