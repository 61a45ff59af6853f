// SPDX-License-Identifier: Apache-2.0
#include "cli/session.h"
#include "service/metrics.h"

namespace hikae::cli {
namespace {

int metrics(const Session& session) {
  const LoadedPolicy loaded = load_policy(session);
  const Environment& environment = session.environment;
  const auto journal =
      Journal::open_lenient(environment.state_directory, environment.clock, environment.log);
  const MetricNames names =
      loaded.policy.metrics.restic_names ? MetricNames::own_and_restic : MetricNames::own;
  session.console.print(
      encode_metrics(collect_metrics(loaded.policy, environment, *journal, {}), names));
  return 0;
}

}  // namespace

void add_metrics(Command& root, const Session& session) {
  root.add_command(
      "metrics", text("cli_watch.help_metrics"), [&session] { return metrics(session); });
}

}  // namespace hikae::cli
