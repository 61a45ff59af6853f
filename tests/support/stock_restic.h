// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <stdexcept>
#include <string>

#include "support/temp_dir.h"

namespace hikae::testing {

// A fresh repository made by the restic that the system provides, in a temporary folder: what our
// own bytes are compared with.
class StockRestic {
 public:
  static constexpr const char* kPassword = "correct horse 馬";

  static bool installed() {
    // NOLINTNEXTLINE(concurrency-mt-unsafe): tests start it from one thread
    return std::system("restic version >/dev/null 2>&1") == 0;
  }

  StockRestic() { run("init"); }

  // What `restic <arguments>` prints; throws if it fails. The arguments pass through the shell.
  std::string run(const std::string& arguments) const {
    const std::string command = "RESTIC_PASSWORD='" + std::string(kPassword) + "' restic -r '" +
                                repository().string() + "' --no-cache " + arguments;
    FILE* pipe = popen(command.c_str(), "re");
    if (pipe == nullptr) throw std::runtime_error("popen failed");
    std::string output;
    std::array<char, 4096> buffer{};
    for (std::size_t n; (n = fread(buffer.data(), 1, buffer.size(), pipe)) > 0;) {
      output.append(buffer.data(), n);
    }
    if (pclose(pipe) != 0) throw std::runtime_error("failed: restic " + arguments);
    return output;
  }

  std::filesystem::path repository() const { return folder_.path() / "repository"; }
  // A folder for what is to be backed up.
  std::filesystem::path source() const { return folder_.path() / "source"; }

 private:
  TempDir folder_;
};

}  // namespace hikae::testing
