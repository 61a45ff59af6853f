// SPDX-License-Identifier: Apache-2.0
#include <memory>

#include "base/json.h"
#include "cli/snapshot_options.h"
#include "repository/lock.h"

namespace hikae::cli {
namespace {

void print_json(const Session& session, const std::vector<LockRecord>& removed) {
  std::string out;
  JsonWriter json(out);
  json.begin_object().member("message_type", "summary").key("removed").begin_array();
  for (const LockRecord& record : removed) {
    json.begin_object().member("id", record.id.hex());
    json.key("damaged").boolean(record.damaged);
    json.member("time", format::to_rfc3339(record.lock.time));
    json.key("exclusive").boolean(record.lock.exclusive);
    json.member("hostname", record.lock.hostname).member("username", record.lock.username);
    json.member("pid", record.lock.pid).end_object();
  }
  json.end_array().end_object();
  session.console.print(out + "\n");
}

void print_words(const Session& session, const std::vector<LockRecord>& removed) {
  for (const LockRecord& record : removed) {
    const format::Lock& lock = record.lock;
    if (record.damaged) {
      session.console.say(text("cli_unlock.removed_damaged", {{"lock", record.id.short_hex()}}));
      continue;
    }
    const Text::Arguments facts{{"lock", record.id.short_hex()},
                                {"user", printable(lock.username)},
                                {"host", printable(lock.hostname)},
                                {"pid", std::to_string(lock.pid)},
                                {"time", local_time(session.environment, lock.time)}};
    session.console.say(lock.exclusive ? text("cli_unlock.removed_exclusive", facts)
                                       : text("cli_unlock.removed", facts));
  }
  if (removed.empty()) session.console.say(text("cli_unlock.none"));
}

int run(const Session& session, UnlockScope scope) {
  const OpenedRepository opened = open_repository(session, LockNeed::none);
  const auto removed = unlock(*opened.repository,
                              scope,
                              session.environment.identity,
                              session.environment.clock,
                              session.stop);
  if (session.options.json) {
    print_json(session, removed);
  } else {
    print_words(session, removed);
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
