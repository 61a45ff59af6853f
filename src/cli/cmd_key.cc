// SPDX-License-Identifier: Apache-2.0
#include <unistd.h>

#include <algorithm>
#include <memory>

#include "base/json.h"
#include "cli/snapshot_options.h"
#include "os/terminal.h"
#include "repository/keys.h"
#include "service/secrets.h"

namespace hikae::cli {
namespace {

struct Options {
  std::optional<std::string> new_password_file;
  std::optional<std::string> user;
  std::optional<std::string> host;
  std::string id;
};

void print_list_json(const Session& session,
                     const std::vector<KeyRecord>& keys,
                     const KeyId& current) {
  std::string out;
  JsonWriter json(out);
  json.begin_array();
  for (const KeyRecord& record : keys) {
    json.begin_object().key("current").boolean(record.id == current);
    json.member("id", record.id.hex()).member("userName", record.key.username);
    json.member("hostName", record.key.hostname);
    json.member("created", local_time(session.environment, record.key.created)).end_object();
  }
  json.end_array();
  session.console.print(out + "\n");
}

void print_list(const Session& session, const std::vector<KeyRecord>& keys, const KeyId& current) {
  const auto heading = [&](const Text& name) { return render(name, session.console.language()); };
  Table table;
  table.add_column("");
  table.add_column(heading(text("cli_snapshots.column_id")));
  table.add_column(heading(text("cli_key.column_user")));
  table.add_column(heading(text("cli_snapshots.column_host")));
  table.add_column(heading(text("cli_key.column_created")));
  for (const KeyRecord& record : keys) {
    table.add_row({record.id == current ? "*" : "",
                   record.id.short_hex(),
                   printable(record.key.username),
                   printable(record.key.hostname),
                   local_time(session.environment, record.key.created)});
  }
  session.console.print(table.render());
  session.console.say(text("cli_key.current"));
}

int list_keys(const Session& session) {
  const OpenedRepository opened = open_repository(session, LockNeed::shared_for_reading);
  auto keys = load_keys(opened.repository->backend(), session.stop);
  std::sort(keys.begin(), keys.end(), [](const KeyRecord& a, const KeyRecord& b) {
    return format::to_instant(a.key.created) < format::to_instant(b.key.created);
  });
  if (session.options.json) {
    print_list_json(session, keys, opened.repository->key_id());
  } else {
    print_list(session, keys, opened.repository->key_id());
  }
  return 0;
}

Secret ask(const Session& session, const Text& question) {
  return Secret(os::read_password_without_echo(render(question, session.console.language()) + " ",
                                               session.stop));
}

Secret new_password(const Session& session, const Options& options) {
  if (options.new_password_file) return read_password_file(*options.new_password_file);
  if (!os::is_terminal(STDIN_FILENO)) {
    throw Error(ErrorCode::invalid_argument, text("cli_key.no_new_password"))
        .with_hint(text("cli_key.no_new_password_hint"));
  }
  Secret first = ask(session, text("cli_key.ask_new"));
  const Secret second = ask(session, text("cli_key.ask_again"));
  if (first.reveal() != second.reveal())
    throw Error(ErrorCode::invalid_argument, text("cli_key.passwords_differ"));
  return first;
}

// An empty password would protect nothing.
Secret checked_password(const Session& session, const Options& options) {
  Secret password = new_password(session, options);
  if (password.empty()) throw Error(ErrorCode::invalid_argument, text("cli_key.empty_password"));
  return password;
}

Identity key_identity(const Session& session, const Options& options) {
  Identity identity = session.environment.identity;
  if (options.user) identity.username = *options.user;
  if (options.host) identity.hostname = *options.host;
  return identity;
}

void report(const Session& session, std::string_view action, const KeyId& id, const Text& words) {
  if (!session.options.json) {
    session.console.say(words);
    return;
  }
  std::string out;
  JsonWriter json(out);
  json.begin_object().member("message_type", action).member("id", id.hex()).end_object();
  session.console.print(out + "\n");
}

int add(const Session& session, const Options& options) {
  const OpenedRepository opened = open_repository(session, LockNeed::shared);
  const Secret password = checked_password(session, options);
  Repository& repository = *opened.repository;
  const KeyId id = add_key(repository.backend(),
                           repository.cipher().key(),
                           password,
                           key_identity(session, options),
                           session.environment.clock,
                           session.stop);
  report(session, "key_added", id, text("cli_key.added", {{"key", id.short_hex()}}));
  return 0;
}

KeyId find_key(const std::vector<KeyRecord>& keys, const std::string& name) {
  std::optional<KeyId> found;
  for (const KeyRecord& record : keys) {
    if (!record.id.hex().starts_with(name)) continue;
    if (found) {
      throw Error(ErrorCode::invalid_argument, text("cli_key.ambiguous", {{"key", name}}));
    }
    found = record.id;
  }
  if (found && !name.empty()) return *found;
  throw Error(ErrorCode::not_found, text("cli_key.unknown", {{"key", name}}))
      .with_hint(text("cli_key.unknown_hint"));
}

int remove(const Session& session, const Options& options) {
  const OpenedRepository opened = open_repository(session, LockNeed::exclusive);
  Repository& repository = *opened.repository;
  const KeyId id = find_key(load_keys(repository.backend(), session.stop), options.id);
  remove_key(repository, id, session.stop);
  report(session, "key_removed", id, text("cli_key.removed", {{"key", id.short_hex()}}));
  return 0;
}

int change(const Session& session, const Options& options) {
  const OpenedRepository opened = open_repository(session, LockNeed::exclusive);
  const Secret password = checked_password(session, options);
  const KeyId id = change_password(*opened.repository,
                                   password,
                                   key_identity(session, options),
                                   session.environment.clock,
                                   session.stop);
  report(session, "key_changed", id, text("cli_key.changed", {{"key", id.short_hex()}}));
  return 0;
}

void add_new_key_options(Command& command, Options& options) {
  command.option("--new-password-file",
                 options.new_password_file,
                 "FILE",
                 text("cli_key.help_new_password_file"));
  command.option("--user", options.user, "NAME", text("cli_key.help_user"));
  command.option("--host", options.host, "NAME", text("cli_key.help_host"));
}

}  // namespace

void add_key(Command& root, const Session& session) {
  auto options = std::make_shared<Options>();
  Command& group = root.add_group("key", text("cli_key.help"));
  group.add_command("list", text("cli_key.help_list"), [&session] { return list_keys(session); });
  Command& adding = group.add_command(
      "add", text("cli_key.help_add"), [&session, options] { return add(session, *options); });
  add_new_key_options(adding, *options);
  Command& removing = group.add_command("remove", text("cli_key.help_remove"), [&session, options] {
    return remove(session, *options);
  });
  removing.argument("ID", options->id, text("cli_key.help_id"));
  Command& changing = group.add_command("passwd", text("cli_key.help_passwd"), [&session, options] {
    return change(session, *options);
  });
  add_new_key_options(changing, *options);
}

}  // namespace hikae::cli
