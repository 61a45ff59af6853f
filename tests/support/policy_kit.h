// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "journal/journal.h"
#include "policy/load.h"
#include "service/init.h"
#include "service/run.h"
#include "support/fake_clock.h"
#include "support/temp_dir.h"

namespace hikae::testing {

// A policy with real folders: source files/, destinations nas/ and second/, password and state
// beside them. The clock stands at 2026-11-23 02:00 in Tokyo until it is moved.
class PolicyKit {
 public:
  PolicyKit() : clock_(Instant(std::chrono::seconds(1'795'366'800))) {
    write_file(folder_ / "files/a", "first");
    write_file(folder_ / "files/sub/b", "second");
  }

  std::string text(const std::string& retention = "{daily: 3, weekly: 4}") const {
    const std::string base = folder_.path().string();
    return "version: 1\nname: kit\ntimezone: Asia/Tokyo\nsources:\n  files:\n    files: [" + base +
           "/files]\ndestinations:\n  nas: {url: " + base + "/nas, min_free: " + min_free_ +
           "}\n  second: {url: " + base +
           "/second, min_free: 0}\nencryption:\n  password: {file: " + base +
           "/password}\nschedule: {backup: daily 02:00}\nretention: " + retention + "\n" + more_;
  }
  // Appended to the policy as it is.
  void append(const std::string& yaml) { more_ += yaml; }

  policy::Policy policy() const { return policy::parse_policy(text(retention_), "kit.yaml"); }
  void set_retention(const std::string& retention) { retention_ = retention; }

  // Of nas. The machine's disk may be as full as it likes, unless a test is about that.
  void set_min_free(const std::string& share) { min_free_ = share; }

  Environment environment() {
    Identity identity;
    identity.hostname = "kit-host";
    identity.username = "kit";
    identity.pid = 1;
    Environment environment{clock_,
                            log_,
                            identity,
                            folder_ / "state",
                            folder_ / "cache",
                            folder_.path().string(),
                            "hikae test",
                            [](const std::string&) { return std::optional<std::string>(); },
                            [](std::int64_t) { return 9 * 3600; }};
    environment.known_keys = &known_keys_;
    return environment;
  }

  void init() { init_policy(policy(), environment(), StopToken()); }

  RunReport run(const RunOptions& given = {}, const RunObserver& observer = {}) {
    const Environment environment = this->environment();
    const auto journal = Journal::open(environment.state_directory, clock_, log_);
    RunOptions options = given;
    options.policy_text = text(retention_);
    options.lock_options.settle = std::chrono::milliseconds(1);
    const policy::Policy policy = this->policy();
    return run_policy(policy, options, environment, *journal, observer, StopToken());
  }

  std::unique_ptr<Journal> journal() { return Journal::open(folder_ / "state", clock_, log_); }

  std::size_t snapshots(const std::string& destination) const {
    std::size_t count = 0;
    const std::string path = folder_ / (destination + "/snapshots");
    for ([[maybe_unused]] const auto& file : std::filesystem::directory_iterator(path)) ++count;
    return count;
  }

  void next_day() { clock_.advance(std::chrono::hours(24)); }
  FakeClock& clock() { return clock_; }
  KnownKeys& known_keys() { return known_keys_; }
  std::string operator/(const std::string& name) const { return folder_ / name; }

 private:
  TempDir folder_;
  FakeClock clock_;
  NullLog log_;
  KnownKeys known_keys_;
  std::string more_;
  std::string min_free_ = "0";
  std::string retention_ = "{daily: 3, weekly: 4}";
};

}  // namespace hikae::testing
