// SPDX-License-Identifier: Apache-2.0
#include "cli/monitor_server.h"

#include "service/metrics.h"
#include "web/monitor_pages.h"

namespace hikae::cli {
namespace {

// Monitoring asks every few seconds and little; no peer may take what the backups need.
web::HttpLimits small_limits() {
  web::HttpLimits limits;
  limits.connections = 32;
  limits.workers = 2;
  limits.grace = std::chrono::seconds(2);
  limits.patience.head = std::chrono::seconds(5);
  limits.patience.idle = std::chrono::seconds(75);
  limits.patience.stall = std::chrono::seconds(10);
  return limits;
}

std::string metrics_page(const Session& session, Monitored& monitored) {
  const auto loaded = *monitored.policy.lock();
  const policy::Policy& policy = loaded->policy;
  return encode_metrics(
      collect_metrics(policy, session.environment, monitored.journal, {}),
      policy.metrics.restic_names ? MetricNames::own_and_restic : MetricNames::own);
}

web::MonitorPages::Health health_page(const Session& session, Monitored& monitored) {
  const auto loaded = *monitored.policy.lock();
  const Health health = judge(monitored.heartbeat.state(), loaded->policy, monitored.pause);
  return {health.state == Health::State::alive ? 200 : 503,
          render(health.words, session.console.language())};
}

web::HttpSite site_of(const Session& session, const std::string& listen, Monitored& monitored) {
  web::HttpSite site;
  site.listen = listen.find(':') == std::string::npos ? "127.0.0.1:" + listen : listen;
  site.limits = small_limits();
  web::MonitorPages pages;
  pages.metrics = [&session, &monitored] { return metrics_page(session, monitored); };
  pages.health = [&session, &monitored] { return health_page(session, monitored); };
  site.handle = [pages, &session](web::Exchange& exchange, const StopToken&) {
    web::answer_monitor(exchange, pages, session.console);
  };
  return site;
}

}  // namespace

MonitorServer::MonitorServer(const Session& session,
                             const std::string& listen,
                             Monitored& monitored)
    : server_(site_of(session, listen, monitored), session.environment.clock, session.console),
      group_(session.stop) {
  group_.spawn("monitor", [this](const StopToken& stop) { server_.run(stop); });
}

}  // namespace hikae::cli
