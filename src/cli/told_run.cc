// SPDX-License-Identifier: Apache-2.0
#include "cli/told_run.h"

#include "service/last_policy.h"
#include "service/low_space.h"
#include "service/validate_logs.h"

namespace hikae::cli {

LoadedPolicy load_policy_or_tell(const Session& session) {
  try {
    LoadedPolicy loaded = load_policy(session);
    keep_last_policy(loaded.path, loaded.text, session.environment);
    return loaded;
  } catch (const Error& error) {
    tell_unreadable_policy(session.options.policy_file, error, session.environment, session.stop);
    throw;
  }
}

ToldRun::ToldRun(const Session& session, const policy::Policy& policy, Journal& journal)
    : session_(session),
      slot_{"backup", "manual", session.environment.clock.now()},
      announcer_(policy, session.environment, journal, session.stop) {}

std::shared_ptr<const RunReport> ToldRun::run(const std::function<RunReport()>& work) {
  announcer_.slot_begins(slot_, slot_.scheduled);
  try {
    return std::make_shared<const RunReport>(work());
  } catch (const Error& error) {
    if (error.code() != ErrorCode::locked && error.code() != ErrorCode::invalid_argument)
      tell_failure(error);
    throw;
  }
}

void ToldRun::tell(const std::shared_ptr<const RunReport>& report) {
  const SlotEvent event = manual_event(slot_, report);
  announcer_.deliver(event);
  if (const auto low_space = low_space_event(event)) announcer_.deliver(*low_space);
  const std::vector<Text> anomalies = anomalies_of(*report);
  if (!anomalies.empty()) {
    SlotEvent frozen = event;
    frozen.kind = EventKind::deletion_frozen;
    frozen.report.reset();
    frozen.notes = anomalies;
    frozen.next_step = text("service_logs.frozen_hint");
    announcer_.deliver(frozen);
  }
  announcer_.tick(session_.environment.clock.now());
}

void ToldRun::tell_failure(const Error& error) {
  RunReport report;
  report.started = slot_.scheduled;
  report.finished = session_.environment.clock.now();
  report.failure = error;
  tell(std::make_shared<const RunReport>(std::move(report)));
}

}  // namespace hikae::cli
