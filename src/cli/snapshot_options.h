// SPDX-License-Identifier: Apache-2.0
// What verbs about snapshots share: the options that select them, and how they are shown.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "cli/command_line.h"
#include "cli/session.h"
#include "repository/snapshots.h"

namespace hikae::cli {

// --host, --tag and --path as restic has them.
struct SnapshotOptions {
  std::vector<std::string> hosts;
  std::vector<std::string> tags;  // comma lists
  std::vector<std::string> paths;

  enum class HostLetter { none, capital_h };
  void add_to(Command& command, HostLetter letter = HostLetter::capital_h);
  SnapshotFilter filter() const;
  bool is_empty() const { return hosts.empty() && tags.empty() && paths.empty(); }
};

// "a,b" -> a, b; empty parts are left out.
std::vector<std::string> split_list(std::string_view list);

// The snapshots that `ids` name, each once, in that order; without ids those that the filter takes,
// oldest first. Throws Error not_found or invalid_argument.
std::vector<SnapshotRecord> select_snapshots(const std::vector<SnapshotRecord>& all,
                                             const std::vector<std::string>& ids,
                                             const SnapshotFilter& filter);

// "latest:/etc" -> latest and /etc.
struct SnapshotName {
  std::string name;
  std::string subfolder;  // empty: everything
};
SnapshotName split_snapshot_name(const std::string& argument);

// The snapshot's own fields as restic writes them, with id and short_id behind.
void write_snapshot_json(JsonWriter& json, const SnapshotRecord& record);
// The same without the closing brace, for a caller that adds fields.
std::string open_snapshot_json(const SnapshotRecord& record);

// "2026-08-01 12:34:56" on this host's wall clock.
std::string local_time(const Environment& environment, const format::Timestamp& time);
std::string local_time(const Environment& environment, Instant time);

// How the times of generations are shown: by the policy's zone, as its days and reasons are; by
// this host's wall clock where -r needs no policy.
class ShownTime {
 public:
  explicit ShownTime(const Session& session);
  // By this host's wall clock in any case.
  static ShownTime of_this_host(const Session& session);

  std::string of(const format::Timestamp& time) const;
  // Empty: this host's.
  const std::string& zone() const { return zone_; }

 private:
  ShownTime(const Environment& environment, std::string zone);

  const Environment& environment_;
  std::string zone_;
};

// A table of snapshots, in the order given; without the tags that only programs need, unless -v.
// `reasons`, if not empty, has one list for each.
std::string snapshot_table(const Session& session,
                           const ShownTime& shown,
                           const std::vector<SnapshotRecord>& records,
                           const std::vector<std::vector<std::string>>& reasons = {});

}  // namespace hikae::cli
