// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <functional>
#include <string>

#include "cli/session.h"
#include "concurrency/task_group.h"

namespace hikae::cli {

// Shows `line()` on the terminal several times a second as long as it lives; nothing with --json,
// --quiet or where standard error is no terminal. `line` is called on a thread of its own.
class ProgressLine {
 public:
  ProgressLine(const Session& session, std::function<std::string()> line);
  ~ProgressLine();
  ProgressLine(const ProgressLine&) = delete;
  ProgressLine& operator=(const ProgressLine&) = delete;

 private:
  Console& console_;
  TaskGroup ticker_;
};

// Rate and time left of a work of which `done` of `total` bytes are done since `begin`; "…" where
// nobody can tell yet.
struct Pace {
  std::string rate;  // "12.3 MiB"
  std::string left;  // "1:02"
  std::string percent;
};
Pace pace(std::uint64_t done, std::uint64_t total, std::chrono::steady_clock::duration elapsed);

}  // namespace hikae::cli
