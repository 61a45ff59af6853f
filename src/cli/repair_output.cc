// SPDX-License-Identifier: Apache-2.0
#include "cli/repair_output.h"

#include "base/json.h"
#include "base/units.h"

namespace hikae::cli {
namespace {

using Action = RepairItem::Action;
using Kind = RepairItem::Kind;
using Reason = RepairItem::Reason;
using State = RepairResult::State;
using Sources = std::vector<RepairSource>;

// The words of the JSON.
std::string_view word(Kind kind) {
  switch (kind) {
    case Kind::pack:
      return "pack";
    case Kind::index:
      return "index";
    case Kind::snapshot:
      return "snapshot";
    case Kind::blob:
      return "blob";
  }
  return "";
}

std::string_view word(Action action) {
  switch (action) {
    case Action::replace:
      return "replace";
    case Action::rebuild:
      return "rebuild";
    case Action::name:
      return "name";
    case Action::fetch:
      return "fetch";
    case Action::remove:
      return "remove";
    case Action::give_up:
      return "give_up";
  }
  return "";
}

std::string_view word(Reason reason) {
  switch (reason) {
    case Reason::missing:
      return "missing";
    case Reason::wrong_size:
      return "wrong_size";
    case Reason::damaged:
      return "damaged";
    case Reason::unreadable:
      return "unreadable";
    case Reason::not_indexed:
      return "not_indexed";
    case Reason::not_stored:
      return "not_stored";
  }
  return "";
}

std::string_view word(State state) {
  switch (state) {
    case State::done:
      return "done";
    case State::lost:
      return "lost";
    case State::failed:
      return "failed";
  }
  return "";
}

Text kind_text(Kind kind) {
  switch (kind) {
    case Kind::pack:
      return text("cli_check.kind_pack");
    case Kind::index:
      return text("cli_check.kind_index");
    case Kind::snapshot:
      return text("cli_check.kind_snapshot");
    case Kind::blob:
      return text("cli_check.kind_blob");
  }
  return {};
}

Text reason_text(Reason reason) {
  switch (reason) {
    case Reason::missing:
      return text("cli_check.reason_missing");
    case Reason::wrong_size:
      return text("cli_check.reason_wrong_size");
    case Reason::damaged:
      return text("cli_check.reason_damaged");
    case Reason::unreadable:
      return text("cli_check.reason_unreadable");
    case Reason::not_indexed:
      return text("cli_check.reason_not_indexed");
    case Reason::not_stored:
      return text("cli_check.reason_not_stored");
  }
  return {};
}

Text planned_text(const RepairItem& item, Text::Arguments arguments) {
  switch (item.action) {
    case Action::replace:
      return text("cli_check.would_replace", std::move(arguments));
    case Action::rebuild:
      arguments.emplace_back("here", std::to_string(item.blobs_here));
      arguments.emplace_back("fetched", std::to_string(item.blobs_fetched));
      arguments.emplace_back("unknown", std::to_string(item.blobs_unknown));
      return text("cli_check.would_rebuild", std::move(arguments));
    case Action::name:
      return text("cli_check.would_name", std::move(arguments));
    case Action::fetch:
      return text("cli_check.would_fetch", std::move(arguments));
    case Action::remove:
      return text("cli_check.would_remove", std::move(arguments));
    case Action::give_up:
      return text("cli_check.would_give_up", std::move(arguments));
  }
  return {};
}

Text done_text(const RepairResult& result, Text::Arguments arguments) {
  if (result.state == State::failed) return text("cli_check.repair_failed", std::move(arguments));
  if (result.state == State::lost) return text("cli_check.repair_lost", std::move(arguments));
  if (result.source) return text("cli_check.repaired_from", std::move(arguments));
  return text("cli_check.repaired", std::move(arguments));
}

std::string source_name(const Sources& sources, const std::optional<std::size_t>& number) {
  return number ? sources[*number].name : std::string();
}

Text::Arguments item_arguments(const Session& session, const RepairItem& item) {
  const Language language = session.console.language();
  return {{"kind", render(kind_text(item.kind), language)},
          {"name", item.name},
          {"reason", render(reason_text(item.reason), language)}};
}

void write_item(JsonWriter& json, const RepairItem& item, const std::string& from) {
  json.member("kind", word(item.kind)).member("action", word(item.action));
  json.member("reason", word(item.reason)).member("name", item.name);
  if (!from.empty()) json.member("from", from);
}

void print_plan_json(const Session& session, const RepairPlan& plan, const Sources& sources) {
  std::string out;
  JsonWriter json(out);
  json.begin_object().member("message_type", "repair").key("dry_run").boolean(true);
  json.key("items").begin_array();
  for (const RepairItem& item : plan.items) {
    json.begin_object();
    write_item(json, item, source_name(sources, item.source));
    if (item.action == Action::rebuild) {
      json.member("blobs_here", item.blobs_here).member("blobs_fetched", item.blobs_fetched);
      json.member("blobs_unknown", item.blobs_unknown);
    }
    json.end_object();
  }
  json.end_array().end_object();
  session.console.print(out + "\n");
}

void print_end_json(const Session& session, const RepairEnd& end) {
  std::string out;
  JsonWriter json(out);
  json.begin_object().member("message_type", "repair").key("dry_run").boolean(false);
  json.key("items").begin_array();
  for (const RepairResult& result : end.repaired.results) {
    json.begin_object();
    write_item(json, result.item, source_name(end.sources, result.source));
    json.member("state", word(result.state));
    if (result.failure) json.member("error", render(*result.failure, session.console.language()));
    json.end_object();
  }
  json.end_array().key("lost_blobs").begin_array();
  for (const BlobRef& blob : end.repaired.lost) json.value(blob.id.hex());
  json.end_array().key("lacking").begin_array();
  for (const LackingFile& file : end.lacking) {
    json.begin_object().member("snapshot", file.snapshot.hex()).member("path", file.path);
    json.end_object();
  }
  json.end_array().member("bytes_written", end.repaired.bytes_written);
  json.member("num_errors", end.again.errors).key("healed").boolean(end.again.errors == 0);
  json.end_object();
  session.console.print(out + "\n");
}

void print_lacking(const Session& session, const RepairEnd& end) {
  if (end.lacking.empty()) return;
  session.console.say(text("cli_check.lacking", {{"count", std::to_string(end.lacking.size())}}));
  std::string lines;
  for (const LackingFile& file : end.lacking)
    lines += "  " + file.snapshot.short_hex() + "  " + printable(file.path) + "\n";
  session.console.print(lines);
  session.console.say(text("cli_check.lacking_hint"));
}

void print_verdict(const Session& session, const RepairEnd& end) {
  if (end.again.errors == 0) {
    // Good now, but disks that lose data once may do so again.
    session.console.warning(text("cli_check.healed",
                                 {{"count", std::to_string(end.repaired.results.size())},
                                  {"bytes", format_bytes(end.repaired.bytes_written)}}));
    return;
  }
  for (const CheckFinding& finding : end.again.findings) {
    if (finding.severity != CheckFinding::Severity::error) continue;
    session.console.say(text("cli_check.error",
                             {{"message", render(finding.message, session.console.language())}}));
  }
  print_lacking(session, end);
  session.console.say(text("cli_check.not_healed", {{"count", std::to_string(end.again.errors)}}));
}

}  // namespace

void print_repair_plan(const Session& session, const RepairPlan& plan, const Sources& sources) {
  if (session.options.json) {
    print_plan_json(session, plan, sources);
    return;
  }
  for (const RepairItem& item : plan.items) {
    Text::Arguments arguments = item_arguments(session, item);
    arguments.emplace_back("from", source_name(sources, item.source));
    session.console.say(planned_text(item, std::move(arguments)));
  }
  session.console.say(plan.changes_anything() ? text("cli_check.nothing_changed")
                                              : text("cli_check.nothing_to_repair_with"));
}

void print_repair(const Session& session, const RepairEnd& end) {
  if (session.options.json) {
    print_end_json(session, end);
    return;
  }
  for (const RepairResult& result : end.repaired.results) {
    Text::Arguments arguments = item_arguments(session, result.item);
    arguments.emplace_back("from", source_name(end.sources, result.source));
    if (result.failure)
      arguments.emplace_back("error", render(*result.failure, session.console.language()));
    session.console.say(done_text(result, std::move(arguments)));
  }
  print_verdict(session, end);
}

}  // namespace hikae::cli
