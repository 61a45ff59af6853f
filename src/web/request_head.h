// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <exception>
#include <optional>
#include <string>
#include <string_view>

#include "crypto/secret.h"

namespace hikae::web {

// The line and the header fields of one HTTP/1.1 request, as far as this server needs them.
struct RequestHead {
  std::string method;
  std::string target;
  std::uint64_t body_size = 0;  // Content-Length
  bool has_length = false;
  bool keep_alive = true;
  bool expects_continue = false;
  std::string accept;
  std::string range;
  std::string user_agent;
  Secret authorization;
};

// What is wrong with a request that cannot be answered otherwise, as an HTTP status.
class BadRequest final : public std::exception {
 public:
  explicit BadRequest(int code) : status(code) {}
  const char* what() const noexcept override { return "bad request"; }

  int status;
};

// `block` ends with the empty line. Pure. Throws BadRequest: 400 malformed, 411 a body without
// Content-Length (a transfer coding is refused, so that no proxy and this server can differ about
// where a request ends), 417 an expectation other than 100-continue, 505 other than HTTP/1.1.
RequestHead parse_request_head(std::string_view block);

// "Not Found"; empty for a number that is none.
std::string_view reason_phrase(int status);

}  // namespace hikae::web
