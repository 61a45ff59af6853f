// SPDX-License-Identifier: Apache-2.0
#include "cli/forget_output.h"

#include "cli/snapshot_groups.h"

namespace hikae::cli {
namespace {

void write_snapshots(JsonWriter& json, const std::vector<ForgetItem>& items) {
  json.begin_array();
  for (const ForgetItem& item : items) write_snapshot_json(json, item.record);
  json.end_array();
}

void write_reasons(JsonWriter& json, const std::vector<ForgetItem>& items) {
  json.begin_array();
  for (const ForgetItem& item : items) {
    json.begin_object().key("snapshot");
    write_snapshot_json(json, item.record);
    json.key("matches").begin_array();
    for (const std::string& rule : item.rules) json.value(rule);
    json.end_array().end_object();
  }
  json.end_array();
}

void print_json(const Session& session, const ForgetPlan& plan) {
  std::string out;
  JsonWriter json(out);
  json.begin_array();
  for (const ForgetGroup& group : plan.groups) {
    json.begin_object().key("tags");
    write_key_list(json, group.tags);
    json.member("host", group.host).key("paths");
    write_key_list(json, group.paths);
    if (!group.source.empty()) json.member("source", group.source);
    json.key("keep");
    write_snapshots(json, group.keep);
    json.key("remove");
    write_snapshots(json, group.remove);
    json.key("reasons");
    write_reasons(json, group.keep);
    json.key("remove_reasons");
    write_reasons(json, group.remove);
    json.end_object();
  }
  json.end_array();
  session.console.print(out + "\n");
}

void print_table(const Session& session,
                 const ShownTime& shown,
                 const std::vector<ForgetItem>& items) {
  std::vector<SnapshotRecord> records;
  std::vector<std::vector<std::string>> reasons;
  for (const ForgetItem& item : items) {
    records.push_back(item.record);
    std::vector<std::string> lines;
    for (const Text& reason : item.reasons)
      lines.push_back(render(reason, session.console.language()));
    reasons.push_back(std::move(lines));
  }
  session.console.print(snapshot_table(session, shown, records, reasons) + "\n");
}

}  // namespace

void print_forget_plan(const Session& session, const ForgetPlan& plan, Effect effect) {
  if (session.options.json) {
    print_json(session, plan);
    return;
  }
  if (session.options.quiet) return;
  Console& console = session.console;
  // Of one clock with the reasons: only the policy counts days in its zone.
  const ShownTime shown =
      plan.policy.empty() ? ShownTime::of_this_host(session) : ShownTime(session);
  for (const ForgetGroup& group : plan.groups) {
    if (!group.title.empty()) console.print(group.title + "\n");
    if (!group.keep.empty()) {
      console.say(text("cli_forget.keep", {{"count", std::to_string(group.keep.size())}}));
      print_table(session, shown, group.keep);
    }
    if (group.remove.empty()) continue;
    const Text::Arguments count{{"count", std::to_string(group.remove.size())}};
    console.say(effect == Effect::dry_run ? text("cli_forget.would_remove", count)
                                          : text("cli_forget.remove", count));
    print_table(session, shown, group.remove);
  }
}

void print_forget_end(const Session& session, std::size_t removed, Effect effect) {
  if (effect == Effect::dry_run) {
    session.console.say(text("cli_forget.nothing_removed"));
  } else {
    session.console.say(removed == 0
                            ? text("cli_forget.nothing_to_remove")
                            : text("cli_forget.removed", {{"count", std::to_string(removed)}}));
  }
}

}  // namespace hikae::cli
