// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <utility>

#include "support/rgw.h"

namespace hikae::testing {

// tests/support/fault_proxy.py before a server that speaks http on a port of 127.0.0.1:
// https://localhost with that certificate.
class FaultProxy {
 public:
  FaultProxy(const TestAuthority::Certificate& certificate,
             std::string authority_file,
             const std::string& port)
      : authority_file_(std::move(authority_file)),
        process_(command(certificate, port)),
        port_(process_.read_line()) {}
  explicit FaultProxy(const RadosGateway& gateway)
      : FaultProxy(gateway.certificate(), gateway.authority_file(), gateway.http_port()) {}

  std::string endpoint() const { return "https://localhost:" + port_; }
  Location location(const std::string& path) const {
    return parse_location("s3:" + endpoint() + "/" + path, "/");
  }
  // "503 4\nreset 1\n", see the script.
  void plan(const std::string& faults) const { ask("PUT", faults); }
  // How many planned faults have not happened yet.
  int left() const { return std::stoi(ask("GET", "")); }
  // The most bytes that came within one second, since it was asked last.
  std::uint64_t peak() const { return std::stoull(ask("GET", "", "/__peak")); }
  // "key/20261126/region/s3/aws4_request" of the last request.
  std::string scope() const {
    const std::string answer = ask("GET", "");
    return answer.substr(answer.rfind(' ') + 1);
  }

 private:
  static std::vector<std::string> command(const TestAuthority::Certificate& certificate,
                                          const std::string& port) {
    // NOLINTNEXTLINE(concurrency-mt-unsafe): nobody sets variables meanwhile
    const std::string script = std::string(getenv("HIKAE_SOURCE_DIR")) + "/tests/support/";
    return {"python3", script + "fault_proxy.py", certificate.certificate, certificate.key, port};
  }
  std::string ask(const std::string& method,
                  const std::string& body,
                  const std::string& path = "/__faults") const {
    net::HttpOptions options;
    options.ca_file = authority_file_;
    net::HttpRequest request;
    request.method = method;
    request.url = endpoint() + path;
    request.body = {as_bytes(body)};
    return std::string(as_text(net::HttpClient(options).send(request, {}).body));
  }

  const std::string authority_file_;
  ServerProcess process_;
  std::string port_;
};

}  // namespace hikae::testing
