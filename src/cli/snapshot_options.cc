// SPDX-License-Identifier: Apache-2.0
#include "cli/snapshot_options.h"

#include <algorithm>

#include "base/units.h"
#include "policy/time_zone.h"
#include "service/slot_tag.h"

namespace hikae::cli {
namespace {

std::string joined(const std::vector<std::string>& parts) {
  std::string all;
  for (const std::string& part : parts) all += (all.empty() ? "" : ",") + part;
  return printable(all);
}

// Policy, slot and run of a snapshot are for programs; a table would be twice as wide with them.
std::vector<std::string> shown_tags(const Session& session, const format::Snapshot& snapshot) {
  if (session.options.verbose > 0) return snapshot.tags;
  std::vector<std::string> shown;
  for (const std::string& tag : snapshot.tags) {
    const bool is_for_programs =
        tag.starts_with(kPolicyTag) || tag.starts_with(kRunTag) || tag.starts_with(kSlotTag);
    if (!is_for_programs) shown.push_back(tag);
  }
  return shown;
}

std::string cell(const std::vector<std::string>& lines, std::size_t line) {
  return line < lines.size() ? printable(lines[line]) : "";
}

}  // namespace

void SnapshotOptions::add_to(Command& command, HostLetter letter) {
  const std::string names = letter == HostLetter::capital_h ? "-H,--host" : "--host";
  command.list(names, hosts, "HOST", text("cli_snapshots.help_host"));
  command.list("--tag", tags, "TAG[,TAG]", text("cli_snapshots.help_tag"));
  command.list("--path", paths, "PATH", text("cli_snapshots.help_path"));
}

SnapshotFilter SnapshotOptions::filter() const {
  SnapshotFilter filter;
  filter.hosts = hosts;
  for (const std::string& list : tags) filter.tags.push_back(split_list(list));
  filter.paths = paths;
  return filter;
}

std::vector<std::string> split_list(std::string_view list) {
  std::vector<std::string> parts;
  while (!list.empty()) {
    const std::string_view part = list.substr(0, list.find(','));
    if (!part.empty()) parts.emplace_back(part);
    list.remove_prefix(std::min(list.size(), part.size() + 1));
  }
  return parts;
}

std::vector<SnapshotRecord> select_snapshots(const std::vector<SnapshotRecord>& all,
                                             const std::vector<std::string>& ids,
                                             const SnapshotFilter& filter) {
  std::vector<SnapshotRecord> selected;
  if (ids.empty()) {
    std::copy_if(all.begin(), all.end(), std::back_inserter(selected), [&](const auto& record) {
      return matches(record.snapshot, filter);
    });
    return selected;
  }
  for (const std::string& id : ids) {
    const SnapshotRecord& found = find_snapshot(all, id, filter);
    const bool again = std::any_of(selected.begin(), selected.end(), [&](const auto& record) {
      return record.id == found.id;
    });
    if (!again) selected.push_back(found);
  }
  return selected;
}

SnapshotName split_snapshot_name(const std::string& argument) {
  const std::size_t colon = argument.find(':');
  if (colon == std::string::npos) return {argument, ""};
  return {argument.substr(0, colon), argument.substr(colon + 1)};
}

std::string open_snapshot_json(const SnapshotRecord& record) {
  std::string json = format::encode(record.snapshot);
  json.resize(json.rfind('}'));
  return json + ",\"id\":\"" + record.id.hex() + "\",\"short_id\":\"" + record.id.short_hex() +
         "\"";
}

void write_snapshot_json(JsonWriter& json, const SnapshotRecord& record) {
  json.raw(open_snapshot_json(record) + "}");
}

std::string local_time(const Environment& environment, const format::Timestamp& time) {
  format::Timestamp local = time;
  local.nanoseconds = 0;
  local.offset = environment.local_offset(time.seconds);
  std::string shown = format::to_rfc3339(local).substr(0, 19);
  std::replace(shown.begin(), shown.end(), 'T', ' ');
  return shown;
}

std::string local_time(const Environment& environment, Instant time) {
  return local_time(environment, format::to_timestamp(time));
}

ShownTime::ShownTime(const Environment& environment, std::string zone)
    : environment_(environment), zone_(std::move(zone)) {}

ShownTime::ShownTime(const Session& session)
    : ShownTime(session.environment,
                session.options.repository.empty() ? load_policy(session).policy.timezone : "") {}

ShownTime ShownTime::of_this_host(const Session& session) {
  return {session.environment, ""};
}

std::string ShownTime::of(const format::Timestamp& time) const {
  return zone_.empty() ? local_time(environment_, time)
                       : policy::policy_time(zone_, format::to_instant(time));
}

std::string snapshot_table(const Session& session,
                           const ShownTime& shown,
                           const std::vector<SnapshotRecord>& records,
                           const std::vector<std::vector<std::string>>& reasons) {
  const auto heading = [&](const Text& name) { return render(name, session.console.language()); };
  Table table;
  table.add_column(heading(text("cli_snapshots.column_id")));
  table.add_column(heading(text("cli_snapshots.column_time")));
  table.add_column(heading(text("cli_snapshots.column_host")));
  table.add_column(heading(text("cli_snapshots.column_tags")));
  if (!reasons.empty()) table.add_column(heading(text("cli_snapshots.column_reasons")));
  table.add_column(heading(text("cli_snapshots.column_paths")));
  table.add_column(heading(text("cli_snapshots.column_size")), Table::Align::right);
  for (std::size_t i = 0; i < records.size(); ++i) {
    const format::Snapshot& snapshot = records[i].snapshot;
    const std::vector<std::string> why = reasons.empty() ? std::vector<std::string>{} : reasons[i];
    const std::size_t lines = std::max({std::size_t{1}, snapshot.paths.size(), why.size()});
    for (std::size_t line = 0; line < lines; ++line) {
      std::vector<std::string> row(4);
      if (line == 0) {
        row = {records[i].id.short_hex(),
               shown.of(snapshot.time),
               printable(snapshot.hostname),
               joined(shown_tags(session, snapshot))};
      }
      if (!reasons.empty()) row.push_back(cell(why, line));
      row.push_back(cell(snapshot.paths, line));
      if (line == 0 && snapshot.summary)
        row.push_back(format_bytes(snapshot.summary->total_bytes_processed));
      table.add_row(row);
    }
  }
  return table.render();
}

}  // namespace hikae::cli
