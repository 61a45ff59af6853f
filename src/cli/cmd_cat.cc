// SPDX-License-Identifier: Apache-2.0
#include <memory>

#include "cli/json_pretty.h"
#include "cli/reading.h"
#include "cli/snapshot_options.h"
#include "crypto/hash.h"
#include "format/files.h"
#include "repository/keys.h"

namespace hikae::cli {
namespace {

struct Options {
  std::string kind;
  std::string id;
};

Error bad_id(const std::string& id) {
  return Error(ErrorCode::invalid_argument, text("cli_cat.bad_id", {{"id", printable(id)}}))
      .with_hint(text("cli_cat.bad_id_hint"));
}

Digest parse_id(const std::string& hex) {
  const auto id = Digest::parse(hex);
  if (!id) throw bad_id(hex);
  return *id;
}

void print_line(const Session& session, const std::string& words) {
  session.console.print(words + "\n");
}

void print_pretty(const Session& session, const std::string& json) {
  print_line(session, pretty_json(json));
}

std::string master_key_json(const Cipher& cipher) {
  const MasterKey& key = cipher.key();
  format::MasterKeyFields fields;
  fields.encrypt = key.encrypt;
  fields.mac_k = key.mac_k;
  fields.mac_r = key.mac_r;
  return format::encode(fields);
}

// A damaged pack is printed all the same: whoever looks at it wants to see it.
void print_pack(const Session& session, Repository& repository, const Digest& id) {
  const Bytes pack = repository.backend().load({FileType::pack, id.hex()}, session.stop);
  if (sha256(pack) != id)
    session.console.warning(text("cli_cat.pack_damaged", {{"pack", id.hex()}}));
  session.console.print(as_text(pack));
}

void print_blob(const Session& session, Repository& repository, const BlobId& id) {
  const Index index = load_index_for_reading(session, repository);
  for (const auto type : {format::BlobType::data, format::BlobType::tree}) {
    if (!index.has(type, id)) continue;
    session.console.print(as_text(repository.load_blob(index, type, id, session.stop)));
    return;
  }
  throw Error(ErrorCode::not_found, text("cli_cat.no_blob", {{"blob", id.hex()}}));
}

void print_tree(const Session& session, Repository& repository, const std::string& argument) {
  const auto [name, subfolder] = split_snapshot_name(argument);
  const auto all = repository.load_snapshots(session.console, session.stop);
  const SnapshotRecord& record = find_snapshot(all, name, {});
  const Index index = load_index_for_reading(session, repository);
  const auto node = find_node(repository, index, record.snapshot.tree, subfolder, session.stop);
  if (!node || !node->subtree) {
    throw Error(ErrorCode::not_found, text("cli_ls.no_folder", {{"path", printable(subfolder)}}))
        .with_hint(text("cli_ls.no_folder_hint", {{"snapshot", record.id.short_hex()}}));
  }
  session.console.print(
      as_text(repository.load_blob(index, format::BlobType::tree, *node->subtree, session.stop)));
}

void print_snapshot(const Session& session, Repository& repository, const std::string& name) {
  const auto all = repository.load_snapshots(session.console, session.stop);
  print_pretty(session, format::encode(find_snapshot(all, name, {}).snapshot));
}

int run(const Session& session, const Options& options) {
  const std::string& kind = options.kind;
  const bool needs_id = kind != "masterkey" && kind != "config";
  if (needs_id && options.id.empty()) throw bad_id("");
  const OpenedRepository opened = open_repository(session, LockNeed::shared_for_reading);
  Repository& repository = *opened.repository;
  if (kind == "config") {
    print_pretty(session, format::encode(repository.config()));
  } else if (kind == "masterkey") {
    print_pretty(session, master_key_json(repository.cipher()));
  } else if (kind == "snapshot") {
    print_snapshot(session, repository, options.id);
  } else if (kind == "tree") {
    print_tree(session, repository, options.id);
  } else if (kind == "index") {
    const std::string id = parse_id(options.id).hex();
    print_line(session, repository.load_unpacked(FileType::index, id, session.stop));
  } else if (kind == "lock") {
    const std::string id = parse_id(options.id).hex();
    print_pretty(session, repository.load_unpacked(FileType::lock, id, session.stop));
  } else if (kind == "key") {
    const FileHandle file{FileType::key, parse_id(options.id).hex()};
    print_pretty(session, std::string(as_text(repository.backend().load(file, session.stop))));
  } else if (kind == "pack") {
    print_pack(session, repository, parse_id(options.id));
  } else {
    print_blob(session, repository, id_cast<BlobId>(parse_id(options.id)));
  }
  return 0;
}

}  // namespace

void add_cat(Command& root, const Session& session) {
  auto options = std::make_shared<Options>();
  Command& command = root.add_command("cat", text("cli_cat.help"), [&session, options] {
    static const std::vector<std::string> kKinds = {
        "config", "masterkey", "key", "lock", "snapshot", "index", "tree", "blob", "pack"};
    if (std::find(kKinds.begin(), kKinds.end(), options->kind) == kKinds.end()) {
      throw Error(ErrorCode::invalid_argument,
                  text("cli_cat.bad_kind", {{"kind", printable(options->kind)}}))
          .with_hint(text("cli_cat.help_kind"));
    }
    return run(session, *options);
  });
  command.argument("KIND", options->kind, text("cli_cat.help_kind"));
  command.optional_argument("ID", options->id, text("cli_cat.help_id"));
}

}  // namespace hikae::cli
