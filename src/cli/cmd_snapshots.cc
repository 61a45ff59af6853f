// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <memory>

#include "cli/snapshot_groups.h"
#include "cli/snapshot_options.h"

namespace hikae::cli {
namespace {

struct Options {
  SnapshotOptions select;
  std::vector<std::string> ids;
  int latest = 0;
  std::optional<std::string> group_by;
};

// The newest `count` of each host and set of paths; the order stays.
std::vector<SnapshotRecord> keep_latest(const std::vector<SnapshotRecord>& records,
                                        std::size_t count,
                                        const Grouping& grouping) {
  std::vector<SnapshotId> kept;
  for (const SnapshotGroup& group : group_snapshots(records, grouping)) {
    const std::size_t first = group.snapshots.size() - std::min(group.snapshots.size(), count);
    for (std::size_t i = first; i < group.snapshots.size(); ++i)
      kept.push_back(group.snapshots[i].id);
  }
  std::vector<SnapshotRecord> result;
  for (const SnapshotRecord& record : records) {
    if (std::find(kept.begin(), kept.end(), record.id) != kept.end()) result.push_back(record);
  }
  return result;
}

void print_json(const Session& session, const std::vector<SnapshotRecord>& records) {
  std::string out;
  JsonWriter json(out);
  json.begin_array();
  for (const SnapshotRecord& record : records) write_snapshot_json(json, record);
  json.end_array();
  session.console.print(out + "\n");
}

void print_groups_json(const Session& session, const std::vector<SnapshotGroup>& groups) {
  std::string out;
  JsonWriter json(out);
  json.begin_array();
  for (const SnapshotGroup& group : groups) {
    json.begin_object().key("group_key").begin_object().member("hostname", group.host);
    json.key("paths");
    write_key_list(json, group.paths);
    json.key("tags");
    write_key_list(json, group.tags);
    json.end_object().key("snapshots").begin_array();
    for (const SnapshotRecord& record : group.snapshots) write_snapshot_json(json, record);
    json.end_array().end_object();
  }
  json.end_array();
  session.console.print(out + "\n");
}

void print_tables(const Session& session,
                  const std::vector<SnapshotGroup>& groups,
                  const Grouping& grouping) {
  std::size_t count = 0;
  for (const SnapshotGroup& group : groups) {
    const std::string title = group_title(group, grouping, session.console.language());
    if (!title.empty()) session.console.print(title + "\n");
    session.console.print(snapshot_table(session, group.snapshots) + "\n");
    count += group.snapshots.size();
  }
  session.console.say(text("cli_snapshots.count", {{"count", std::to_string(count)}}));
}

int run(const Session& session, const Options& options) {
  const Grouping grouping = parse_grouping(options.group_by.value_or(""));
  OpenedRepository opened = open_repository(session, LockNeed::shared_for_reading);
  const auto all = opened.repository->load_snapshots(session.console, session.stop);
  auto records = select_snapshots(all, options.ids, options.select.filter());
  if (options.latest > 0) {
    const Grouping each = options.group_by ? grouping : Grouping{true, true, false};
    records = keep_latest(records, static_cast<std::size_t>(options.latest), each);
  }
  if (session.options.json && !options.group_by) {
    print_json(session, records);
  } else if (session.options.json) {
    print_groups_json(session, group_snapshots(records, grouping));
  } else if (records.empty()) {
    session.console.say(text("cli_snapshots.none"));
  } else {
    print_tables(session, group_snapshots(records, grouping), grouping);
  }
  return 0;
}

}  // namespace

void add_snapshots(Command& root, const Session& session) {
  auto options = std::make_shared<Options>();
  Command& command = root.add_command("snapshots", text("cli_snapshots.help"), [&session, options] {
    return run(session, *options);
  });
  options->select.add_to(command);
  command.option("--latest", options->latest, "N", text("cli_snapshots.help_latest"));
  command.option("-g,--group-by", options->group_by, "WORDS", text("cli_snapshots.help_group_by"));
  command.arguments("ID", options->ids, text("cli_snapshots.help_ids"));
}

}  // namespace hikae::cli
