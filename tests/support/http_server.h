// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdlib>
#include <optional>
#include <string>

#include "net/http.h"
#include "support/server_process.h"
#include "support/test_authority.h"

namespace hikae::testing {

// tests/support/http_server.py, which says how its paths behave. With a certificate: https.
class HttpServer {
 public:
  explicit HttpServer(const std::optional<TestAuthority::Certificate>& certificate = std::nullopt)
      : scheme_(certificate ? "https" : "http"), process_(command(certificate)) {
    port_ = process_.read_line();
  }

  std::string url(const std::string& path, const std::string& host = "127.0.0.1") const {
    return scheme_ + "://" + host + ":" + port_ + path;
  }
  const std::string& port() const { return port_; }

  // Accepted so far, this question's own left out.
  int connections() const {
    net::HttpClient client{net::HttpOptions{}};
    net::HttpRequest request;
    request.url = url("/connections");
    return std::stoi(std::string(as_text(client.send(request, {}).body))) - ++asked_;
  }

 private:
  static std::vector<std::string> command(
      const std::optional<TestAuthority::Certificate>& certificate) {
    // NOLINTNEXTLINE(concurrency-mt-unsafe): nobody sets variables meanwhile
    const std::string script = std::string(getenv("HIKAE_SOURCE_DIR")) + "/tests/support/";
    std::vector<std::string> argv = {"python3", script + "http_server.py"};
    if (certificate) argv.insert(argv.end(), {certificate->certificate, certificate->key});
    return argv;
  }

  std::string scheme_;
  ServerProcess process_;
  std::string port_;
  mutable int asked_ = 0;
};

}  // namespace hikae::testing
