// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdlib>
#include <string>

#include "support/server_process.h"
#include "support/temp_dir.h"
#include "support/test_authority.h"

namespace hikae::testing {

// tests/support/receiver.py: takes webhooks and pings over HTTPS, and keeps each request.
class Receiver {
 public:
  explicit Receiver(const TestAuthority::Certificate& certificate)
      : process_(command(certificate)), port_(process_.read_line()) {}

  std::string url(const std::string& path) const { return "https://localhost:" + port_ + path; }
  int count() const {
    int n = 0;
    while (std::filesystem::exists(folder_ / (std::to_string(n + 1) + ".json"))) ++n;
    return n;
  }
  // One request (from 1), as JSON: method, path, headers, body.
  std::string request(int number) const {
    return read_file(folder_ / (std::to_string(number) + ".json"));
  }
  // "404 no_service"; empty: 200 ok.
  void answer_with(const std::string& answer) const { write_file(folder_ / "answer", answer); }
  void retry_after(const std::string& value) const { write_file(folder_ / "retry-after", value); }

 private:
  std::vector<std::string> command(const TestAuthority::Certificate& certificate) const {
    // NOLINTNEXTLINE(concurrency-mt-unsafe): nobody sets variables meanwhile
    const std::string script = std::string(getenv("HIKAE_SOURCE_DIR")) + "/tests/support/";
    return {"python3",
            script + "receiver.py",
            folder_.path().string(),
            certificate.certificate,
            certificate.key};
  }

  TempDir folder_;
  ServerProcess process_;
  std::string port_;
};

}  // namespace hikae::testing
