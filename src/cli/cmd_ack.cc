// SPDX-License-Identifier: Apache-2.0
#include <memory>

#include "base/json.h"
#include "cli/session.h"
#include "cli/tick_output.h"
#include "format/time.h"
#include "policy/time_zone.h"
#include "scheduler/tick.h"
#include "service/validate_logs.h"

namespace hikae::cli {
namespace {

enum class Listing { waits, acknowledged };

void print_slots(const Session& session,
                 const policy::Policy& policy,
                 Listing listing,
                 const std::vector<SlotRecord>& slots) {
  for (const SlotRecord& slot : slots) {
    if (slot.id.job == kAnomalyJob) {
      session.console.say(
          text(listing == Listing::waits ? "cli_due.anomaly_waits" : "cli_due.anomaly_acknowledged",
               {{"source", slot.id.group},
                {"time", policy::policy_time(policy.timezone, slot.id.scheduled)}}));
      continue;
    }
    session.console.say(
        text(listing == Listing::waits ? "cli_due.waits_for_ack" : "cli_due.acknowledged",
             {{"job", render(job_word(slot.id.job), session.console.language())},
              {"scheduled", policy::policy_time(policy.timezone, slot.id.scheduled)},
              {"state", render(state_word(slot.state), session.console.language())}}));
  }
}

std::string to_json(const std::vector<SlotRecord>& slots) {
  std::string out;
  JsonWriter json(out);
  json.begin_array();
  for (const SlotRecord& slot : slots) {
    json.begin_object().member("job", slot.id.job).member("group", slot.id.group);
    json.member("scheduled", format::to_rfc3339(format::to_timestamp(slot.id.scheduled)));
    json.end_object();
  }
  json.end_array();
  return out + "\n";
}

int ack(const Session& session, const std::string& slot) {
  const LoadedPolicy loaded = load_policy(session);
  const auto journal = Journal::open(
      session.environment.state_directory, session.environment.clock, session.environment.log);
  NullEventSink sink;
  const TickContext context{loaded.policy, session.environment, *journal, sink};
  // Without a name it only tells what waits.
  const bool only_lists = slot.empty();
  const auto slots =
      only_lists ? journal->slots().unacknowledged(loaded.policy.name) : acknowledge(context, slot);
  if (session.options.json) {
    session.console.print(to_json(slots));
    return 0;
  }
  if (slots.empty()) session.console.say(text("cli_due.none_waits"));
  print_slots(session, loaded.policy, only_lists ? Listing::waits : Listing::acknowledged, slots);
  return 0;
}

}  // namespace

void add_ack(Command& root, const Session& session) {
  auto slot = std::make_shared<std::string>();
  Command& command = root.add_command(
      "ack", text("cli_due.help_ack"), [&session, slot] { return ack(session, *slot); });
  command.optional_argument("SLOT", *slot, text("cli_due.help_ack_slot"));
}

}  // namespace hikae::cli
