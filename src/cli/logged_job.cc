// SPDX-License-Identifier: Apache-2.0
#include "cli/logged_job.h"

#include "cli/job_environment.h"
#include "service/maintain.h"
#include "service/metrics.h"
#include "service/run_log.h"

namespace hikae::cli {
namespace {

std::optional<LoadedPolicy> policy_of(const Session& session) {
  if (!session.options.repository.empty()) return std::nullopt;
  try {
    return load_policy(session);
  } catch (const Error&) {  // the work itself needs it, and will say what is wrong
    return std::nullopt;
  }
}

// One recorded run. The references outlive it.
class Record {
 public:
  Record(const Session& session, const LoadedPolicy& loaded, const std::string& job)
      : policy_(loaded.policy),
        environment_(session, loaded),
        journal_(Journal::open_lenient(session.environment.state_directory,
                                       session.environment.clock,
                                       session.environment.log)),
        lock_(SlotLock::try_acquire(session.environment.state_directory, loaded.policy.name, job)),
        log_(environment_.environment(), loaded.policy),
        started_(session.environment.clock.now()),
        job_{"", {job, "manual", started_}, log_.environment()} {
    job_.run = journal_->begin_run(policy_.name, job_.slot, started_);
    log_.begin(job_.run, job_.slot);
  }

  const RecordedJob& job() const { return job_; }

  void finish(const JobOutcome& outcome) {
    for (const ForgottenSnapshot& gone : outcome.removed) log_removal(log_, gone);
    const Instant now = environment_.environment().clock.now();
    keep_removals(policy_.name, *journal_, outcome.removed, now);
    keep_figures(policy_.name, *journal_, observed_figures(outcome.results), now);
    for (const DestinationResult& one : outcome.results)
      log_.record_result(one.destination, one.verdict, one.summary, one.failure);
    end(worst_of(outcome.results), std::nullopt, problems_of(outcome.results, policy_.language));
  }
  void fail(const Error& error) { end(Verdict::failed, error, render(error, policy_.language)); }
  void stop() { log_.stop(); }

 private:
  void end(Verdict verdict, const std::optional<Error>& failure, const std::string& message) {
    const Instant now = environment_.environment().clock.now();
    journal_->finish_run(job_.run, now, verdict, message);
    write_metrics(policy_, environment_.environment(), *journal_, {});
    log_.finish(verdict, failure, now - started_);
  }

  const policy::Policy& policy_;
  JobEnvironment environment_;
  std::unique_ptr<Journal> journal_;
  // Who validates the log meanwhile sees by it that the run is at work. Not needed to go on.
  std::unique_ptr<SlotLock> lock_;
  RunLog log_;
  const Instant started_;
  RecordedJob job_;
};

}  // namespace

int record_job(const Session& session,
               const std::string& job,
               const std::function<JobOutcome(const RecordedJob&)>& work) {
  const auto loaded = policy_of(session);
  if (!loaded) return work({"", {}, session.environment}).exit_code;
  // A mistyped name is no failed job.
  if (!session.options.destination.empty()) meant_destination(session, loaded->policy);
  Record record(session, *loaded, job);
  try {
    const JobOutcome outcome = work(record.job());
    record.finish(outcome);
    return outcome.exit_code;
  } catch (const Error& error) {
    record.fail(error);
    throw;
  } catch (const Cancelled&) {
    record.stop();
    throw;
  }
}

std::string named_destination(const Session& session) {
  if (!session.options.destination.empty()) return session.options.destination;
  const auto loaded = policy_of(session);
  if (!loaded || loaded->policy.destinations.size() != 1) return {};
  return loaded->policy.destinations.front().name;
}

}  // namespace hikae::cli
