// SPDX-License-Identifier: Apache-2.0
// Does this machine fit the policy? Looked at before the first run and on demand. Nothing of the
// sources and nothing in a repository is changed: only a lock is taken and released, which proves
// that a destination can be written to.
#pragma once

#include <string>
#include <vector>

#include "policy/policy.h"
#include "service/environment.h"
#include "storage/backend.h"
#include "survey/finding.h"
#include "survey/machine.h"

namespace hikae {

struct DoctorRequest {
  std::string policy_path;
  // Where the machine's own files are looked for (crontabs, units, databases, homes); empty: here.
  // Sources and destinations are always those of the policy.
  std::string root;
  // Whether each channel gets a test message.
  enum class Messages { none, test } messages = Messages::none;
};

// All that was looked at, good and bad, in the order of the areas: policy, source, destination,
// space, clock, schedule, notify, folders, program, coverage, legacy_job. A probe that fails is a
// finding; throws only Cancelled.
std::vector<survey::Finding> examine(const policy::Policy& policy,
                                     const DoctorRequest& request,
                                     const Environment& environment,
                                     const StopToken& stop);

// The parts. Each probe is beside the pure function that judges what it found.

struct FileFacts {
  std::string path;
  bool exists = false;
  unsigned mode = 0;  // permission bits
  unsigned owner = 0;
};
// A file that holds secrets, or names commands that root runs: 0600 and of `expected_owner`, or of
// root.
enum class FileUse { policy, secret };
survey::Finding judge_file(const FileFacts& facts, FileUse use, unsigned expected_owner);

struct SpaceFacts {
  std::string destination;
  Space space;
  std::uint64_t source_bytes = 0;  // at least
  int generations = 0;             // that the rules hold; 0: without limit
  bool has_snapshots = false;
  std::uint64_t limit = 0;  // the policy's min_free
};
// The first generation needs as much as the sources hold, each further one a fiftieth of it: a rule
// of thumb that the finding tells.
survey::Finding judge_space(const SpaceFacts& facts);

// `offset`: the store's clock less ours.
survey::Finding judge_clock(const std::string& where, std::chrono::seconds offset);

void examine_policy_files(const policy::Policy& policy,
                          const DoctorRequest& request,
                          const Environment& environment,
                          std::vector<survey::Finding>& findings);
// Returns how many bytes the sources hold at least.
std::uint64_t examine_sources(const policy::Policy& policy,
                              const Environment& environment,
                              std::vector<survey::Finding>& findings,
                              const StopToken& stop);
void examine_destinations(const policy::Policy& policy,
                          std::uint64_t source_bytes,
                          const Environment& environment,
                          std::vector<survey::Finding>& findings,
                          const StopToken& stop);
// Sends a test message to each channel.
void examine_channels(const policy::Policy& policy,
                      const Environment& environment,
                      std::vector<survey::Finding>& findings,
                      const StopToken& stop);
void examine_machine(const policy::Policy& policy,
                     const DoctorRequest& request,
                     const Environment& environment,
                     std::vector<survey::Finding>& findings);

}  // namespace hikae
