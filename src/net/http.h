// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/clock.h"
#include "concurrency/stop.h"

namespace hikae::net {

using HttpHeaders = std::vector<std::pair<std::string, std::string>>;

// One exchange. The views must live until send() returns.
struct HttpRequest {
  std::string method = "GET";
  std::string url;             // http:// or https://, already percent-encoded; sent as it is
  HttpHeaders headers;         // sent as given; Host and Content-Length come from here
  std::vector<ByteView> body;  // sent one after another with their exact length
  MutableByteView into;        // if not empty: where the body of a 2xx answer goes
  std::size_t answer_limit = std::size_t{16} << 20U;  // bytes of a body that is kept in memory
  // Where the line is to be shared: told how many bytes of the body there are to send or to take
  // now, waits, and returns how many of them go (at least one). What it throws, send() throws.
  // Called on the thread that called send().
  using NextPart = std::function<std::size_t(std::size_t most)>;
  NextPart next_sent;
  NextPart next_received;
  // If not zero: the whole exchange ends with Error{timeout} after this long, moving or not.
  std::chrono::milliseconds time_limit{0};
};

// What the connection was protected with.
struct TlsFacts {
  std::string version;  // "TLSv1.3"
  std::string cipher;   // as IANA names it: "TLS_AES_256_GCM_SHA384"
};

struct HttpResponse {
  int status = 0;
  HttpHeaders headers;          // names in lower case
  Bytes body;                   // empty where the request's `into` took it
  std::size_t body_size = 0;    // bytes of the body, wherever they are; may be less than `into`
  std::optional<TlsFacts> tls;  // absent for http://
};
// The first header of that name (lower case); nullopt if none.
std::optional<std::string_view> header(const HttpResponse& response, std::string_view name);

enum class TlsCiphers { aes_256_only, any };

struct HttpOptions {
  std::size_t connections = 8;  // open at most; a call beyond them waits for one that ends
  TlsCiphers ciphers = TlsCiphers::aes_256_only;
  std::string ca_file;      // PEM, instead of the system's authorities; empty: those
  std::string unix_socket;  // if not empty: where every request goes, whatever its host
  std::chrono::milliseconds connect_timeout{15000};
  // An exchange ends with Error{timeout} when no byte moved in either direction for this long.
  std::chrono::milliseconds stall_timeout{60000};
  std::string user_agent = "hikae";
  std::shared_ptr<const Clock> clock = std::make_shared<SystemClock>();  // for the stall only
};

// HTTP/1.1 over libcurl, with connections that are kept for the next exchange. Thread-safe: each
// call takes a free connection. At least TLS 1.2; certificates and host names are always verified;
// redirects are not followed; no proxy, authority or credentials are taken from the environment or
// ~/.netrc. A kept connection that the server closed meanwhile is replaced without an error,
// unless part of a body has gone out over it: then the server may have carried the request out.
class HttpClient {
 public:
  explicit HttpClient(HttpOptions options);
  ~HttpClient();
  HttpClient(const HttpClient&) = delete;
  HttpClient& operator=(const HttpClient&) = delete;

  // Any status is a result. Throws Cancelled when `stop` is requested, and Error:
  //   timeout, io       no connection, or one that broke, also within the answer: after_backoff
  //   permission        a certificate that is not trusted or belongs to another host
  //   unsupported       no common TLS version or cipher
  //   corrupt           a body larger than `into` or answer_limit
  //   invalid_argument  a URL, header or CA file that cannot be used
  HttpResponse send(const HttpRequest& request, const StopToken& stop);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace hikae::net
