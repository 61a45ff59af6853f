// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "concurrency/stop.h"

namespace hikae::net {

using HttpHeaders = std::vector<std::pair<std::string, std::string>>;

// One exchange. The views must live until send() returns.
struct HttpRequest {
  std::string method = "GET";
  std::string url;             // http:// or https://, already percent-encoded
  HttpHeaders headers;         // sent as given, besides Host and Content-Length
  std::vector<ByteView> body;  // sent one after another with their exact length
  MutableByteView into;        // if not empty: where the body of a 2xx answer goes
  std::size_t answer_limit = std::size_t{16} << 20U;  // bytes of a body that is kept in memory
};

// What the connection was protected with.
struct TlsFacts {
  std::string version;  // "TLSv1.3"
  std::string cipher;   // "TLS_AES_256_GCM_SHA384"
};

struct HttpResponse {
  int status = 0;
  HttpHeaders headers;          // names in lower case
  Bytes body;                   // empty where the request's `into` took it
  std::size_t body_size = 0;    // bytes of the body, wherever they are
  std::optional<TlsFacts> tls;  // absent for http://
};
// The first header of that name (lower case); nullopt if none.
std::optional<std::string_view> header(const HttpResponse& response, std::string_view name);

enum class TlsCiphers { aes_256_only, any };

struct HttpOptions {
  std::size_t connections = 8;  // kept open at most
  TlsCiphers ciphers = TlsCiphers::aes_256_only;
  std::string ca_file;      // PEM, in addition to nothing else; empty: the system's store
  std::string unix_socket;  // if not empty: where every request goes, whatever its host
  std::chrono::milliseconds connect_timeout{15000};
  // The exchange ends with Error{timeout} when no byte moved in either direction for this long.
  std::chrono::milliseconds stall_timeout{60000};
  std::string user_agent = "hikae";
};

// HTTP/1.1 over libcurl, with connections that are kept for the next exchange. Thread-safe: each
// call takes a free connection. Certificates and host names are always verified; redirects are not
// followed; no proxy or credentials are taken from the environment or ~/.netrc.
class HttpClient {
 public:
  explicit HttpClient(HttpOptions options);
  ~HttpClient();
  HttpClient(const HttpClient&) = delete;
  HttpClient& operator=(const HttpClient&) = delete;

  // Any status is a result. Throws Error (timeout, io, permission for a certificate that is not
  // trusted, corrupt for a body that ended early or does not fit `into`), with
  // Retry::after_backoff where the same may succeed later, and Cancelled when `stop` is requested.
  HttpResponse send(const HttpRequest& request, const StopToken& stop);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace hikae::net
