// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdlib>
#include <string>

#include "support/temp_dir.h"

namespace hikae::testing {

// A file of the source tree.
inline std::string source_file(const std::string& path) {
  const char* root = std::getenv("HIKAE_SOURCE_DIR");
  return std::string(root == nullptr ? "." : root) + "/" + path;
}

inline std::string example_policy() {
  return read_file(source_file("examples/company-policy.yaml"));
}

// The least that a policy needs; more may be appended.
inline std::string small_policy(const std::string& more = "") {
  return "version: 1\n"
         "name: small\n"
         "timezone: Asia/Tokyo\n"
         "sources: {etc: {files: [/etc]}}\n"
         "destinations: {disk: {url: /mnt/backup}}\n"
         "encryption: {password: {file: /etc/hikae/password}}\n" +
         more;
}

}  // namespace hikae::testing
