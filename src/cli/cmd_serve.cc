// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <memory>

#include "cli/event_sink.h"
#include "cli/job_environment.h"
#include "cli/monitor_server.h"
#include "cli/run_output.h"
#include "cli/tick_output.h"
#include "cli/told_run.h"
#include "concurrency/wait.h"
#include "scheduler/tick.h"

namespace hikae::cli {
namespace {

struct Options {
  double every = 30;
};

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
class Service {
 public:
  Service(const Session& session, std::chrono::milliseconds pause)
      : session_(session),
        pause_(pause),
        journal_(Journal::open_lenient(session.environment.state_directory,
                                       session.environment.clock,
                                       session.environment.log)),
        heartbeat_(session.environment.clock),
        monitored_{*journal_, heartbeat_, pause} {}

  // Until the session is stopped, with Cancelled.
  void run() {
    auto loaded = std::make_shared<const LoadedPolicy>(load_policy(session_));
    session_.console.say_error(text("cli_schedule.serving", {{"policy", loaded->policy.name}}));
    *monitored_.policy.lock() = loaded;
    follow_listen(loaded->policy.metrics.listen);
    for (;;) {
      round();
      wait_unless_stopped(pause_, session_.stop);
    }
  }

 private:
  void round() {
    heartbeat_.begin();
    try {
      const auto loaded = std::make_shared<const LoadedPolicy>(load_policy_or_tell(session_));
      *monitored_.policy.lock() = loaded;
      follow_listen(loaded->policy.metrics.listen);
      print(session_, *loaded, tick(session_, *loaded, *journal_));
      heartbeat_.end();
      complaint_.clear();
    } catch (const Error& error) {
      heartbeat_.fail(error);
      complain(complaint_, "cli_schedule.tick_failed", error);
    }
  }

  // A port that is taken keeps no backup from being made; it may be free the next time.
  void follow_listen(const std::string& listen) {
    if (listen == listen_ && (monitor_ || listen.empty())) return;
    monitor_.reset();
    listen_ = listen;
    if (listen.empty()) return;
    try {
      monitor_ = std::make_unique<MonitorServer>(session_, listen, monitored_);
      listen_complaint_.clear();
      session_.console.say_error(
          text("cli_schedule.listening", {{"url", "http://" + monitor_->address() + "/"}}));
    } catch (const Error& error) {
      complain(listen_complaint_, "cli_schedule.listen_failed", error);
    }
  }

  void complain(std::string& last, std::string_view key, const Error& error) {
    std::string reason = render(error, session_.console.language());
    if (reason != last) session_.console.warning(text(key, {{"reason", reason}}));
    last = std::move(reason);
  }

  const Session& session_;
  const std::chrono::milliseconds pause_;
  const std::unique_ptr<Journal> journal_;
  Heartbeat heartbeat_;
  Monitored monitored_;
  std::string complaint_;
  std::string listen_;
  std::string listen_complaint_;
  std::unique_ptr<MonitorServer> monitor_;  // last: it looks at all the others
};

int serve(const Session& session, const Options& options) {
  constexpr double kShortest = 0.01;
  constexpr double kLongest = 3600;
  if (options.every < kShortest || options.every > kLongest)
    throw Error(ErrorCode::invalid_argument, text("cli_schedule.bad_every"));
  const auto pause = std::chrono::milliseconds(static_cast<long>(options.every * 1000));
  Service service(session, pause);
  try {
    service.run();
  } catch (const Cancelled&) {
    // Asked to end; what was begun is tried again by the next tick.
  }
  return 0;
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
