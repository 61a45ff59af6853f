// SPDX-License-Identifier: Apache-2.0
#include "source/files_file.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>

#include "base/error.h"
#include "base/units.h"
#include "os/xattr.h"
#include "source/metadata.h"

namespace hikae {
namespace {

// A pipe that took the file's place must not block, a terminal must not become ours.
constexpr int kFlags = O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY;
// Read-ahead pays only where there is something ahead.
constexpr off_t kLarge = static_cast<off_t>(kMiB);

Error open_failed(int error_number, const std::string& path) {
  if (error_number == ELOOP)
    return {ErrorCode::permission, text("source.became_link", {{"path", path}})};
  return system_error(error_number, text("source.file_open_failed", {{"path", path}}));
}

struct stat stat_of(int fd, const std::string& path) {
  struct stat status {};
  if (fstat(fd, &status) != 0)
    throw system_error(errno, text("source.metadata_failed", {{"path", path}}));
  return status;
}

struct stat regular_stat_of(int fd, const std::string& path) {
  const struct stat status = stat_of(fd, path);
  if (!S_ISREG(status.st_mode))
    throw Error(ErrorCode::io, text("source.no_longer_file", {{"path", path}}));
  return status;
}

// Where a file server holds a lease, opening with O_NONBLOCK fails instead of waiting for the
// client to give it back. Once it is certain that it is a file, waiting is safe.
os::Fd open_leased(const Anchor& anchor, const std::string& relative, const std::string& path) {
  const os::Fd place = anchor.try_open(relative, O_PATH | O_NOFOLLOW);
  if (!place) throw open_failed(errno, path);
  regular_stat_of(place.get(), path);
  os::Fd file = os::try_open("/proc/self/fd/" + std::to_string(place.get()), O_RDONLY | O_NOCTTY);
  if (!file) throw open_failed(errno, path);
  return file;
}

class FilesFile final : public SourceFile {
 public:
  FilesFile(os::Fd fd, const SourceEntry& entry, HostFacts& facts)
      : fd_(std::move(fd)),
        path_(entry.path),
        name_(entry.node.name),
        attributes_(entry.node.extended_attributes),
        metadata_(facts) {}

  std::size_t read(MutableByteView out) override {
    try {
      return os::read_some(fd_.get(), out);
    } catch (Error& error) {
      error.add_context(text("source.reading_file", {{"path", path_}}));
      throw;
    }
  }

  format::Node stat() override {
    format::Node node = metadata_.from_stat(name_, stat_of(fd_.get(), path_));
    try {
      for (os::Xattr& attribute : os::list_xattrs(fd_.get()))
        node.extended_attributes.push_back({std::move(attribute.name), std::move(attribute.value)});
    } catch (const Error&) {
      // Reading the folder has reported it already.
      node.extended_attributes = attributes_;
    }
    return node;
  }

 private:
  os::Fd fd_;
  std::string path_;
  std::string name_;
  std::vector<format::ExtendedAttribute> attributes_;
  MetadataReader metadata_;
};

}  // namespace

std::unique_ptr<SourceFile> open_files_file(const Anchor& anchor,
                                            const std::string& relative,
                                            const SourceEntry& entry,
                                            HostFacts& facts) {
  os::Fd fd = anchor.try_open(relative, kFlags);
  if (!fd && (errno == EWOULDBLOCK || errno == EAGAIN)) {
    fd = open_leased(anchor, relative, entry.path);
  } else if (!fd) {
    throw open_failed(errno, entry.path);
  }
  const struct stat status = regular_stat_of(fd.get(), entry.path);
  // Only the owner and root may leave the access time alone; others change it.
  fcntl(fd.get(), F_SETFL, O_NOATIME);
  if (status.st_size >= kLarge) posix_fadvise(fd.get(), 0, 0, POSIX_FADV_SEQUENTIAL);
  return std::make_unique<FilesFile>(std::move(fd), entry, facts);
}

}  // namespace hikae
