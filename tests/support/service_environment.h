// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "policy/policy.h"
#include "service/environment.h"
#include "support/fake_clock.h"
#include "support/temp_dir.h"

namespace hikae::testing {

// Keeps what was said.
class CollectingLog final : public Log {
 public:
  void write(LogLevel, const Text& message) override {
    const std::lock_guard lock(mutex_);
    messages_.push_back(message);
  }
  std::vector<Text> messages() const {
    const std::lock_guard lock(mutex_);
    return messages_;
  }

 private:
  mutable std::mutex mutex_;
  std::vector<Text> messages_;
};

// A machine in a temporary folder, on 2026-11-23 at 03:00 UTC (noon in Tokyo).
struct ServiceMachine {
  TempDir folder;
  FakeClock clock{Instant(std::chrono::seconds(1'795'402'800))};
  CollectingLog log;
  std::map<std::string, std::string> variables;

  Environment environment(const std::string& hostname = "host1") {
    Identity identity;
    identity.hostname = hostname;
    identity.username = "root";
    identity.pid = 4711;
    return {clock,
            log,
            identity,
            folder / "state",
            folder / "cache",
            "/",
            "hikae test",
            [this](const std::string& name) -> std::optional<std::string> {
              const auto found = variables.find(name);
              if (found == variables.end()) return std::nullopt;
              return found->second;
            },
            [](std::int64_t) { return 9 * 3600; }};
  }

  // Each destination is a folder of its name; the password lies in etc/password.
  policy::Policy policy(const std::vector<std::string>& destinations,
                        const std::vector<std::string>& sources = {"work"}) {
    policy::Policy policy;
    policy.name = "company";
    policy.timezone = "Asia/Tokyo";
    for (const std::string& name : sources) {
      policy::Source source;
      source.name = name;
      source.files = {folder / name};
      policy.sources.push_back(source);
    }
    for (const std::string& name : destinations) {
      policy::Destination destination;
      destination.name = name;
      destination.url = folder / name;
      policy.destinations.push_back(destination);
    }
    policy.encryption.password = {policy::SecretReference::Kind::file, folder / "etc/password"};
    return policy;
  }
};

}  // namespace hikae::testing
