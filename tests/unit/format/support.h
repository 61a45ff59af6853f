// SPDX-License-Identifier: Apache-2.0
// What the tests of format share.
#pragma once

#include <cstdlib>
#include <functional>
#include <string>
#include <string_view>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "base/id.h"
#include "support/temp_dir.h"

namespace hikae::format::testing {

using hikae::testing::read_file;

inline std::string testdata(const std::string& name) {
  // NOLINTNEXTLINE(concurrency-mt-unsafe): tests run in one thread
  const char* root = std::getenv("HIKAE_SOURCE_DIR");
  const std::string folder = root != nullptr ? std::string(root) + "/tests/unit/format/testdata/"
                                             : std::string("tests/unit/format/testdata/");
  const std::string content = read_file(folder + name);
  EXPECT_FALSE(content.empty()) << "no test data: " << name;
  return content;
}

// 32 bytes of the same value.
template <typename Id>
Id id_of(std::uint8_t byte) {
  Id id;
  id.bytes.fill(byte);
  return id;
}

// The 64 digits of id_of(byte) for a byte whose two digits are given.
inline std::string digits_of(const std::string& two) {
  std::string digits;
  for (int i = 0; i < 32; ++i) digits += two;
  return digits;
}

// The Error that `work` throws; fails the test when it throws none.
inline Error error_of(const std::function<void()>& work) {
  try {
    work();
  } catch (const Error& error) {
    return error;
  }
  ADD_FAILURE() << "no error was thrown";
  return Error(ErrorCode::io, text("none"));
}

// The field that an Error{corrupt} of a decoder names.
inline std::string bad_field(const std::function<void()>& decode) {
  const Error error = error_of(decode);
  EXPECT_EQ(error.code(), ErrorCode::corrupt) << error.what();
  EXPECT_EQ(error.message().key, "format.field") << error.what();
  return error.message().arguments.empty() ? "" : error.message().arguments.front().second;
}

inline std::string replaced(std::string in, std::string_view from, std::string_view to) {
  const std::size_t at = in.find(from);
  EXPECT_NE(at, std::string::npos) << "not found: " << from;
  if (at != std::string::npos) in.replace(at, from.size(), to);
  return in;
}

}  // namespace hikae::format::testing
