// SPDX-License-Identifier: Apache-2.0
#include "repository/snapshots.h"

#include <algorithm>
#include <charconv>

namespace hikae {
namespace {

bool contains(const std::vector<std::string>& list, const std::string& item) {
  return std::find(list.begin(), list.end(), item) != list.end();
}

const SnapshotRecord& find_latest(const std::vector<SnapshotRecord>& snapshots,
                                  std::string_view name,
                                  const SnapshotFilter& filter) {
  std::size_t back = 0;
  if (name.size() > 6) {
    const std::string_view digits = name.substr(7);
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), back);
    if (name[6] != '~' || error != std::errc() || end != digits.data() + digits.size()) {
      throw Error(ErrorCode::invalid_argument,
                  text("repository.bad_snapshot_name", {{"name", std::string(name)}}));
    }
  }
  for (auto record = snapshots.rbegin(); record != snapshots.rend(); ++record) {
    if (!matches(record->snapshot, filter)) continue;
    if (back-- == 0) return *record;
  }
  throw no_matching_snapshot();
}

}  // namespace

bool matches(const format::Snapshot& snapshot, const SnapshotFilter& filter) {
  if (!filter.hosts.empty() && !contains(filter.hosts, snapshot.hostname)) return false;
  const auto has_tag = [&](const std::string& tag) {
    return tag.empty() || contains(snapshot.tags, tag);
  };
  const auto has_all = [&](const std::vector<std::string>& tags) {
    return std::all_of(tags.begin(), tags.end(), has_tag);
  };
  if (!filter.tags.empty() && std::none_of(filter.tags.begin(), filter.tags.end(), has_all))
    return false;
  return std::all_of(filter.paths.begin(), filter.paths.end(), [&](const std::string& path) {
    return contains(snapshot.paths, path);
  });
}

bool means_latest(std::string_view name) {
  return name == "latest" || name.starts_with("latest~");
}

Error no_such_snapshot(std::string_view id) {
  return Error(ErrorCode::not_found,
               text("repository.unknown_snapshot", {{"name", std::string(id)}}))
      .with_hint(text("repository.list_snapshots_hint"));
}

Error no_matching_snapshot() {
  return Error(ErrorCode::not_found, text("repository.no_matching_snapshot"))
      .with_hint(text("repository.list_snapshots_hint"));
}

const SnapshotRecord& find_snapshot(const std::vector<SnapshotRecord>& snapshots,
                                    std::string_view name,
                                    const SnapshotFilter& filter) {
  if (means_latest(name)) return find_latest(snapshots, name, filter);
  const SnapshotRecord* found = nullptr;
  for (const SnapshotRecord& record : snapshots) {
    if (name.empty() || !record.id.hex().starts_with(name)) continue;
    if (found != nullptr) {
      throw Error(ErrorCode::invalid_argument,
                  text("repository.ambiguous_snapshot", {{"name", std::string(name)}}))
          .with_hint(text("repository.list_snapshots_hint"));
    }
    found = &record;
  }
  if (found == nullptr) throw no_such_snapshot(name);
  return *found;
}

std::optional<format::Node> find_node(Repository& repository,
                                      const Index& index,
                                      const BlobId& tree,
                                      std::string_view path,
                                      const StopToken& stop) {
  const auto load = [&](const BlobId& id) {
    return repository.load_blob(index, format::BlobType::tree, id, stop);
  };
  return find_node(load, tree, path);
}

std::optional<format::Node> find_node(const std::function<Bytes(const BlobId& tree)>& load_tree,
                                      const BlobId& tree,
                                      std::string_view path) {
  format::Node node;
  node.type = format::NodeType::dir;
  node.mode = format::kModeDir | 0755;
  node.subtree = tree;
  while (true) {
    while (!path.empty() && path.front() == '/') path.remove_prefix(1);
    if (path.empty()) return node;
    if (!node.subtree) return std::nullopt;
    const std::string_view name = path.substr(0, path.find('/'));
    path.remove_prefix(name.size());
    if (name == ".") continue;
    const Bytes json = load_tree(*node.subtree);
    bool found = false;
    format::decode_tree(json, [&](format::Node&& child) {
      if (child.name == name) {
        node = std::move(child);
        found = true;
      }
      return !found;
    });
    if (!found) return std::nullopt;
  }
}

std::optional<std::string> tag_value(const format::Snapshot& snapshot, std::string_view prefix) {
  for (const std::string& tag : snapshot.tags) {
    if (tag.starts_with(prefix)) return tag.substr(prefix.size());
  }
  return std::nullopt;
}

}  // namespace hikae
