// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/stat.h>

#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "format/node.h"
#include "os/time_zone.h"
#include "os/users.h"
#include "source/files_source.h"
#include "source/source.h"

namespace hikae {

// What all readers of one source share. Thread-safe.
struct HostFacts {
  os::Accounts accounts;
  os::LocalOffsets offsets;
  AccessTimes access_times = AccessTimes::omit;
};

// Where an entry can be found, for the calls that want it so. `folder` may be AT_FDCWD, `name` then
// is a path.
struct EntryPlace {
  int folder;
  std::string_view name;    // ends with NUL
  const std::string& path;  // the whole path, for messages and as a first try
};

enum class ListingErrors { report, ignore };

// Turns what the system says of an entry into a node, as restic does. Remembers the last owner, so
// that the usual folder asks for its names once. Not thread-safe.
class MetadataReader {
 public:
  explicit MetadataReader(HostFacts& facts) : facts_(facts) {}

  // nullopt for a socket or a kind that has no place in a snapshot.
  static std::optional<format::NodeType> type_of(const struct stat& status);

  // All that stat(2) tells. REQUIRES: type_of() knows it.
  format::Node from_stat(std::string_view name, const struct stat& status);

  // Link target and extended attributes; what cannot be read is reported and left out.
  // ListingErrors::ignore is for the folders above the paths, where it is usual to lack permission.
  void complete(format::Node& node,
                const EntryPlace& place,
                ItemErrorSink& errors,
                ListingErrors listing = ListingErrors::report);

 private:
  void read_link(format::Node& node, const EntryPlace& place);
  format::Timestamp timestamp(const struct timespec& time) const;

  HostFacts& facts_;
  std::optional<std::pair<uid_t, std::string>> last_user_;
  std::optional<std::pair<gid_t, std::string>> last_group_;
};

}  // namespace hikae
