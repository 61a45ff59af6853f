// SPDX-License-Identifier: Apache-2.0
// How far a destination is that is being filled over a slow line, from one run to the next.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "service/run.h"

namespace hikae {

// In whole hundredths, and never all of them: something is still to come.
std::uint64_t percent_of(const Filling& filling);

struct KeptFilling {
  Filling filling;
  Instant seen;  // when a run told it
};
using Fillings = std::map<std::pair<std::string, std::string>, KeptFilling>;  // source, destination

// Keeps in the journal how far the destinations of a run are, and that others are complete. Of one
// that failed, what was known before stays, with its time.
void keep_fillings(const std::string& policy,
                   Journal& journal,
                   const std::vector<RunOutcome>& outcomes,
                   Instant seen);
Fillings load_fillings(const std::string& policy, Journal& journal);

}  // namespace hikae
