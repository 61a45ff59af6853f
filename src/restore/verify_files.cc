// SPDX-License-Identifier: Apache-2.0
#include "restore/verify_files.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>

#include "crypto/hash.h"
#include "restore/inspect_files.h"
#include "restore/plan_fetches.h"

namespace hikae::restore {

FileVerifier::FileVerifier(Context& context, const RestoreTree& tree, Folders& folders)
    : context_(context), tree_(tree), folders_(folders) {}

void FileVerifier::verify(const FileItem& file, const StopToken& stop) {
  try {
    compare(file, stop);
    ++context_.counters.files_verified;
  } catch (const Error& error) {
    context_.errors.add(tree_.path_of(file), error.message());
  }
}

void FileVerifier::compare(const FileItem& file, const StopToken& stop) {
  const FolderHandle folder = folders_.open(file.folder);
  const os::Fd fd = open_to_read(folder->fd.get(), std::string(file.name));
  struct stat status {};
  if (!fd || fstat(fd.get(), &status) != 0) {
    throw system_error(errno, text("restore.read_back_failed"));
  }
  std::uint64_t offset = 0;
  for (std::uint32_t i = 0; i < file.content_count; ++i) {
    throw_if_stopped(stop);
    const BlobId& id = tree_.content[file.content_begin + i];
    const auto place = find_blob(context_, id, stop);
    buffer_.resize(place ? plaintext_length(place->blob) : 0);
    const bool is_whole = os::pread_fully(fd.get(), buffer_, offset) == buffer_.size();
    if (!is_whole || id_cast<BlobId>(sha256(buffer_)) != id) {
      throw Error(ErrorCode::corrupt,
                  text("restore.verify_failed", {{"offset", std::to_string(offset)}}));
    }
    offset += buffer_.size();
  }
  if (!S_ISREG(status.st_mode) || static_cast<std::uint64_t>(status.st_size) != offset) {
    throw Error(
        ErrorCode::corrupt,
        text("restore.verify_size",
             {{"expected", std::to_string(offset)}, {"size", std::to_string(status.st_size)}}));
  }
}

}  // namespace hikae::restore
