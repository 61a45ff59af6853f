// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <string>
#include <thread>

#include <gtest/gtest.h>

#include "base/error.h"
#include "storage/sftp.h"
#include "support/sshd.h"

namespace hikae {

// The backend alone, without retries.
inline SftpOptions options_for(const hikae::testing::Sshd& sshd, const std::string& path) {
  SftpOptions options;
  options.target.host = "nas";
  options.target.config_file = sshd.config_file();
  options.path = path;
  options.location = "sftp:nas:" + path;
  return options;
}

inline FileHandle pack(unsigned number) {
  const std::string digits = std::to_string(number);
  return {FileType::pack, std::string(64 - digits.size(), 'a') + digits};
}

template <typename Function>
Error error_of(Function call) {
  try {
    call();
  } catch (const Error& error) {
    return error;
  }
  ADD_FAILURE() << "no error";
  return {ErrorCode::invalid_argument, text("storage.injected")};
}

// Polls, since what is waited for happens in other processes. False after 20 seconds.
template <typename Condition>
bool wait_until(Condition condition) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (!condition()) {
    if (std::chrono::steady_clock::now() >= deadline) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return true;
}

}  // namespace hikae
