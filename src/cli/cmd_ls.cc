// SPDX-License-Identifier: Apache-2.0
#include <sys/stat.h>

#include <memory>

#include <fmt/format.h>

#include "cli/file_mode.h"
#include "cli/reading.h"
#include "cli/snapshot_options.h"

namespace hikae::cli {
namespace {

constexpr std::size_t kPrintedAtOnce = std::size_t{64} * 1024;

struct Options {
  SnapshotOptions select;
  std::string snapshot;
  std::vector<std::string> folders;
  bool detailed = false;
  bool recursive = false;
};

// Whether `path` is `folder` or lies below it.
bool is_within(const std::string& path, const std::string& folder) {
  if (!path.starts_with(folder)) return false;
  return folder == "/" || path.size() == folder.size() || path[folder.size()] == '/';
}

class Lister {
 public:
  Lister(const Session& session, const Options& options, Repository& repository, const Index& index)
      : session_(session), options_(options), repository_(repository), index_(index) {}

  void walk(const BlobId& tree, const std::string& folder) {
    const Bytes json = repository_.load_blob(index_, format::BlobType::tree, tree, session_.stop);
    for (const format::Node& node : format::decode_tree(json)) {
      const std::string path = (folder == "/" ? "" : folder) + "/" + node.name;
      const bool listed = is_listed(path);
      if (listed) print(node, path);
      if (node.subtree && (leads_to_listed(path) || (listed && options_.recursive)))
        walk(*node.subtree, path);
    }
  }
  void flush() {
    session_.console.print(out_);
    out_.clear();
  }

 private:
  // As in restic: everything without folders; with them, what stands in them, and with --recursive
  // below them.
  bool is_listed(const std::string& path) const {
    if (options_.folders.empty()) return true;
    for (const std::string& folder : options_.folders) {
      if (is_within(path, folder)) return true;
    }
    return false;
  }
  bool leads_to_listed(const std::string& path) const {
    if (options_.folders.empty()) return true;
    for (const std::string& folder : options_.folders) {
      if (is_within(folder, path)) return true;
    }
    return false;
  }

  void print(const format::Node& node, const std::string& path) {
    if (session_.options.json) {
      print_json(node, path);
    } else if (options_.detailed) {
      print_long(node, path);
    } else {
      out_ += printable(path) + "\n";
    }
    if (out_.size() > kPrintedAtOnce) flush();
  }

  void print_long(const format::Node& node, const std::string& path) {
    const std::string target =
        node.type == format::NodeType::symlink ? " -> " + printable(node.link_target) : "";
    out_ += fmt::format("{} {:>5} {:>5} {:>6} {} {}{}\n",
                        mode_string(node.mode),
                        node.uid,
                        node.gid,
                        node.size,
                        local_time(session_.environment, node.mtime),
                        printable(path),
                        target);
  }

  void print_json(const format::Node& node, const std::string& path) {
    JsonWriter json(out_);
    json.begin_object().member("name", node.name).member("type", to_string(node.type));
    json.member("path", path).member("uid", node.uid).member("gid", node.gid);
    if (node.type == format::NodeType::file) json.member("size", node.size);
    if (node.mode != 0) json.member("mode", node.mode);
    json.member("permissions", mode_string(node.mode));
    json.member("mtime", format::to_rfc3339(node.mtime));
    json.member("atime", format::to_rfc3339(node.atime));
    json.member("ctime", format::to_rfc3339(node.ctime));
    if (node.inode != 0) json.member("inode", node.inode);
    json.member("message_type", "node").member("struct_type", "node").end_object();
    out_ += "\n";
  }

  const Session& session_;
  const Options& options_;
  Repository& repository_;
  const Index& index_;
  std::string out_;
};

void print_heading(const Session& session, const SnapshotRecord& record) {
  if (session.options.json) {
    session.console.print(open_snapshot_json(record) +
                          ",\"message_type\":\"snapshot\",\"struct_type\":\"snapshot\"}\n");
  } else if (session.options.verbose > 0) {
    session.console.say(text("cli_ls.heading",
                             {{"snapshot", record.id.short_hex()},
                              {"host", printable(record.snapshot.hostname)},
                              {"time", local_time(session.environment, record.snapshot.time)}}));
  }
}

void check_folders(std::vector<std::string>& folders) {
  for (std::string& folder : folders) {
    if (!folder.starts_with('/')) {
      throw Error(ErrorCode::invalid_argument, text("cli_ls.not_absolute", {{"path", folder}}));
    }
    while (folder.size() > 1 && folder.back() == '/') folder.pop_back();
  }
}

int run(const Session& session, Options& options) {
  check_folders(options.folders);
  const auto [name, subfolder] = split_snapshot_name(options.snapshot);
  const OpenedRepository opened = open_repository(session, LockNeed::shared_for_reading);
  Repository& repository = *opened.repository;
  const auto all = repository.load_snapshots(session.console, session.stop);
  const SnapshotRecord& record = find_snapshot(all, name, options.select.filter());
  const Index index = load_index_for_reading(session, repository);
  const auto root = find_node(repository, index, record.snapshot.tree, subfolder, session.stop);
  if (!root || !root->subtree) {
    throw Error(ErrorCode::not_found, text("cli_ls.no_folder", {{"path", printable(subfolder)}}))
        .with_hint(text("cli_ls.no_folder_hint", {{"snapshot", record.id.short_hex()}}));
  }
  print_heading(session, record);
  Lister lister(session, options, repository, index);
  lister.walk(*root->subtree, "/");
  lister.flush();
  return 0;
}

}  // namespace

void add_ls(Command& root, const Session& session) {
  auto options = std::make_shared<Options>();
  Command& command = root.add_command(
      "ls", text("cli_ls.help"), [&session, options] { return run(session, *options); });
  options->select.add_to(command);
  command.flag("-l,--long", options->detailed, text("cli_ls.help_long"));
  command.flag("--recursive", options->recursive, text("cli_ls.help_recursive"));
  command.argument("ID", options->snapshot, text("cli_ls.help_snapshot"));
  command.arguments("DIR", options->folders, text("cli_ls.help_folders"));
}

}  // namespace hikae::cli
