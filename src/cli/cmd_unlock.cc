// SPDX-License-Identifier: Apache-2.0
#include <memory>

#include "base/json.h"
#include "cli/snapshot_options.h"
#include "repository/lock.h"

namespace hikae::cli {
namespace {

void write_locks(JsonWriter& json, const char* key, const std::vector<LockRecord>& locks) {
  json.key(key).begin_array();
  for (const LockRecord& record : locks) {
    json.begin_object().member("id", record.id.hex());
    json.key("damaged").boolean(record.damaged);
    json.member("time", format::to_rfc3339(record.lock.time));
    json.key("exclusive").boolean(record.lock.exclusive);
    json.member("hostname", record.lock.hostname).member("username", record.lock.username);
    json.member("pid", record.lock.pid).end_object();
  }
  json.end_array();
}

Text::Arguments facts_of(const Session& session, const LockRecord& record) {
  const format::Lock& lock = record.lock;
  return {{"lock", record.id.short_hex()},
          {"user", lock.username},
          {"host", lock.hostname},
          {"pid", std::to_string(lock.pid)},
          {"time", local_time(session.environment, lock.time)}};
}

void print_removed(const Session& session, const std::vector<LockRecord>& removed) {
  for (const LockRecord& record : removed) {
    if (record.damaged) {
      session.console.say(text("cli_unlock.removed_damaged", {{"lock", record.id.short_hex()}}));
      continue;
    }
    const Text::Arguments facts = facts_of(session, record);
    session.console.say(record.lock.exclusive ? text("cli_unlock.removed_exclusive", facts)
                                              : text("cli_unlock.removed", facts));
  }
  if (removed.empty()) session.console.say(text("cli_unlock.none"));
}

// Whoever came here because of a lock must learn why it is still there.
void print_remaining(const Session& session, const std::vector<LockRecord>& remaining) {
  for (const LockRecord& record : remaining) {
    session.console.say(record.damaged
                            ? text("cli_unlock.damaged_stays", {{"lock", record.id.short_hex()}})
                            : text("cli_unlock.stays", facts_of(session, record)));
  }
  if (!remaining.empty()) session.console.say(text("cli_unlock.stays_hint"));
}

int run(const Session& session, UnlockScope scope) {
  const OpenedRepository opened = open_repository(session, LockNeed::none);
  const auto removed = unlock(*opened.repository,
                              scope,
                              session.environment.identity,
                              session.environment.clock,
                              session.stop);
  const auto remaining = load_locks(*opened.repository, session.stop);
  if (session.options.json) {
    std::string out;
    JsonWriter json(out);
    json.begin_object().member("message_type", "summary");
    write_locks(json, "removed", removed);
    write_locks(json, "remaining", remaining);
    json.end_object();
    session.console.print(out + "\n");
  } else {
    print_removed(session, removed);
    print_remaining(session, remaining);
  }
  return 0;
}

}  // namespace

void add_unlock(Command& root, const Session& session) {
  auto all = std::make_shared<bool>(false);
  Command& command = root.add_command("unlock", text("cli_unlock.help"), [&session, all] {
    return run(session, *all ? UnlockScope::all : UnlockScope::stale);
  });
  command.flag("--remove-all", *all, text("cli_unlock.help_remove_all"));
}

}  // namespace hikae::cli
