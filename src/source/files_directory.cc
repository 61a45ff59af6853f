// SPDX-License-Identifier: Apache-2.0
#include "source/files_directory.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>
#include <system_error>

#include "base/error.h"
#include "source/files_file.h"
#include "source/folder_names.h"

namespace hikae {
FilesDirectory::FilesDirectory(std::shared_ptr<const FilesTree> tree,
                               const Anchor& anchor,
                               std::string relative,
                               std::string path,
                               dev_t allowed_device)
    : tree_(std::move(tree)),
      anchor_(anchor),
      relative_(std::move(relative)),
      path_(std::move(path)),
      allowed_device_(allowed_device) {}

os::Fd FilesDirectory::open() const {
  os::Fd folder = anchor_.try_open(relative_, O_RDONLY | O_DIRECTORY);
  if (!folder && errno == ELOOP)
    throw Error(ErrorCode::permission, text("source.became_link", {{"path", path_}}));
  if (!folder) throw system_error(errno, text("source.folder_open_failed", {{"path", path_}}));
  // Only the owner and root may leave the access time alone; others change it.
  fcntl(folder.get(), F_SETFL, O_NOATIME);
  return folder;
}

std::string FilesDirectory::relative_to(const std::string& name) const {
  return relative_.empty() ? name : relative_ + "/" + name;
}

void FilesDirectory::visit_entries(ItemErrorSink& errors, const Visit& visit) const {
  const os::Fd folder = open();
  struct stat status {};
  if (fstat(folder.get(), &status) != 0)
    throw system_error(errno, text("source.metadata_failed", {{"path", path_}}));
  const FolderNames list(folder.get(), path_);
  FolderSelection selection(tree_->selection, path_);
  selection.look_for_tags(folder.get());
  selection.set_devices(status.st_dev, allowed_device_);
  const auto report = [&](std::string_view name, Text message) {
    errors.report(
        {ItemError::Kind::unreadable, path_ + "/" + std::string(name), std::move(message)});
  };
  for (const std::string_view name : list.names()) {
    if (selection.rejects_name(name)) continue;
    if (fstatat(folder.get(), name.data(), &status, AT_SYMLINK_NOFOLLOW) != 0) {
      // What was removed since the folder was listed was not there to store.
      if (errno != ENOENT)
        report(
            name,
            text("source.entry_unreadable", {{"reason", std::generic_category().message(errno)}}));
    } else if (selection.rejects(name, status) || S_ISSOCK(status.st_mode)) {
      continue;
    } else if (!MetadataReader::type_of(status)) {
      report(name, text("source.unknown_kind"));
    } else if (!visit(folder.get(), name, status)) {
      return;
    }
  }
}

std::vector<SourceEntry> FilesDirectory::read(ItemErrorSink& errors) {
  std::vector<SourceEntry> entries;
  MetadataReader metadata(tree_->facts);
  const std::string prefix = path_ == "/" ? path_ : path_ + "/";
  try {
    visit_entries(errors, [&](int folder, std::string_view name, const struct stat& status) {
      SourceEntry& entry = entries.emplace_back();
      entry.path.reserve(prefix.size() + name.size());
      entry.path.append(prefix).append(name);
      entry.node = metadata.from_stat(name, status);
      metadata.complete(entry.node, {folder, name, entry.path}, errors);
      return true;
    });
  } catch (const Error& error) {
    if (relative_.empty() && tree_->devices.contains(path_)) tree_->lose(error);
    throw;
  }
  return entries;
}

bool FilesDirectory::holds_entry() {
  SilentSink silent;
  bool found = false;
  visit_entries(silent, [&](int, std::string_view, const struct stat&) {
    found = true;
    return false;
  });
  return found;
}

std::unique_ptr<SourceDirectory> FilesDirectory::open_directory(const SourceEntry& entry) {
  return std::make_unique<FilesDirectory>(
      tree_, anchor_, relative_to(entry.node.name), entry.path, allowed_device_);
}

std::unique_ptr<SourceFile> FilesDirectory::open_file(const SourceEntry& entry) {
  return open_files_file(anchor_, relative_to(entry.node.name), entry, tree_->facts);
}

}  // namespace hikae
