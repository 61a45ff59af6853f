// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "support/rgw.h"

namespace hikae::testing {

// tests/support/fault_proxy.py before a gateway: https://localhost with the gateway's certificate.
class FaultProxy {
 public:
  explicit FaultProxy(const RadosGateway& gateway)
      : gateway_(gateway), process_(command(gateway)), port_(process_.read_line()) {}

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
  static std::vector<std::string> command(const RadosGateway& gateway) {
    // NOLINTNEXTLINE(concurrency-mt-unsafe): nobody sets variables meanwhile
    const std::string script = std::string(getenv("HIKAE_SOURCE_DIR")) + "/tests/support/";
    return {"python3",
            script + "fault_proxy.py",
            gateway.certificate().certificate,
            gateway.certificate().key,
            gateway.http_port()};
  }
  std::string ask(const std::string& method,
                  const std::string& body,
                  const std::string& path = "/__faults") const {
    net::HttpOptions options;
    options.ca_file = gateway_.authority_file();
    net::HttpRequest request;
    request.method = method;
    request.url = endpoint() + path;
    request.body = {as_bytes(body)};
    return std::string(as_text(net::HttpClient(options).send(request, {}).body));
  }

  const RadosGateway& gateway_;
  ServerProcess process_;
  std::string port_;
};

}  // namespace hikae::testing
