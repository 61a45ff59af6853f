// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

namespace hikae::os {

struct ProcessRequest {
  std::vector<std::string> argv;  // argv[0] is looked up in PATH; no shell is involved
  std::optional<std::vector<std::string>> environment;  // "NAME=value"; absent: this process's own
  std::string input;                                    // given to its standard input
  std::optional<std::chrono::milliseconds> timeout;
  std::size_t output_limit = std::size_t{16} << 20U;  // bytes of output and of errors each
  std::string working_directory;                      // empty: this process's
  int descriptor = -1;  // not -1: the program gets a copy of it as descriptor 3
  enum class Overflow { kill, drop } overflow = Overflow::kill;  // what is beyond the limit
};

struct ProcessResult {
  int exit_code = 0;  // 128 + signal number when a signal ended it
  std::string output;
  std::string errors;
};

// Runs a program to its end. It inherits no descriptor but the three standard ones, no blocked or
// ignored signal, and has a process group of its own, which is killed when the timeout passes
// (Error{timeout}), when it writes more than output_limit (Error{io}; with Overflow::drop the rest
// is lost instead) or when `stop` is requested (Cancelled). Throws Error when the program cannot be
// started; any exit code is a result. Messages name argv[0] only, since arguments may hold secrets.
ProcessResult run_process(const ProcessRequest& request, const std::stop_token& stop = {});

// Changes with each boot; empty where the kernel does not tell.
std::string boot_id();
// "pid:[4026531836]": process ids mean something only within one such namespace. Empty where the
// kernel does not tell.
std::string pid_namespace();
// False for a process that is gone or has ended (a zombie), in this namespace.
bool process_exists(pid_t pid);
// When a process began, as "time:[4026531834] 8123456": ticks since the boot, which are told apart
// by time namespace (time_namespaces(7)). Empty for one that is gone, and where the kernel does not
// tell.
std::string process_start(pid_t pid);
// Whether the process of that number is still the one whose process_start() was `started`: numbers
// are given anew, on some machines within minutes. In doubt, and for an empty `started`, it is if
// there is one.
bool is_same_process(pid_t pid, const std::string& started);

// The most memory that this process has had resident (VmHWM of proc(5), in bytes) since it began or
// was asked to begin anew. nullopt where the kernel does not tell; where it cannot begin anew, the
// figure is that of the whole life.
std::optional<std::uint64_t> peak_memory();
void reset_peak_memory() noexcept;

}  // namespace hikae::os
