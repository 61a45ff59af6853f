// SPDX-License-Identifier: Apache-2.0
// Any bytes in the place of a header: refused with a status of the client's fault, or a request
// whose body has one size.
#include <cstdint>
#include <cstdlib>

#include "web/htpasswd.h"
#include "web/request_head.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string block = std::string(reinterpret_cast<const char*>(data), size) + "\r\n\r\n";
  try {
    const auto head = hikae::web::parse_request_head(block);
    if (head.method.empty() || head.target.empty()) std::abort();
    if (!head.has_length && head.body_size != 0) std::abort();
    const auto login = hikae::web::parse_basic_login(head.authorization);
    if (login && login->user.empty()) std::abort();
  } catch (const hikae::web::BadRequest& bad) {
    if (bad.status < 400 || (bad.status > 499 && bad.status != 505)) std::abort();
  }
  return 0;
}
