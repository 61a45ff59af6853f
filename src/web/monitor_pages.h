// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>

#include "base/log.h"
#include "web/exchange.h"

namespace hikae::web {

// What a monitoring system asks for. Called by several threads at once.
struct MonitorPages {
  std::function<std::string()> metrics;  // Prometheus' text format; may throw Error
  struct Health {
    int status = 200;
    std::string words;  // for people, one line
  };
  std::function<Health()> health;
};

// Answers GET and HEAD of /metrics and /healthz. Metrics that cannot be had are 503, said to `log`
// alone: what went wrong is nobody's business who may only read figures. Throws what makes an
// answer impossible: see Exchange.
void answer_monitor(Exchange& exchange, const MonitorPages& pages, Log& log);

}  // namespace hikae::web
