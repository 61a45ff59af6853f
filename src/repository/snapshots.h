// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "format/node.h"
#include "repository/repository.h"

namespace hikae {

// Which snapshots a verb is about; empty lists mean "any". As in restic: a snapshot matches when
// its host is one of `hosts`, it has all tags of one of the comma lists in `tags`, and all of
// `paths`.
struct SnapshotFilter {
  std::vector<std::string> hosts;
  std::vector<std::vector<std::string>> tags;
  std::vector<std::string> paths;
};
bool matches(const format::Snapshot& snapshot, const SnapshotFilter& filter);

// "latest", "latest~2", a full id, or the unambiguous start of one, with an optional ":subfolder"
// left to the caller. `snapshots` is in the order of load_snapshots(); the filter applies to
// "latest" only. Throws Error not_found, or invalid_argument when several ids begin so.
const SnapshotRecord& find_snapshot(const std::vector<SnapshotRecord>& snapshots,
                                    std::string_view name,
                                    const SnapshotFilter& filter);

// Whether the name is "latest" or "latest~N".
bool means_latest(std::string_view name);
// What find_snapshot throws for an id that none has, and for a "latest" where none matches.
Error no_such_snapshot(std::string_view id);
Error no_matching_snapshot();

// The node at `path` ("/etc/passwd") below a snapshot's tree; nullopt when there is none. For "/" a
// dir node whose subtree is the snapshot's tree.
std::optional<format::Node> find_node(Repository& repository,
                                      const Index& index,
                                      const BlobId& tree,
                                      std::string_view path,
                                      const StopToken& stop);

// The same, by whatever gives the plaintext of a tree.
std::optional<format::Node> find_node(const std::function<Bytes(const BlobId& tree)>& load_tree,
                                      const BlobId& tree,
                                      std::string_view path);

// The tag "hikae:source=NAME" and so on; nullopt when the snapshot has no such tag.
std::optional<std::string> tag_value(const format::Snapshot& snapshot, std::string_view prefix);
inline constexpr std::string_view kPolicyTag = "hikae:policy=";
inline constexpr std::string_view kSourceTag = "hikae:source=";
inline constexpr std::string_view kRunTag = "hikae:run=";
// The number of items that could not be read, on snapshots that lack some.
inline constexpr std::string_view kUnreadableTag = "hikae:unreadable=";

}  // namespace hikae
