// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>
#include <system_error>

#include "base/error.h"
#include "source/files_directory.h"
#include "source/files_file.h"
#include "source/guards.h"
#include "source/paths.h"

namespace hikae {
namespace {

std::string reason(int error_number) {
  return std::generic_category().message(error_number);
}

}  // namespace

TargetsDirectory::TargetsDirectory(std::shared_ptr<const FilesTree> tree, const TargetNode& node)
    : tree_(std::move(tree)), node_(node) {}

// Exclusion of a path that nobody named: by the rules that hold in its folder.
bool TargetsDirectory::rejects(const std::string& path, const struct stat& status) const {
  const std::string shown = tree_->shown_path(path);
  const std::string folder_path(parent_path(shown));
  FolderSelection selection(tree_->selection, folder_path);
  const std::string_view name = base_name(shown);
  if (selection.rejects_name(name)) return true;
  const os::Fd folder = os::try_open(folder_path, O_RDONLY | O_DIRECTORY);
  struct stat folder_status {};
  if (folder && fstat(folder.get(), &folder_status) == 0) selection.look_for_tags(folder.get());
  selection.set_devices(folder_status.st_dev, tree_->allowed_device(shown, status.st_dev));
  return selection.rejects(name, status);
}

std::vector<SourceEntry> TargetsDirectory::read(ItemErrorSink& errors) {
  std::vector<SourceEntry> entries;
  MetadataReader metadata(tree_->facts);
  for (const auto& [name, child] : node_.children) {
    const std::string& path = child->is_leaf() ? child->path : child->info_path;
    const std::string system_path = tree_->system_path(path);
    const std::string shown_path = tree_->shown_path(path);
    const auto report = [&](Text message) {
      errors.report({ItemError::Kind::unreadable, shown_path, std::move(message)});
    };
    struct stat status {};
    // A link above the given paths stands for the folder behind it; a link that was given is stored
    // as a link.
    const int flags = child->is_leaf() ? AT_SYMLINK_NOFOLLOW : 0;
    if (fstatat(AT_FDCWD, system_path.c_str(), &status, flags) != 0) {
      if (child->named == Named::yes) tree_->lose(path_failed(errno, shown_path));
      if (errno != ENOENT || child->named == Named::yes || !child->is_leaf())
        report(text("source.entry_unreadable", {{"reason", reason(errno)}}));
      continue;
    }
    if (child->is_leaf() && child->named == Named::no && rejects(child->path, status)) continue;
    if (S_ISSOCK(status.st_mode)) continue;
    if (!MetadataReader::type_of(status) || (!child->is_leaf() && !S_ISDIR(status.st_mode))) {
      report(text("source.unknown_kind"));
      continue;
    }
    SourceEntry& entry = entries.emplace_back();
    entry.path = shown_path;
    entry.node = metadata.from_stat(name, status);
    metadata.complete(entry.node,
                      {AT_FDCWD, system_path, system_path},
                      errors,
                      child->is_leaf() ? ListingErrors::report : ListingErrors::ignore);
  }
  return entries;
}

const TargetNode& TargetsDirectory::child(const SourceEntry& entry) const {
  return *node_.children.at(entry.node.name);
}

std::unique_ptr<FilesDirectory> TargetsDirectory::files_directory(const SourceEntry& entry,
                                                                  const TargetNode& target) const {
  return std::make_unique<FilesDirectory>(tree_,
                                          tree_->anchors.at(&target),
                                          "",
                                          entry.path,
                                          tree_->allowed_device(entry.path, entry.node.device_id));
}

std::unique_ptr<SourceDirectory> TargetsDirectory::open_directory(const SourceEntry& entry) {
  const TargetNode& target = child(entry);
  if (target.is_leaf()) return files_directory(entry, target);
  return std::make_unique<TargetsDirectory>(tree_, target);
}

std::unique_ptr<SourceFile> TargetsDirectory::open_file(const SourceEntry& entry) {
  return open_files_file(tree_->anchors.at(&child(entry)), "", entry, tree_->facts);
}

bool TargetsDirectory::holds_entry() {
  SilentSink silent;
  for (const SourceEntry& entry : read(silent)) {
    const TargetNode& target = child(entry);
    if (entry.node.type != format::NodeType::dir) return true;
    if (target.is_leaf() && target.named == Named::no) return true;
    const bool holds = target.is_leaf() ? files_directory(entry, target)->holds_entry()
                                        : TargetsDirectory(tree_, target).holds_entry();
    if (holds) return true;
  }
  return false;
}

}  // namespace hikae
