// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <memory>

#include "cli/each_destination.h"
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

// What one repository holds. `destination` is empty where the options name the repository.
struct Listing {
  std::string destination;
  std::vector<SnapshotRecord> records;
};

void write_json(JsonWriter& json, const Listing& listing) {
  for (const SnapshotRecord& record : listing.records) {
    std::string object = open_snapshot_json(record);
    if (!listing.destination.empty()) {
      object += ",\"destination\":";
      append_json_string(object, listing.destination);
    }
    json.raw(object + "}");
  }
}

void write_groups_json(JsonWriter& json, const Listing& listing, const Grouping& grouping) {
  for (const SnapshotGroup& group : group_snapshots(listing.records, grouping)) {
    json.begin_object();
    if (!listing.destination.empty()) json.member("destination", listing.destination);
    json.key("group_key").begin_object().member("hostname", group.host);
    json.key("paths");
    write_key_list(json, group.paths);
    json.key("tags");
    write_key_list(json, group.tags);
    json.end_object().key("snapshots").begin_array();
    for (const SnapshotRecord& record : group.snapshots) write_snapshot_json(json, record);
    json.end_array().end_object();
  }
}

void print_json(const Session& session,
                const std::vector<Listing>& listings,
                const Options& options) {
  std::string out;
  JsonWriter json(out);
  json.begin_array();
  for (const Listing& listing : listings) {
    if (options.group_by) {
      write_groups_json(json, listing, parse_grouping(*options.group_by));
    } else {
      write_json(json, listing);
    }
  }
  json.end_array();
  session.console.print(out + "\n");
}

void print_tables(const Session& session, const Listing& listing, const Grouping& grouping) {
  if (!listing.destination.empty())
    session.console.say(text("cli.destination", {{"destination", listing.destination}}));
  if (listing.records.empty()) {
    session.console.say(text("cli_snapshots.none"));
    return;
  }
  const ShownTime shown(session);
  for (const SnapshotGroup& group : group_snapshots(listing.records, grouping)) {
    const std::string title = group_title(group, grouping, session.console.language());
    if (!title.empty()) session.console.print(title + "\n");
    session.console.print(snapshot_table(session, shown, group.snapshots) + "\n");
  }
  const std::string count = std::to_string(listing.records.size());
  const std::string& zone = shown.zone();
  session.console.say(
      zone.empty() ? text("cli_snapshots.count", {{"count", count}})
                   : text("cli_snapshots.count_in_zone", {{"count", count}, {"zone", zone}}));
}

std::vector<SnapshotRecord> load(const Session& session, const Options& options) {
  OpenedRepository opened = open_repository(session, LockNeed::shared_for_reading);
  const auto all = opened.repository->load_snapshots(session.console, session.stop);
  auto records = select_snapshots(all, options.ids, options.select.filter());
  if (options.latest == 0) return records;
  const Grouping each =
      options.group_by ? parse_grouping(*options.group_by) : Grouping{true, true, false};
  return keep_latest(records, static_cast<std::size_t>(options.latest), each);
}

int run(const Session& session, const Options& options) {
  const Grouping grouping = parse_grouping(options.group_by.value_or(""));
  std::vector<Listing> listings;
  std::vector<std::pair<std::string, Error>> failures;
  const std::vector<std::string> names = destinations_to_visit(session);
  // Of a single one nothing is to be said beside its own failure, so that passes on whole.
  if (names.empty()) listings.push_back({"", load(session, options)});
  for (const std::string& name : names) {
    GlobalOptions narrowed = session.options;
    narrowed.destination = name;
    try {
      listings.push_back(
          {name, load({session.console, session.environment, narrowed, session.stop}, options)});
    } catch (const Error& error) {
      failures.emplace_back(name, error);
    }
  }
  if (listings.empty()) throw failures.front().second;
  for (const auto& [name, error] : failures) {
    session.console.warning(
        text("cli_snapshots.destination_failed",
             {{"destination", name}, {"reason", render(error, session.console.language())}}));
  }
  if (session.options.json) {
    print_json(session, listings, options);
  } else {
    for (const Listing& listing : listings) {
      if (&listing != &listings.front()) session.console.print("\n");
      print_tables(session, listing, grouping);
    }
  }
  constexpr int kIncomplete = 3;
  return failures.empty() ? 0 : kIncomplete;
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
