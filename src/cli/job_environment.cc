// SPDX-License-Identifier: Apache-2.0
#include "cli/job_environment.h"

namespace hikae::cli {
namespace {

std::unique_ptr<logs::Sink> make_sinks(const Session& session, const policy::LogRules& rules) {
  const Environment& environment = session.environment;
  std::vector<std::unique_ptr<logs::Sink>> sinks;
  sinks.push_back(
      logs::make_file_sink(log_directory(environment),
                           {rules.max_size, static_cast<std::size_t>(std::max(1, rules.keep))}));
  const std::string socket =
      environment.variable("HIKAE_JOURNAL_SOCKET").value_or(logs::kJournalSocket);
  if (auto journald = logs::make_journald_sink(socket)) sinks.push_back(std::move(journald));
  return std::make_unique<logs::SeveralSinks>(std::move(sinks));
}

}  // namespace

std::string log_directory(const Environment& environment) {
  if (auto given = environment.variable("HIKAE_LOG_DIR")) return *given;
  if (environment.variable("HIKAE_STATE_DIR")) return environment.state_directory + "/log";
  return "/var/log/hikae";
}

JobEnvironment::JobEnvironment(const Session& session, const LoadedPolicy& loaded)
    : sink_(make_sinks(session, loaded.policy.logs)), environment_(session.environment) {
  environment_.log_sink = sink_.get();
  environment_.log_directory = log_directory(session.environment);
  environment_.policy_file = loaded.path;
}

}  // namespace hikae::cli
