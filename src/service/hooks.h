// SPDX-License-Identifier: Apache-2.0
// The administrator's commands around a run, a source or a destination. The order of all of them:
//
//   policy before
//     destination before (each, as the policy orders them)
//       source before, backup of the source, source after | on_error, source finally (each source)
//       read back, completing destinations, forget
//     destination after | on_error, destination finally (each)
//   policy after | on_error, policy finally
//
// A command is run by /bin/sh in a process group of its own, which is killed when `timeout` passes
// or the run is stopped. `before` stops at the first command that fails; it fails what it belongs
// to and nothing else. Exit code 75 of a `before` command leaves that out without a failure: no
// generation is made, so that freshness still tells. `on_error` follows a verdict of partial or
// failed, `after` one of ok or warning. `finally` comes last once `before` was begun, also when the
// run was stopped; its commands then get a minute. What goes wrong in `after`, `on_error` and
// `finally` is a note of the report: the generation is good all the same.
//
// A command gets no variable of this process but the few in kPassedOn, since others may hold
// secrets, and those that tell: HIKAE_HOOK, HIKAE_POLICY_NAME, HIKAE_POLICY (the file, so that
// hikae itself can be called), HIKAE_JOB, HIKAE_RUN, HIKAE_SOURCE, HIKAE_DESTINATION,
// HIKAE_VERDICT, HIKAE_ERROR.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "service/run_parts.h"

namespace hikae {

// What hooks belong to: the policy's own when both names are empty.
struct HookPlace {
  std::string source;
  std::string destination;
};

// The first failure of the run in this place, whatever it was that failed there; what a hook left
// out is none.
std::optional<Error> first_failure(const RunReport& report, const HookPlace& place);

// The hooks of one place in one run. References outlive it. Not thread-safe.
class HookScope {
 public:
  HookScope(RunContext& run, const policy::Hooks& hooks, HookPlace place, StopToken stop);
  // finally, unless end() was called.
  ~HookScope();
  HookScope(const HookScope&) = delete;
  HookScope& operator=(const HookScope&) = delete;

  // Throws Error{hook_failed}, Error{timeout}, Error{skipped}; Cancelled.
  void before();
  // after or on_error, by the verdict; nothing unless before() was called. Throws Cancelled only.
  void finish(Verdict verdict, const std::optional<Error>& failure);
  // finally. Throws nothing; what went wrong is noted in the report.
  void end() noexcept;

 private:
  void run_list(const char* hook, const std::vector<std::string>& commands);
  void run_command(const char* hook, const std::string& command, const StopToken& stop);
  void run_noting(const char* hook, const std::vector<std::string>& commands);
  std::vector<std::string> variables(const char* hook) const;
  std::string path(const char* hook) const;

  RunContext& run_;
  const policy::Hooks& hooks_;
  HookPlace place_;
  StopToken stop_;
  bool begun_ = false;
  bool left_out_ = false;
  std::string verdict_ = "failed";
  std::string error_;
};

// Opens the run's destinations with their before commands around; finish() after everything.
class DestinationHooks {
 public:
  DestinationHooks(RunContext& run, StopToken stop) : run_(run), stop_(std::move(stop)) {}
  // As open_destinations(); one whose before command failed has that as its failure.
  std::vector<OpenDestination> open(OpenRequest request);
  // after or on_error of each destination, then finally.
  void finish();

 private:
  RunContext& run_;
  StopToken stop_;
  struct One {
    std::string destination;
    std::unique_ptr<HookScope> scope;
  };
  std::vector<One> scopes_;
};

}  // namespace hikae
