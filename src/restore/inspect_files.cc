// SPDX-License-Identifier: Apache-2.0
#include "restore/inspect_files.h"

#include <fcntl.h>

#include <algorithm>
#include <cerrno>
#include <tuple>

#include "crypto/hash.h"
#include "restore/plan_fetches.h"

namespace hikae::restore {
namespace {

using State = FileItem::State;

bool is_newer(const Times& times, const struct stat& status) {
  const std::int64_t seconds = status.st_mtim.tv_sec;
  const auto nanoseconds = static_cast<std::uint32_t>(status.st_mtim.tv_nsec);
  return std::tie(times.mtime_seconds, times.mtime_nanoseconds) > std::tie(seconds, nanoseconds);
}

bool same_mtime(const Times& times, const struct stat& status) {
  return times.mtime_seconds == status.st_mtim.tv_sec &&
         times.mtime_nanoseconds == static_cast<std::uint32_t>(status.st_mtim.tv_nsec);
}

// O_NONBLOCK: whoever puts a fifo here meanwhile shall not hold us up.
constexpr int kReadFlags = O_RDONLY | O_NOFOLLOW | O_NONBLOCK;

}  // namespace

os::Fd open_to_read(int folder, const std::string& name) {
  os::Fd fd = os::try_open_at(folder, name, kReadFlags | O_NOATIME);
  if (fd || errno != EPERM) return fd;
  return os::try_open_at(folder, name, kReadFlags);
}

Place look_at_place(const RestoreOptions& options,
                    int folder,
                    std::string_view name,
                    const Times& times,
                    struct stat& status) {
  if (fstatat(folder, std::string(name).c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) {
    if (errno == ENOENT) return Place::free;
    throw system_error(errno, text("restore.look_failed"));
  }
  if (options.overwrite == Overwrite::never) return Place::keep;
  if (options.overwrite == Overwrite::if_newer && !is_newer(times, status)) return Place::keep;
  return Place::replace;
}

FileInspector::FileInspector(Context& context, RestoreTree& tree, Folders& folders)
    : context_(context), tree_(tree), folders_(folders) {}

void FileInspector::inspect(FileItem& file, const StopToken& stop) {
  throw_if_stopped(stop);
  if (file.state == State::failed) return;
  const FolderItem& folder = tree_.folders[file.folder];
  if (folder.state == FolderItem::State::failed) {
    file.state = State::failed;
    return;
  }
  if (folder.state != FolderItem::State::existed || file.state == State::link) return;
  try {
    file.state = decide(file, stop);
  } catch (const Error& error) {
    file.state = State::failed;
    report_or_throw(context_, tree_.path_of(file), error);
  }
}

State FileInspector::decide(const FileItem& file, const StopToken& stop) {
  const FolderHandle folder = folders_.open(file.folder);
  struct stat status {};
  const int at = folder->fd.get();
  switch (look_at_place(context_.options, at, file.name, file.attributes.times, status)) {
    case Place::free:
      return State::create;
    case Place::keep:
      return State::keep;
    case Place::replace:
      break;
  }
  if (!S_ISREG(status.st_mode)) return State::replace;
  const State state = compare(file, at, status, stop);
  // A file with several names is not changed in place: one of them may lie outside the target.
  const bool stays = state == State::metadata && has_wanted_metadata(file, status);
  if (status.st_nlink > 1 && state != State::replace && !stays) {
    forget_matches(file);
    return State::replace;
  }
  return state;
}

State FileInspector::compare(const FileItem& file,
                             int folder,
                             const struct stat& status,
                             const StopToken& stop) {
  const bool same_size = static_cast<std::uint64_t>(status.st_size) == file.size;
  const std::string name(file.name);
  if (context_.options.overwrite == Overwrite::if_changed && same_size &&
      same_mtime(file.attributes.times, status)) {
    const auto begin = tree_.have.begin() + file.content_begin;
    std::fill(begin, begin + file.content_count, std::uint8_t{1});
    return State::metadata;
  }
  const os::Fd fd = open_to_read(folder, name);
  if (!fd) return State::replace;
  if (find_matches(file, fd.get(), stop) && same_size) return State::metadata;
  // A program that runs cannot be written to, nor can what belongs to others: it is replaced.
  if (os::try_open_at(folder, name, O_WRONLY | O_NOFOLLOW | O_NONBLOCK)) return State::update;
  forget_matches(file);
  return State::replace;
}

bool FileInspector::find_matches(const FileItem& file, int fd, const StopToken& stop) {
  std::uint64_t offset = 0;
  bool all = true;
  for (std::uint32_t i = 0; i < file.content_count; ++i) {
    throw_if_stopped(stop);
    const std::uint32_t position = file.content_begin + i;
    const BlobId& id = tree_.content[position];
    const auto place = find_blob(context_, id, stop);
    if (!place) return false;
    buffer_.resize(plaintext_length(place->blob));
    const bool is_whole = os::pread_fully(fd, buffer_, offset) == buffer_.size();
    const bool matches = is_whole && id_cast<BlobId>(sha256(buffer_)) == id;
    tree_.have[position] = matches ? 1 : 0;
    all &= matches;
    if (!is_whole) return false;
    offset += buffer_.size();
  }
  return all;
}

bool FileInspector::has_wanted_metadata(const FileItem& file, const struct stat& status) const {
  const Attributes& wanted = file.attributes;
  return same_mtime(wanted.times, status) && wanted.mode == (status.st_mode & 07777U) &&
         (context_.options.ownership == Ownership::none ||
          (wanted.uid == status.st_uid && wanted.gid == status.st_gid));
}

void FileInspector::forget_matches(const FileItem& file) {
  const auto begin = tree_.have.begin() + file.content_begin;
  std::fill(begin, begin + file.content_count, std::uint8_t{0});
}

}  // namespace hikae::restore
