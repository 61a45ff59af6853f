// SPDX-License-Identifier: Apache-2.0
#include "crypto/openssl.h"

#include <array>
#include <string>

#include <openssl/err.h>

#include "base/error.h"

namespace hikae::openssl {

void fail(std::string_view function) {
  std::array<char, 256> reason{};
  const unsigned long code = ERR_get_error();
  if (code != 0) ERR_error_string_n(code, reason.data(), reason.size());
  ERR_clear_error();
  throw Error(ErrorCode::io,
              text("crypto.library_failed",
                   {{"function", std::string(function)},
                    {"reason", code != 0 ? std::string(reason.data()) : std::string("-")}}));
}

}  // namespace hikae::openssl
