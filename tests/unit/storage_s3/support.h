// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>

#include "base/error.h"
#include "storage/s3.h"
#include "support/fake_clock.h"
#include "support/rgw.h"

namespace hikae::testing {

inline FileHandle numbered(FileType type, unsigned number) {
  const std::string digits = std::to_string(number);
  return {type, std::string(64 - digits.size(), 'a') + digits};
}

inline Bytes varied(std::size_t size) {
  Bytes bytes(size);
  std::uint32_t state = 1;
  for (std::uint8_t& byte : bytes) {
    state = state * 1664525U + 1013904223U;
    byte = static_cast<std::uint8_t>(state >> 24U);
  }
  return bytes;
}

template <typename Call>
Error error_of(Call call) {
  try {
    call();
  } catch (const Error& error) {
    return error;
  }
  ADD_FAILURE() << "no error";
  return {ErrorCode::lock_lost, text("storage.injected")};
}

inline std::string words(const Error& error) {
  return render(error, Language::en) +
         (error.hint() ? " " + render(*error.hint(), Language::en) : "");
}

}  // namespace hikae::testing
