// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "policy/policy.h"
#include "service/destinations.h"

namespace hikae {

struct InitOutcome {
  std::string destination;
  enum class State { created, existed, failed } state = State::failed;
  std::optional<Error> failure;
};

struct InitReport {
  bool password_made = false;
  std::vector<InitOutcome> destinations;
};

// Makes what the policy needs and is not there yet: the password file (0600, 32 random characters),
// and a repository in each destination, all with one master key and polynomial unless the policy
// says `encryption.keys: separate`. Repeatable: a destination added later receives key and
// polynomial from an existing one; what exists is opened and left alone. A place that is neither
// empty nor a repository fails, untouched.
InitReport init_policy(const policy::Policy& policy,
                       const Environment& environment,
                       const StopToken& stop);

// The newest policy that a run stored in this repository; nullopt if none.
struct StoredPolicy {
  std::string text;
  Instant stored;
};
std::optional<StoredPolicy> load_stored_policy(Repository& repository, const StopToken& stop);
// Stores the policy's text in hikae/policies/ unless the newest one there is the same.
void store_policy(Repository& repository,
                  const policy::Policy& policy,
                  const std::string& policy_text,
                  const Clock& clock,
                  const StopToken& stop);

// The recovery sheet was printed and lies outside this machine: who said so, and when.
void confirm_recovery_kit(const policy::Policy& policy, const Environment& environment);
std::optional<Instant> recovery_kit_confirmed(const policy::Policy& policy,
                                              const Environment& environment);

}  // namespace hikae
