// SPDX-License-Identifier: Apache-2.0
// Whether destinations have room for what is to come; told once when it becomes too little, not
// after each run.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "service/event.h"
#include "service/run_parts.h"

namespace hikae {

// One source in one destination.
struct SourceGrowth {
  // What good generations added there, newest first, and how large the source was.
  struct Generation {
    std::uint64_t added = 0;
    std::uint64_t size = 0;
  };
  std::vector<Generation> generations;
  std::size_t held = 0;
  int planned = 0;  // generations that the rules hold; 0: without limit
};

// How many generations the rules hold, by their counts; 0: without limit. Pure.
int planned_generations(const std::optional<policy::RetentionRules>& rules);

struct SpaceOutlook {
  std::string destination;
  Space space;
  std::uint64_t limit = 0;      // of the policy: min_free
  std::uint64_t needed = 0;     // likely, by the generations to come
  std::size_t generations = 0;  // how many those are, of all sources
};

// Until the rules are full, each further generation needs what one usually adds there; afterwards
// one goes as one comes, and room for one is enough. A week of them where the rules know no limit.
// Pure.
SpaceOutlook foresee(std::string destination,
                     const Space& space,
                     std::uint64_t limit,
                     const std::vector<SourceGrowth>& sources);

// Whether that is too little. What was too little before must exceed the need by a tenth, so that a
// disk at the edge is not news every other day. Pure.
enum class RoomBefore { enough, too_little };
bool is_low(const SpaceOutlook& outlook, RoomBefore before);

// The job under which the ledger keeps what was told; the destination is the group.
inline constexpr const char* kSpaceJob = "space";

// Looks at each destination that tells its space; one that has become too full since the last time
// is put into the report and the log. REQUIRES: the run is in the journal.
void find_low_space(RunContext& run, const std::map<std::string, Space>& space);

// The event about it, like that of the run itself; nothing when there is nothing to tell.
std::optional<SlotEvent> low_space_event(const SlotEvent& of_run);

}  // namespace hikae
