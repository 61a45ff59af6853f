// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <unordered_set>
#include <vector>

#include "policy/policy.h"
#include "repository/lock.h"
#include "service/environment.h"
#include "storage/open.h"

namespace hikae {

// A destination of the policy, opened or not. Why not is data: the others go on.
struct OpenDestination {
  const policy::Destination* destination = nullptr;
  std::unique_ptr<Repository> repository;
  std::unique_ptr<RepositoryLock> lock;
  std::optional<Index> index;
  std::unordered_set<std::string> index_files;  // those that `index` was read from
  std::optional<Error> failure;

  bool is_good() const { return !failure; }
};

// Throws Error{invalid_argument} for a name that is none of the policy's destinations.
void require_destinations(const policy::Policy& policy, const std::vector<std::string>& names);

// Checks the guards of a destination before anything is written there: with require_mount the place
// must lie on a mounted file system, and on the one that /etc/fstab names for it, if it names one.
// Throws Error{not_mounted}.
void check_destination(const policy::Destination& destination, const Environment& environment);

// Why the policy's AES-256 in transit forbids this destination: it is reached by plain http.
// nullopt when nothing forbids it. Pure.
std::optional<Text> find_plain_transit(const policy::Policy& policy,
                                       const policy::Destination& destination,
                                       const Location& location);

// How the policy says that a destination is reached. Throws what resolve_secret() throws, and
// Error{invalid_argument} where AES-256 in transit forbids it.
OpenOptions destination_options(const policy::Policy& policy,
                                const policy::Destination& destination,
                                AccessMode mode,
                                const Environment& environment,
                                const StopToken& stop);
// Opens a destination as the policy says that it is reached. Throws what resolve_secret() and
// open_backend() throw.
std::unique_ptr<Backend> open_destination_backend(const policy::Policy& policy,
                                                  const policy::Destination& destination,
                                                  AccessMode mode,
                                                  const Environment& environment,
                                                  const StopToken& stop);
// Opens what is named by its location alone, with this host's own settings and credentials.
std::unique_ptr<Backend> open_location(const Location& location,
                                       AccessMode mode,
                                       const Environment& environment);

struct OpenRequest {
  std::vector<std::string> only;  // names; empty means all
  AccessMode mode = AccessMode::read_write;
  std::optional<LockMode> lock;  // nothing: no lock
  LockOptions lock_options;
  enum class LoadIndex { no, yes } load_index = LoadIndex::yes;
};

// Opens the destinations at once, each on a thread of its own. Throws Error{invalid_argument} for
// an unknown name, and what resolve_secret() throws; every other failure is the destination's own.
std::vector<OpenDestination> open_destinations(const policy::Policy& policy,
                                               const OpenRequest& request,
                                               const Environment& environment,
                                               const StopToken& stop);

}  // namespace hikae
