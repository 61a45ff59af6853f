// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <filesystem>
#include <optional>
#include <set>

#include <simdjson.h>

#include "postgres/server.h"
#include "service/physical_restore.h"
#include "service/postgres_source.h"

namespace hikae {
namespace {

constexpr const char* kPhysical = "/postgres/physical";

[[noreturn]] void malformed() {
  throw Error(ErrorCode::corrupt, text("service.physical_facts_malformed"));
}

std::string member(const simdjson::dom::element& root, std::string_view name) {
  std::string_view value;
  if (root[name].get(value) != simdjson::SUCCESS) malformed();
  return std::string(value);
}

std::uint64_t number(const simdjson::dom::element& root, std::string_view name) {
  std::uint64_t value = 0;
  if (root[name].get(value) != simdjson::SUCCESS) malformed();
  return value;
}

PhysicalFacts decode_facts(const std::string& json) {
  simdjson::dom::parser parser;
  simdjson::dom::element root;
  simdjson::dom::array tablespaces;
  if (parser.parse(json).get(root) != simdjson::SUCCESS ||
      root["tablespaces"].get(tablespaces) != simdjson::SUCCESS) {
    malformed();
  }
  PhysicalFacts facts;
  facts.server_version = member(root, "server_version");
  facts.system_identifier = member(root, "system_identifier");
  facts.timeline = number(root, "timeline");
  facts.start_lsn = member(root, "start_lsn");
  facts.end_lsn = member(root, "end_lsn");
  facts.damaged_pages = number(root, "damaged_pages");
  for (const simdjson::dom::element tablespace : tablespaces) {
    facts.tablespaces.push_back(
        {std::to_string(number(tablespace, "oid")), member(tablespace, "location")});
  }
  return facts;
}

[[noreturn]] void no_physical_backup() {
  throw Error(ErrorCode::not_found, text("service.no_physical_backup"))
      .with_hint(text("service.no_physical_backup_hint"));
}

std::string load_content(Repository& repository,
                         const Index& index,
                         const format::Node& file,
                         const StopToken& stop) {
  std::string content;
  for (const BlobId& id : file.content)
    content += as_text(repository.load_blob(index, format::BlobType::data, id, stop));
  return content;
}

// Nothing is ever restored over something, least of all over what a server works on.
PhysicalRestorePlan::Found require_empty(const std::string& target) {
  if (const auto running = postgres::find_postmaster(target)) {
    throw Error(ErrorCode::already_exists,
                text("service.physical_target_live",
                     {{"path", target}, {"pid", std::to_string(running->pid)}}))
        .with_hint(text("service.physical_target_hint"));
  }
  refuse_live_target(target);
  const std::filesystem::path path(target);
  std::error_code failure;
  if (!std::filesystem::exists(path, failure)) return PhysicalRestorePlan::Found::nothing;
  if (std::filesystem::is_directory(path, failure) && std::filesystem::is_empty(path, failure) &&
      !failure) {
    return PhysicalRestorePlan::Found::empty_folder;
  }
  // pg_control comes last.
  if (std::filesystem::exists(path / "PG_VERSION", failure) &&
      !std::filesystem::exists(path / "global/pg_control", failure)) {
    throw Error(ErrorCode::already_exists, text("service.physical_target_half", {{"path", target}}))
        .with_hint(text("service.physical_target_half_hint"));
  }
  throw Error(ErrorCode::already_exists, text("service.physical_target_used", {{"path", target}}))
      .with_hint(text("service.physical_target_hint"));
}

std::string target_of(const PhysicalFacts::Tablespace& tablespace,
                      const std::vector<TablespaceMapping>& mappings) {
  for (const TablespaceMapping& mapping : mappings) {
    if (mapping.from == tablespace.location || mapping.from == tablespace.oid) return mapping.to;
  }
  return tablespace.location;
}

void require_known(const PhysicalFacts& facts, const std::vector<TablespaceMapping>& mappings) {
  std::set<std::string> mapped;
  for (const TablespaceMapping& mapping : mappings) {
    const auto known = std::find_if(
        facts.tablespaces.begin(), facts.tablespaces.end(), [&](const auto& tablespace) {
          return mapping.from == tablespace.location || mapping.from == tablespace.oid;
        });
    if (known != facts.tablespaces.end()) {
      if (mapped.insert(known->oid).second) continue;
      throw Error(ErrorCode::invalid_argument,
                  text("service.tablespace_mapped_twice", {{"name", mapping.from}}));
    }
    throw Error(ErrorCode::not_found, text("service.no_such_tablespace", {{"name", mapping.from}}))
        .with_hint(text("service.no_such_tablespace_hint"));
  }
}

bool is_within(const std::string& path, const std::string& folder) {
  return path == folder || path.starts_with(folder + "/");
}

// A place in another one would be written twice, or refused as not empty in the middle.
void require_apart(const std::vector<PhysicalRestorePlan::Place>& places) {
  for (const auto& a : places) {
    for (const auto& b : places) {
      if (&a == &b || !is_within(a.target, b.target)) continue;
      throw Error(
          ErrorCode::invalid_argument,
          text("service.physical_places_overlap", {{"path", a.target}, {"other", b.target}}));
    }
  }
}

}  // namespace

void require_free_places(const PhysicalRestorePlan& plan) {
  for (const PhysicalRestorePlan::Place& place : plan.places)
    if (place.obstacle) throw Error(*place.obstacle);
}

bool has_physical_backup(Repository& repository,
                         const Index& index,
                         const BlobId& tree,
                         const StopToken& stop) {
  const auto data = find_node(repository, index, tree, std::string(kPhysical) + "/data", stop);
  return data && data->type == format::NodeType::dir;
}

PhysicalRestorePlan plan_physical_restore(Repository& repository,
                                          const Index& index,
                                          const BlobId& tree,
                                          const PhysicalRestoreOptions& options,
                                          const StopToken& stop) {
  const std::string physical = kPhysical;
  const auto facts = find_node(repository, index, tree, physical + "/facts.json", stop);
  if (!facts || facts->type != format::NodeType::file) no_physical_backup();
  PhysicalRestorePlan plan;
  plan.facts = decode_facts(load_content(repository, index, *facts, stop));
  require_known(plan.facts, options.tablespaces);
  const auto add = [&](std::string name, std::string folder, std::string target, std::string was) {
    const auto node = find_node(repository, index, tree, folder, stop);
    if (!node || node->type != format::NodeType::dir) return false;
    PhysicalRestorePlan::Place place{
        std::move(name), std::move(folder), std::move(target), std::move(was), *node, {}, {}};
    try {
      place.found = require_empty(place.target);
    } catch (const Error& error) {
      place.obstacle = error;
    }
    plan.places.push_back(std::move(place));
    return true;
  };
  if (!add("data", physical + "/data", options.target, "")) no_physical_backup();
  for (const PhysicalFacts::Tablespace& tablespace : plan.facts.tablespaces) {
    // One that was dropped while the backup ran has no folder in an older snapshot; the WAL ends
    // it.
    add(tablespace.oid,
        physical + "/tablespaces/" + tablespace.oid,
        target_of(tablespace, options.tablespaces),
        tablespace.location);
  }
  require_apart(plan.places);
  return plan;
}

}  // namespace hikae
