// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/text.h"
#include "repository/snapshots.h"

namespace hikae::cli {

// --group-by: "host,paths,tags" in any choice; empty: one group of all.
struct Grouping {
  bool by_host = false;
  bool by_paths = false;
  bool by_tags = false;
};
// Throws Error{invalid_argument}.
Grouping parse_grouping(std::string_view words);

struct SnapshotGroup {
  std::string host;  // members that the grouping does not use are empty
  std::vector<std::string> paths;
  std::vector<std::string> tags;
  std::vector<SnapshotRecord> snapshots;  // in the order that was given
};
// Sorted by host, paths, tags. As in restic, the order of paths and tags within a snapshot does not
// matter.
std::vector<SnapshotGroup> group_snapshots(const std::vector<SnapshotRecord>& snapshots,
                                           const Grouping& grouping);

// A list as restic writes it: null where the grouping does not use it.
void write_key_list(JsonWriter& json, const std::vector<std::string>& list);

// "Snapshots of host a, paths /etc": a line for people; empty for the one group of all.
std::string group_title(const SnapshotGroup& group, const Grouping& grouping, Language language);

}  // namespace hikae::cli
