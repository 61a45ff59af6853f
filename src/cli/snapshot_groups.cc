// SPDX-License-Identifier: Apache-2.0
#include "cli/snapshot_groups.h"

#include <algorithm>
#include <map>
#include <tuple>

#include "base/error.h"
#include "cli/console.h"
#include "cli/snapshot_options.h"

namespace hikae::cli {
namespace {

std::vector<std::string> sorted(std::vector<std::string> list) {
  std::sort(list.begin(), list.end());
  return list;
}

std::string joined(const std::vector<std::string>& parts) {
  std::string all;
  for (const std::string& part : parts) all += (all.empty() ? "" : ", ") + part;
  return printable(all);
}

}  // namespace

Grouping parse_grouping(std::string_view words) {
  Grouping grouping;
  for (const std::string& word : split_list(words)) {
    if (word == "host" || word == "hosts") {
      grouping.by_host = true;
    } else if (word == "path" || word == "paths") {
      grouping.by_paths = true;
    } else if (word == "tag" || word == "tags") {
      grouping.by_tags = true;
    } else {
      throw Error(ErrorCode::invalid_argument, text("cli_snapshots.bad_group", {{"word", word}}))
          .with_hint(text("cli_snapshots.bad_group_hint"));
    }
  }
  return grouping;
}

std::vector<SnapshotGroup> group_snapshots(const std::vector<SnapshotRecord>& snapshots,
                                           const Grouping& grouping) {
  std::map<std::tuple<std::string, std::vector<std::string>, std::vector<std::string>>,
           SnapshotGroup>
      groups;
  for (const SnapshotRecord& record : snapshots) {
    SnapshotGroup key;
    if (grouping.by_host) key.host = record.snapshot.hostname;
    if (grouping.by_paths) key.paths = sorted(record.snapshot.paths);
    if (grouping.by_tags) key.tags = sorted(record.snapshot.tags);
    const auto place = std::tuple(key.host, key.paths, key.tags);
    groups.try_emplace(place, std::move(key)).first->second.snapshots.push_back(record);
  }
  std::vector<SnapshotGroup> result;
  for (auto& [key, group] : groups) result.push_back(std::move(group));
  return result;
}

void write_key_list(JsonWriter& json, const std::vector<std::string>& list) {
  if (list.empty()) {
    json.null();
    return;
  }
  json.begin_array();
  for (const std::string& item : list) json.value(item);
  json.end_array();
}

std::string group_title(const SnapshotGroup& group, const Grouping& grouping, Language language) {
  std::string parts;
  const auto add = [&](const Text& part) {
    parts += (parts.empty() ? "" : ", ") + render(part, language);
  };
  if (grouping.by_host) add(text("cli_snapshots.group_host", {{"host", printable(group.host)}}));
  if (grouping.by_paths) add(text("cli_snapshots.group_paths", {{"paths", joined(group.paths)}}));
  if (grouping.by_tags) add(text("cli_snapshots.group_tags", {{"tags", joined(group.tags)}}));
  if (parts.empty()) return "";
  return render(text("cli_snapshots.group", {{"parts", parts}}), language);
}

}  // namespace hikae::cli
