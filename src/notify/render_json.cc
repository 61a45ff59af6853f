// SPDX-License-Identifier: Apache-2.0
#include "base/json.h"
#include "net/web_time.h"
#include "notify/render.h"

namespace hikae::notify {
namespace {

void write_slot(JsonWriter& json, const SlotId& slot) {
  if (slot.scheduled == Instant{}) return;
  json.key("slot").begin_object().member("job", slot.job).member("group", slot.group);
  json.member("scheduled", net::iso_time(slot.scheduled)).end_object();
}

void write_outcome(JsonWriter& json, const OutcomeFacts& outcome) {
  json.begin_object().member("source", outcome.source).member("destination", outcome.destination);
  json.member("verdict", to_string(outcome.verdict));
  if (outcome.files) json.member("files", *outcome.files);
  if (outcome.bytes) json.member("bytes", *outcome.bytes);
  if (outcome.added) json.member("bytes_stored", *outcome.added);
  if (outcome.took) json.member("seconds", static_cast<std::int64_t>(outcome.took->count()));
  json.member("unreadable", outcome.unreadable);
  if (!outcome.snapshot.empty()) json.member("snapshot", outcome.snapshot);
  if (outcome.kept) json.member("kept", *outcome.kept);
  json.member("dropped", outcome.dropped).end_object();
}

void write_problems(JsonWriter& json, const Message& message) {
  json.key("problems").begin_array();
  for (const Problem& problem : message.problems) {
    json.begin_object().member("message", problem.what);
    if (!problem.next_step.empty()) json.member("next_step", problem.next_step);
    json.end_object();
  }
  json.end_array();
}

void write_attempts(JsonWriter& json, const Message& message) {
  json.key("attempts").begin_array();
  for (const Attempt& attempt : message.attempts) {
    json.begin_object().member("started", net::iso_time(attempt.started));
    if (attempt.verdict) json.member("verdict", to_string(*attempt.verdict));
    if (!attempt.reason.empty()) json.member("message", attempt.reason);
    json.end_object();
  }
  json.end_array();
}

void write_list(JsonWriter& json, std::string_view name, const std::vector<std::string>& lines) {
  json.key(name).begin_array();
  for (const std::string& line : lines) json.value(line);
  json.end_array();
}

void write_items(JsonWriter& json, const Message& message) {
  json.key("items").begin_array();
  for (const UnreadableItem& item : message.items) {
    json.begin_object().member("source", item.source).member("path", item.path);
    json.member("message", item.reason).end_object();
  }
  json.end_array();
}

}  // namespace

std::string to_json(const Message& message, std::string_view subject, Details details) {
  std::string out;
  JsonWriter json(out);
  json.begin_object().member("program", "hikae").member("occasion", word_of(message.occasion));
  json.member("job", message.slot.job).member("verdict", to_string(message.verdict));
  json.key("failure").boolean(is_failure(message));
  json.key("concerns").begin_array();
  for (const Concern concern : message.concerns) json.value(word_of(concern));
  json.end_array();
  json.member("subject", subject).member("text", lead_of(message)).member("policy", message.policy);
  json.member("time", net::iso_time(message.time));
  if (details != Details::none) {
    json.member("host", message.host);
    if (!message.run.empty()) json.member("run", message.run);
    write_slot(json, message.slot);
    if (message.started) json.member("started", net::iso_time(*message.started));
    if (message.finished) json.member("finished", net::iso_time(*message.finished));
    if (message.since) json.member("since", net::iso_time(*message.since));
    if (!message.channel.empty()) json.member("channel", message.channel);
    json.member("unreadable", message.unreadable).key("outcomes").begin_array();
    for (const OutcomeFacts& outcome : message.outcomes) write_outcome(json, outcome);
    json.end_array();
    write_problems(json, message);
    write_list(json, "notes", message.notes);
    write_attempts(json, message);
    if (!message.subjects.empty()) write_list(json, "subjects", message.subjects);
  }
  if (details == Details::full) write_items(json, message);
  json.end_object();
  return out;
}

}  // namespace hikae::notify
