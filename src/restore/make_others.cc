// SPDX-License-Identifier: Apache-2.0
#include "restore/make_others.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include <climits>

#include "restore/inspect_files.h"

namespace hikae::restore {
namespace {

mode_t type_of(format::NodeType type) {
  switch (type) {
    case format::NodeType::dev:
      return S_IFBLK;
    case format::NodeType::chardev:
      return S_IFCHR;
    default:
      return S_IFIFO;
  }
}

int create(const OtherItem& item, int folder, const std::string& name) {
  if (item.type == format::NodeType::symlink) {
    return symlinkat(std::string(item.link_target).c_str(), folder, name.c_str());
  }
  const dev_t device = item.type == format::NodeType::fifo ? 0 : item.device;
  return mknodat(folder, name.c_str(), type_of(item.type) | 0600, device);
}

bool can_be_used(const FolderItem& folder) {
  return folder.state == FolderItem::State::made || folder.state == FolderItem::State::existed;
}

}  // namespace

OtherMaker::OtherMaker(Context& context,
                       const RestoreTree& tree,
                       Folders& folders,
                       MetadataRestorer& metadata)
    : context_(context), tree_(tree), folders_(folders), metadata_(metadata) {}

FolderContent OtherMaker::folder_content() const {
  return context_.options.delete_extra == DeleteExtra::yes ? FolderContent::remove
                                                           : FolderContent::keep;
}

bool OtherMaker::is_same_link(const OtherItem& item, int folder) const {
  if (item.type != format::NodeType::symlink) return false;
  std::array<char, PATH_MAX> target{};
  const std::string name(item.name);
  const ssize_t length = readlinkat(folder, name.c_str(), target.data(), target.size());
  return length >= 0 &&
         std::string_view(target.data(), static_cast<std::size_t>(length)) == item.link_target;
}

void OtherMaker::make(const OtherItem& item, const StopToken& stop) {
  throw_if_stopped(stop);
  if (!can_be_used(tree_.folders[item.folder])) return;
  try {
    make_at(item, *folders_.open(item.folder), stop);
  } catch (const Error& error) {
    report_or_throw(context_, tree_.path_of(item.folder, item.name), error);
  }
}

void OtherMaker::make_at(const OtherItem& item, const OpenFolder& folder, const StopToken& stop) {
  const int at = folder.fd.get();
  const std::string name(item.name);
  bool is_there = false;
  if (tree_.folders[item.folder].state == FolderItem::State::existed) {
    struct stat status {};
    const Place place = look_at_place(context_.options, at, name, item.attributes.times, status);
    if (place == Place::keep) return;
    is_there = place == Place::replace && is_same_link(item, at);
    if (place == Place::replace && !is_there) {
      clear_place(at, name, tree_.path_of(item.folder, item.name), folder_content(), stop);
    }
  }
  if (!is_there && create(item, at, name) != 0) {
    throw system_error(errno, text("restore.create_failed"));
  }
  ++context_.counters.others;
  metadata_.restore_special(at, item);
}

void OtherMaker::link(FileItem& file, const StopToken& stop) {
  throw_if_stopped(stop);
  if (!can_be_used(tree_.folders[file.folder])) {
    file.state = FileItem::State::failed;
    return;
  }
  try {
    link_at(file, stop);
  } catch (const Error& error) {
    file.state = FileItem::State::failed;
    report_or_throw(context_, tree_.path_of(file), error);
  }
}

void OtherMaker::link_at(const FileItem& file, const StopToken& stop) {
  const FileItem& leader = tree_.files[file.leader];
  if (leader.state == FileItem::State::failed) {
    const std::string path = tree_.path_of(leader);
    throw Error(ErrorCode::not_found, text("restore.no_file_to_link", {{"path", path}}));
  }
  const FolderHandle from = folders_.open(leader.folder);
  const FolderHandle to = folders_.open(file.folder);
  const std::string name(file.name);
  const std::string leader_name(leader.name);
  struct stat wanted {};
  if (fstatat(from->fd.get(), leader_name.c_str(), &wanted, AT_SYMLINK_NOFOLLOW) != 0) {
    throw system_error(errno, text("restore.link_failed"));
  }
  if (tree_.folders[file.folder].state == FolderItem::State::existed) {
    struct stat status {};
    const Place place =
        look_at_place(context_.options, to->fd.get(), name, file.attributes.times, status);
    if (place == Place::keep) return;
    if (place == Place::replace) {
      const bool is_linked = status.st_ino == wanted.st_ino && status.st_dev == wanted.st_dev;
      if (is_linked) return;
      clear_place(to->fd.get(), name, tree_.path_of(file), folder_content(), stop);
    }
  }
  // Without AT_SYMLINK_FOLLOW: a link that took the leader's name is linked itself.
  if (linkat(from->fd.get(), leader_name.c_str(), to->fd.get(), name.c_str(), 0) != 0) {
    throw system_error(errno, text("restore.link_failed"));
  }
  ++context_.counters.others;
}

}  // namespace hikae::restore
