// SPDX-License-Identifier: Apache-2.0
#include "base/json.h"
#include "format/files.h"
#include "format/json_read.h"

namespace hikae::format {
namespace {

constexpr std::string_view kDocument = "snapshot";
constexpr std::string_view kSummary = "snapshot.summary";

using Summary = SnapshotSummary;

// The counts, in the order in which they are written.
struct Count {
  std::string_view name;
  std::uint64_t Summary::*member;
};
constexpr std::array<Count, 12> kCounts = {{
    {"files_new", &Summary::files_new},
    {"files_changed", &Summary::files_changed},
    {"files_unmodified", &Summary::files_unmodified},
    {"dirs_new", &Summary::dirs_new},
    {"dirs_changed", &Summary::dirs_changed},
    {"dirs_unmodified", &Summary::dirs_unmodified},
    {"data_blobs", &Summary::data_blobs},
    {"tree_blobs", &Summary::tree_blobs},
    {"data_added", &Summary::data_added},
    {"data_added_packed", &Summary::data_added_packed},
    {"total_files_processed", &Summary::total_files_processed},
    {"total_bytes_processed", &Summary::total_bytes_processed},
}};

constexpr std::array<FieldRule<Summary>, 2> kSummaryTimes = {{
    {"backup_start", [](Summary& s, const JsonValue& v) { s.backup_start = v.time(); }},
    {"backup_end", [](Summary& s, const JsonValue& v) { s.backup_end = v.time(); }},
}};

Summary read_summary(const JsonValue& value) {
  Summary summary;
  read_fields(value.object(), kSummary, kSummaryTimes, summary);
  for (const auto& [key, json] : value.object()) {
    for (const Count& count : kCounts) {
      if (count.name != key || json.is_null()) continue;
      summary.*count.member = JsonValue(json, kSummary, count.name).number<std::uint64_t>();
    }
  }
  return summary;
}

constexpr std::array<FieldRule<Snapshot>, 13> kFields = {{
    {"time", [](Snapshot& s, const JsonValue& v) { s.time = v.time(); }},
    {"parent", [](Snapshot& s, const JsonValue& v) { s.parent = v.id<SnapshotId>(); }},
    {"tree", [](Snapshot& s, const JsonValue& v) { s.tree = v.id<BlobId>(); }},
    {"paths", [](Snapshot& s, const JsonValue& v) { s.paths = v.texts(); }},
    {"hostname", [](Snapshot& s, const JsonValue& v) { s.hostname = v.text(); }},
    {"username", [](Snapshot& s, const JsonValue& v) { s.username = v.text(); }},
    {"uid", [](Snapshot& s, const JsonValue& v) { s.uid = v.number<std::uint32_t>(); }},
    {"gid", [](Snapshot& s, const JsonValue& v) { s.gid = v.number<std::uint32_t>(); }},
    {"excludes", [](Snapshot& s, const JsonValue& v) { s.excludes = v.texts(); }},
    {"tags", [](Snapshot& s, const JsonValue& v) { s.tags = v.texts(); }},
    {"original", [](Snapshot& s, const JsonValue& v) { s.original = v.id<SnapshotId>(); }},
    {"program_version", [](Snapshot& s, const JsonValue& v) { s.program_version = v.text(); }},
    {"summary", [](Snapshot& s, const JsonValue& v) { s.summary = read_summary(v); }},
}};

void write_texts(JsonWriter& json, std::string_view name, const std::vector<std::string>& texts) {
  json.key(name).begin_array();
  for (const std::string& item : texts) json.value(item);
  json.end_array();
}

void write_text(JsonWriter& json, std::string_view name, const std::string& content) {
  if (!content.empty()) json.member(name, content);
}

void write_summary(JsonWriter& json, const Summary& summary) {
  json.key("summary").begin_object();
  json.member("backup_start", to_rfc3339(summary.backup_start));
  json.member("backup_end", to_rfc3339(summary.backup_end));
  for (const Count& count : kCounts) json.member(count.name, summary.*count.member);
  json.end_object();
}

}  // namespace

std::string encode(const Snapshot& snapshot) {
  std::string out;
  JsonWriter json(out);
  json.begin_object();
  json.member("time", to_rfc3339(snapshot.time));
  if (snapshot.parent) json.member("parent", snapshot.parent->hex());
  json.member("tree", snapshot.tree.hex());
  write_texts(json, "paths", snapshot.paths);
  write_text(json, "hostname", snapshot.hostname);
  write_text(json, "username", snapshot.username);
  if (snapshot.uid != 0) json.member("uid", snapshot.uid);
  if (snapshot.gid != 0) json.member("gid", snapshot.gid);
  if (!snapshot.excludes.empty()) write_texts(json, "excludes", snapshot.excludes);
  if (!snapshot.tags.empty()) write_texts(json, "tags", snapshot.tags);
  if (snapshot.original) json.member("original", snapshot.original->hex());
  write_text(json, "program_version", snapshot.program_version);
  if (snapshot.summary) write_summary(json, *snapshot.summary);
  json.end_object();
  return out;
}

Snapshot decode_snapshot(std::string_view json) {
  const JsonDocument document(json);
  Snapshot snapshot;
  snapshot.time.seconds = kNoTime;
  read_fields(document.object(kDocument), kDocument, kFields, snapshot);
  if (snapshot.time.seconds == kNoTime) throw_bad_field(kDocument, "time");
  if (snapshot.tree.is_null()) throw_bad_field(kDocument, "tree");
  return snapshot;
}

}  // namespace hikae::format
