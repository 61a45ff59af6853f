// SPDX-License-Identifier: Apache-2.0
#include "web/monitor_pages.h"

#include <string_view>

#include "base/error.h"

namespace hikae::web {
namespace {

constexpr const char* kPlain = "text/plain; charset=utf-8";
// The version that Prometheus' text format has had since 2014.
constexpr const char* kPrometheus = "text/plain; version=0.0.4; charset=utf-8";

Fields fields_for(const char* type) {
  return {
      {"Content-Type", type}, {"Cache-Control", "no-store"}, {"X-Content-Type-Options", "nosniff"}};
}

void answer_metrics(Exchange& exchange, const MonitorPages& pages, Log& log) {
  std::string content;
  try {
    content = pages.metrics();
  } catch (const Error& error) {
    log.warning(because(text("web.no_metrics"), error));
    return exchange.answer(503);
  }
  exchange.answer(200, fields_for(kPrometheus), as_bytes(content));
}

}  // namespace

void answer_monitor(Exchange& exchange, const MonitorPages& pages, Log& log) {
  const RequestHead& head = exchange.head();
  const std::string_view path = std::string_view(head.target).substr(0, head.target.find('?'));
  if (path != "/metrics" && path != "/healthz") return exchange.answer(404);
  if (head.method != "GET" && head.method != "HEAD")
    return exchange.answer(405, {{"Allow", "GET, HEAD"}});
  if (path == "/metrics") return answer_metrics(exchange, pages, log);
  const MonitorPages::Health health = pages.health();
  exchange.answer(health.status, fields_for(kPlain), as_bytes(health.words + "\n"));
}

}  // namespace hikae::web
