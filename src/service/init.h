// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "journal/journal.h"
#include "policy/policy.h"
#include "service/destinations.h"

namespace hikae {

struct InitOutcome {
  std::string destination;
  enum class State { created, existed, failed } state = State::failed;
  std::optional<Error> failure;
  // What a person should know: an adopted repository with another key, an unfinished init that was
  // completed, …
  std::vector<Text> notes;
};

struct InitReport {
  bool password_made = false;
  std::vector<InitOutcome> destinations;  // in the policy's order
};

// Makes what the policy needs and is not there yet: the password file (0600, 32 random characters),
// and a repository in each destination, all with one master key and polynomial unless the policy
// says `encryption.keys: separate`. Repeatable: a destination added later receives key and
// polynomial from an existing one; what exists is opened and left alone; what a killed init left
// without a config is begun anew. A place that is neither empty nor a repository fails, untouched.
// Throws for what concerns all destinations: the password, another init under way.
InitReport init_policy(const policy::Policy& policy,
                       const Environment& environment,
                       const StopToken& stop);

// The newest policy that a run stored in this repository; nullopt if none.
struct StoredPolicy {
  std::string name;
  std::string text;
  Instant stored;
};
std::optional<StoredPolicy> load_stored_policy(Repository& repository, const StopToken& stop);
// The newest of each name, newest first. A file that is damaged is passed over while another is
// good.
std::vector<StoredPolicy> load_stored_policies(Repository& repository, const StopToken& stop);
// Stores the policy's text in hikae/policies/ unless the newest one there of this name is the same.
void store_policy(Repository& repository,
                  const policy::Policy& policy,
                  const std::string& policy_text,
                  const Clock& clock,
                  const StopToken& stop);

// `hikae init --from`: what an empty machine takes from a repository.
struct RestorePolicyRequest {
  std::string location;     // of the repository
  std::string policy_path;  // where the policy file belongs
  std::string policy_name;  // empty: the one that was stored last
};
struct RestoredPolicy {
  StoredPolicy policy;
  // was_there: the same text lay there already.
  enum class File { written, was_there } file = File::written;
  bool password_written = false;  // the policy names a password file that was missing
  std::size_t runs = 0;           // brought back into the journal
  std::vector<Text> notes;
};
// Writes the newest stored policy to its place (0600, never replacing another text), the password
// to the file that the policy names if that is missing, and the runs that the snapshots tell of
// into the journal. Throws Error not_found when no policy is stored there.
RestoredPolicy restore_policy_from(const RestorePolicyRequest& request,
                                   const Secret& password,
                                   const Environment& environment,
                                   Journal& journal,
                                   const StopToken& stop);

// The recovery sheet was printed and lies outside this machine: who said so, and when. It counts
// for the destinations that the policy has now; one added later needs a new sheet.
void confirm_recovery_kit(const policy::Policy& policy, const Environment& environment);
std::optional<Instant> recovery_kit_confirmed(const policy::Policy& policy,
                                              const Environment& environment);

}  // namespace hikae
