// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdlib>
#include <sstream>
#include <string>

#include "support/server_process.h"
#include "support/temp_dir.h"
#include "support/test_authority.h"

namespace hikae::testing {

// tests/support/smtp_server.py: a real mail server, which says there how it behaves.
class SmtpServer {
 public:
  static constexpr const char* kUser = "backup";
  static constexpr const char* kPassword = "pw123";

  explicit SmtpServer(const TestAuthority::Certificate& certificate)
      : process_(command(certificate), folder_ / "errors") {
    std::istringstream(process_.read_line()) >> starttls_ >> tls_ >> clear_;
  }

  int starttls_port() const { return starttls_; }
  int tls_port() const { return tls_; }
  int clear_port() const { return clear_; }
  // The number of mails taken so far, and one of them (from 1) as it came over the line.
  int count() const {
    int n = 0;
    while (std::filesystem::exists(folder_ / (std::to_string(n + 1) + ".eml"))) ++n;
    return n;
  }
  std::string mail(int number) const {
    return read_file(folder_ / (std::to_string(number) + ".eml"));
  }
  // One line per EHLO, AUTH and MAIL.
  std::string seen() const { return read_file(folder_ / "seen"); }
  void go_down() const { write_file(folder_ / "down", ""); }
  void come_up() const { std::filesystem::remove(folder_ / "down"); }

 private:
  std::vector<std::string> command(const TestAuthority::Certificate& certificate) const {
    // NOLINTNEXTLINE(concurrency-mt-unsafe): nobody sets variables meanwhile
    const std::string script = std::string(getenv("HIKAE_SOURCE_DIR")) + "/tests/support/";
    // The system's own Python: it has Debian's packages.
    return {"/usr/bin/python3",
            script + "smtp_server.py",
            folder_.path().string(),
            certificate.certificate,
            certificate.key};
  }

  TempDir folder_;
  ServerProcess process_;
  int starttls_ = 0;
  int tls_ = 0;
  int clear_ = 0;
};

}  // namespace hikae::testing
