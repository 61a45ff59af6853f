// SPDX-License-Identifier: Apache-2.0
#include <unistd.h>

#include <algorithm>
#include <memory>

#include "base/json.h"
#include "cli/snapshot_options.h"
#include "crypto/hash.h"
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

struct ListedKey {
  std::string name;
  std::optional<format::KeyFile> key;  // nothing: the file is damaged
};

// A damaged key file does not hide the others, and can be removed.
std::vector<ListedKey> read_keys(const Session& session, Backend& backend) {
  std::vector<ListedKey> keys;
  backend.list(
      FileType::key,
      [&](const FileInfo& file) {
        keys.push_back({file.name, {}});
      },
      session.stop);
  for (ListedKey& listed : keys) {
    try {
      const Bytes file = backend.load({FileType::key, listed.name}, session.stop);
      if (sha256(file).hex() == listed.name) listed.key = format::decode_key_file(as_text(file));
    } catch (const Error& error) {
      if (error.code() != ErrorCode::corrupt) throw;
    }
  }
  std::sort(keys.begin(), keys.end(), [](const ListedKey& a, const ListedKey& b) {
    if (!a.key || !b.key) return a.key.has_value() && !b.key.has_value();
    return format::to_instant(a.key->created) < format::to_instant(b.key->created);
  });
  return keys;
}

void print_list_json(const Session& session,
                     const std::vector<ListedKey>& keys,
                     const std::string& current) {
  std::string out;
  JsonWriter json(out);
  json.begin_array();
  for (const ListedKey& listed : keys) {
    json.begin_object().key("current").boolean(listed.name == current);
    json.member("id", listed.name);
    if (listed.key) {
      json.member("userName", listed.key->username).member("hostName", listed.key->hostname);
      json.member("created", local_time(session.environment, listed.key->created));
    } else {
      json.key("damaged").boolean(true);
    }
    json.end_object();
  }
  json.end_array();
  session.console.print(out + "\n");
}

void print_list(const Session& session,
                const std::vector<ListedKey>& keys,
                const std::string& current) {
  const auto words = [&](const Text& name) { return render(name, session.console.language()); };
  Table table;
  table.add_column("");
  table.add_column(words(text("cli_snapshots.column_id")));
  table.add_column(words(text("cli_key.column_user")));
  table.add_column(words(text("cli_snapshots.column_host")));
  table.add_column(words(text("cli_key.column_created")));
  for (const ListedKey& listed : keys) {
    std::vector<std::string> row{listed.name == current ? "*" : "", listed.name.substr(0, 8)};
    if (listed.key) {
      row.push_back(printable(listed.key->username));
      row.push_back(printable(listed.key->hostname));
      row.push_back(local_time(session.environment, listed.key->created));
    } else {
      row.push_back(words(text("cli_key.damaged")));
    }
    table.add_row(row);
  }
  session.console.print(table.render());
  session.console.say(text("cli_key.current"));
}

int list_keys(const Session& session) {
  const OpenedRepository opened = open_repository(session, LockNeed::shared_for_reading);
  const auto keys = read_keys(session, opened.repository->backend());
  const std::string current = opened.repository->key_id().hex();
  if (session.options.json) {
    print_list_json(session, keys, current);
  } else {
    print_list(session, keys, current);
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

KeyId find_key(const Session& session, Backend& backend, const std::string& start) {
  std::optional<KeyId> found;
  for (const ListedKey& listed : read_keys(session, backend)) {
    if (start.empty() || !listed.name.starts_with(start)) continue;
    if (found)
      throw Error(ErrorCode::invalid_argument, text("cli_key.ambiguous", {{"key", start}}));
    found = KeyId::parse(listed.name);
  }
  if (found) return *found;
  throw Error(ErrorCode::not_found, text("cli_key.unknown", {{"key", start}}))
      .with_hint(text("cli_key.unknown_hint"));
}

int remove(const Session& session, const Options& options) {
  const OpenedRepository opened = open_repository(session, LockNeed::exclusive);
  Repository& repository = *opened.repository;
  const KeyId id = find_key(session, repository.backend(), options.id);
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
