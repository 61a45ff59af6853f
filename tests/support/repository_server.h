// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/log.h"
#include "concurrency/guarded.h"
#include "concurrency/task_group.h"
#include "support/htpasswd.h"
#include "support/temp_dir.h"
#include "web/repository_server.h"

namespace hikae::testing {

// Our repository server in this process, on a free port, for a folder of its own.
class RunningRepositoryServer {
 public:
  using Adjust = std::function<void(web::ServerOptions&)>;

  explicit RunningRepositoryServer(const Adjust& adjust = {}) {
    web::ServerOptions options;
    options.path = folder_.path().string();
    options.listen = "127.0.0.1:0";
    options.limits.workers = 8;
    if (adjust) adjust(options);
    scheme_ = options.tls ? "https" : "http";
    server_ = std::make_unique<web::RepositoryServer>(
        options,
        clock_,
        log_,
        [this](std::string_view line) { lines_.lock()->emplace_back(line); },
        StopToken());
    group_.spawn("server", [this](const StopToken& stop) { server_->run(stop); });
  }
  ~RunningRepositoryServer() { stop(); }
  RunningRepositoryServer(const RunningRepositoryServer&) = delete;
  RunningRepositoryServer& operator=(const RunningRepositoryServer&) = delete;

  // Makes a file of users outside of the served folder; its path.
  static std::string write_users(const TempDir& dir,
                                 const std::map<std::string, std::string>& passwords) {
    std::string content = "# users of a test\n";
    for (const auto& [user, password] : passwords)
      content += user + ":" + password_hash(password) + "\n";
    write_file(dir / "htpasswd", content);
    return dir / "htpasswd";
  }

  const TempDir& folder() const { return folder_; }
  int port() const {
    return std::stoi(server_->address().substr(server_->address().rfind(':') + 1));
  }
  // "http://alice:secret@127.0.0.1:8000/"; `login` is "" or "alice:secret@".
  std::string url(const std::string& login = "") const {
    return scheme_ + "://" + login + server_->address() + "/";
  }
  std::vector<std::string> access_lines() { return *lines_.lock(); }
  std::vector<std::string> warnings() { return *log_.texts.lock(); }
  // Waits until it has ended.
  void stop() {
    if (stopped_) return;
    stopped_ = true;
    group_.request_stop();
    try {
      group_.join();
    } catch (const Cancelled&) {  // the group was asked to stop
    }
  }

 private:
  struct KeepingLog final : Log {
    Guarded<std::vector<std::string>> texts;
    void write(LogLevel level, const Text& message) override {
      if (level >= LogLevel::warning) texts.lock()->push_back(render(message, Language::en));
    }
  };

  TempDir folder_;
  SystemClock clock_;
  KeepingLog log_;
  Guarded<std::vector<std::string>> lines_;
  std::string scheme_;
  std::unique_ptr<web::RepositoryServer> server_;
  TaskGroup group_{StopToken()};
  bool stopped_ = false;
};

}  // namespace hikae::testing
