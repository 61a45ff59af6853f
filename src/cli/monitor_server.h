// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>

#include "cli/session.h"
#include "concurrency/guarded.h"
#include "concurrency/task_group.h"
#include "health/heartbeat.h"
#include "journal/journal.h"
#include "web/http_server.h"

namespace hikae::cli {

// What the pages tell of. Outlives the server.
struct Monitored {
  Journal& journal;
  const Heartbeat& heartbeat;
  std::chrono::nanoseconds pause;                         // between two rounds of the loop
  Guarded<std::shared_ptr<const LoadedPolicy>> policy{};  // the last one that could be read
};

// Answers /metrics and /healthz on a thread of its own as long as it lives.
class MonitorServer {
 public:
  // `listen`: PORT or ADDRESS:PORT. Throws Error where it cannot be bound.
  MonitorServer(const Session& session, const std::string& listen, Monitored& monitored);

  std::string address() const { return server_.listener().address(); }

 private:
  web::HttpServer server_;
  TaskGroup group_;  // last: it ends before what it serves goes
};

}  // namespace hikae::cli
