// SPDX-License-Identifier: Apache-2.0
#include "restore/write_files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "crypto/crc32c.h"
#include "restore/remove_items.h"

namespace hikae::restore {
namespace {

using State = FileItem::State;

constexpr std::size_t kOpenFiles = 100;
// What file systems allocate by.
constexpr std::uint64_t kBlock = 4096;

// The first size that FAT, the strictest file system still in use, cannot hold.
constexpr std::uint64_t kLargeFile = 4 * kGiB - 1;

// Smaller files are left to the system, and to the sync at the end: each piece costs a call.
constexpr std::uint64_t kWrittenBehind = 64 * kMiB;

bool is_zero(ByteView bytes) {
  return bytes.empty() ||
         (bytes[0] == 0 && std::memcmp(bytes.data(), bytes.data() + 1, bytes.size() - 1) == 0);
}

// Writes all but the file's blocks that hold only zeros.
void put_sparse(int fd, ByteView content, std::uint64_t offset) {
  std::size_t begin = 0;  // of what is not written yet
  std::size_t at = 0;
  const auto flush = [&] {
    if (begin < at) os::pwrite_all(fd, content.subspan(begin, at - begin), offset + begin);
  };
  while (at < content.size()) {
    const std::uint64_t to_boundary = kBlock - (offset + at) % kBlock;
    const std::size_t length = std::min<std::size_t>(to_boundary, content.size() - at);
    if (is_zero(content.subspan(at, length))) {
      flush();
      begin = at + length;
    }
    at += length;
  }
  flush();
}

void set_size(int fd, std::uint64_t size) {
  if (ftruncate(fd, static_cast<off_t>(size)) == 0) return;
  // The trouble of one file, unlike a file system that is full.
  if (errno == EFBIG) throw Error(ErrorCode::unsupported, text("restore.too_large"));
  throw system_error(errno, text("restore.resize_failed"));
}

Error damaged(const BlobId& id) {
  return {ErrorCode::corrupt, text("restore.content_damaged", {{"blob", id.hex()}})};
}

}  // namespace

FileWriter::FileWriter(Context& context,
                       RestoreTree& tree,
                       FetchPlan& plan,
                       Folders& folders,
                       MetadataRestorer& metadata)
    : context_(context),
      tree_(tree),
      plan_(plan),
      folders_(folders),
      metadata_(metadata),
      marks_(tree.files.size()),
      sums_(context.options.written == nullptr ? 0 : tree.files.size()),
      open_files_(kOpenFiles) {}

void FileWriter::write_range(const FetchedRange& range,
                             WriteScratch& scratch,
                             const StopToken& stop) {
  const Fetch& fetch = *range.fetch;
  for (std::uint32_t i = fetch.first_use; i < fetch.end_use;) {
    throw_if_stopped(stop);
    const std::uint32_t first = i;
    const std::uint32_t offset = plan_.uses[first].offset;
    const bool is_good = open_blob(range, plan_.uses[first], scratch, stop);
    Content content{scratch.plaintext};
    if (is_good && !sums_.empty()) content.remainder = crc32c_remainder(content.bytes);
    for (; i < fetch.end_use && plan_.uses[i].offset == offset; ++i) {
      const BlobUse& use = plan_.uses[i];
      if (is_good) {
        write_use(use, content, scratch, stop);
      } else {
        count_down(use.file);
      }
    }
  }
}

bool FileWriter::open_blob(const FetchedRange& range,
                           const BlobUse& use,
                           WriteScratch& scratch,
                           const StopToken& stop) {
  const BlobId& id = tree_.content[use.content];
  const format::PackedBlob blob{
      id, format::BlobType::data, use.offset, use.length, use.uncompressed_length};
  if (!range.bytes.empty()) {
    try {
      const ByteView sealed =
          ByteView(range.bytes).subspan(use.offset - range.fetch->offset, use.length);
      context_.repository.open_blob(
          blob, sealed, scratch.decompressor, scratch.compressed, scratch.plaintext);
      return true;
    } catch (const Error& error) {
      context_.log.warning(error.message());
    }
  }
  try {
    // Another pack, or another repository, may hold a good copy.
    scratch.plaintext = load_blob(context_, format::BlobType::data, id, stop);
    // Where it belongs was reckoned with the length that the index gives: if that is wrong, so are
    // the places of this blob and of those behind it.
    if (scratch.plaintext.size() != plaintext_length(blob)) throw damaged(id);
    return true;
  } catch (const Error& error) {
    const bool is_damage =
        error.code() == ErrorCode::corrupt || error.code() == ErrorCode::not_found;
    const Error reason = is_damage ? damaged(id) : error;
    const Fetch& fetch = *range.fetch;
    for (std::uint32_t i = fetch.first_use; i < fetch.end_use; ++i) {
      if (plan_.uses[i].offset == use.offset) fail(plan_.uses[i].file, reason);
    }
  }
  return false;
}

void FileWriter::write_use(const BlobUse& use,
                           const Content& content,
                           WriteScratch& scratch,
                           const StopToken& stop) {
  const std::uint32_t number = use.file;
  const std::size_t size = content.bytes.size();
  const FileItem& file = tree_.files[number];
  const bool is_whole = file.content_count == 1 && file.state != State::update;
  // The sizes of a file's blobs add up to its own.
  if (!sums_.empty())
    sums_[number] ^= crc32c_share(content.remainder, file.size - use.file_offset - size);
  std::shared_ptr<OpenFile> part_of;
  try {
    if (is_whole) {
      write_whole(number, content.bytes, stop);
    } else if (!has_failed(number)) {
      part_of = write_part(use, content.bytes, stop);
    }
    context_.counters.bytes_written += size;
    context_.progress.bytes_done += size;
  } catch (const Error& error) {
    fail(number, error);
  }
  if (part_of != nullptr && file.size >= kWrittenBehind) {
    const int fd = part_of->fd.get();
    if (const auto failure = scratch.behind.wrote(number, fd, use.file_offset, size))
      fail(*failure);
  }
  count_down(number);
}

void FileWriter::count_down(std::uint32_t number) {
  if (plan_.missing[number].fetch_sub(1) != 1) return;
  const FileItem& file = tree_.files[number];
  if (file.content_count == 1 && file.state != State::update) return;
  try {
    close_file(number);
  } catch (const Error& error) {
    fail(number, error);
  }
}

void FileWriter::write_whole(std::uint32_t number, ByteView content, const StopToken& stop) {
  const FileItem& file = tree_.files[number];
  const FolderHandle folder = folders_.open(file.folder);
  os::Fd fd = make_file(file, *folder, stop);
  put(fd.get(), content, 0, file);
  finish(fd.get(), file, folder->gives_acl ? Origin::existing : Origin::fresh);
  fd.close();
  tell(number);
}

std::shared_ptr<FileWriter::OpenFile> FileWriter::write_part(const BlobUse& use,
                                                             ByteView content,
                                                             const StopToken& stop) {
  std::shared_ptr<OpenFile> open = open_file(use.file, stop);
  put(open->fd.get(), content, use.file_offset, tree_.files[use.file]);
  return open;
}

void FileWriter::settle(WriteScratch& scratch) {
  for (const auto& failure : scratch.behind.finish()) fail(failure);
}

void FileWriter::close_file(std::uint32_t number) {
  std::shared_ptr<OpenFile> open;
  {
    auto files = open_files_.lock();
    open = files->find(number);
    files->erase(number);
  }
  if (has_failed(number)) return;
  if (open == nullptr) open = std::make_shared<OpenFile>();
  if (!open->fd) make_or_reopen(*open, number, {});
  finish(open->fd.get(), tree_.files[number], open->origin);
  open->fd.close();
  tell(number);
}

// Of an updated file some bytes are those that were there before.
void FileWriter::tell(std::uint32_t number) const {
  const FileItem& file = tree_.files[number];
  if (sums_.empty() || file.state == State::update) return;
  context_.options.written->add(
      tree_.path_of(file), file.size, crc32c_of_shares(sums_[number], file.size));
}

std::shared_ptr<FileWriter::OpenFile> FileWriter::open_file(std::uint32_t number,
                                                            const StopToken& stop) {
  std::shared_ptr<OpenFile> open;
  {
    auto files = open_files_.lock();
    open = files->find(number);
    if (!open) open = files->insert(number, std::make_shared<OpenFile>());
  }
  const std::lock_guard lock(open->mutex);
  if (!open->fd) make_or_reopen(*open, number, stop);
  return open;
}

void FileWriter::make_or_reopen(OpenFile& open, std::uint32_t number, const StopToken& stop) {
  const FileItem& file = tree_.files[number];
  const FolderHandle folder = folders_.open(file.folder);
  const bool is_made = (marks_[number].load(std::memory_order_relaxed) & Mark::made) != 0;
  if (is_made || file.state == State::update) {
    open.fd = open_existing(file, *folder, O_WRONLY);
  } else {
    open.fd = make_file(file, *folder, stop);
  }
  open.origin = file.state == State::update || folder->gives_acl ? Origin::existing : Origin::fresh;
  if (is_made) return;
  // Longer than it shall be, or full of holes; both are settled before the first byte.
  // Where files cannot be so large, that shows now and not after gigabytes.
  const bool sets_size = file.state == State::update || is_sparse(file) || file.size >= kLargeFile;
  if (sets_size) set_size(open.fd.get(), file.size);
  marks_[number].fetch_or(Mark::made, std::memory_order_relaxed);
}

os::Fd FileWriter::make_file(const FileItem& file,
                             const OpenFolder& folder,
                             const StopToken& stop) {
  const std::string name(file.name);
  const int at = folder.fd.get();
  if (file.state == State::replace) {
    const FolderContent content = context_.options.delete_extra == DeleteExtra::yes
                                      ? FolderContent::remove
                                      : FolderContent::keep;
    clear_place(at, name, tree_.path_of(file), content, stop);
  }
  os::Fd fd = os::try_open_at(at, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0600);
  if (!fd) throw system_error(errno, text("restore.create_failed"));
  return fd;
}

os::Fd FileWriter::open_existing(const FileItem& file, const OpenFolder& folder, int flags) const {
  os::Fd fd =
      os::try_open_at(folder.fd.get(), std::string(file.name), flags | O_NOFOLLOW | O_NONBLOCK);
  struct stat status {};
  if (!fd || fstat(fd.get(), &status) != 0) {
    throw system_error(errno, text("restore.create_failed"));
  }
  // Somebody put something else here meanwhile.
  if (!S_ISREG(status.st_mode) || (flags == O_WRONLY && status.st_nlink > 1)) {
    throw system_error(EEXIST, text("restore.create_failed"));
  }
  return fd;
}

bool FileWriter::is_sparse(const FileItem& file) const {
  // Zeros are written over what a file held before; holes are left only where nothing was.
  return context_.options.sparse == Sparse::yes && file.state != State::update &&
         file.size >= kBlock;
}

void FileWriter::put(int fd, ByteView content, std::uint64_t offset, const FileItem& file) const {
  if (!is_sparse(file)) {
    os::pwrite_all(fd, content, offset);
    return;
  }
  if (file.content_count == 1) set_size(fd, file.size);
  put_sparse(fd, content, offset);
}

void FileWriter::finish(int fd, const FileItem& file, Origin origin) {
  try {
    metadata_.restore(fd, file.attributes, origin);
  } catch (const Error& error) {
    report_or_throw(context_, tree_.path_of(file), error);
  }
  if (file.state == State::metadata) return;
  ++context_.counters.files_restored;
  ++context_.progress.files_done;
}

void FileWriter::write_bare(std::uint32_t number, const StopToken& stop) {
  throw_if_stopped(stop);
  const FileItem& file = tree_.files[number];
  try {
    if (file.state != State::metadata) {
      close_file(number);
      return;
    }
    const FolderHandle folder = folders_.open(file.folder);
    const os::Fd fd = open_existing(file, *folder, O_RDONLY);
    finish(fd.get(), file, Origin::existing);
  } catch (const Error& error) {
    fail(number, error);
  }
}

void FileWriter::fail(std::uint32_t number, const Error& error) {
  const bool is_first = (marks_[number].fetch_or(Mark::failed) & Mark::failed) == 0;
  if (is_first || is_fatal(error))
    report_or_throw(context_, tree_.path_of(tree_.files[number]), error);
}

void FileWriter::fail(const os::WriteBehind::Failure& failure) {
  fail(failure.file, system_error(failure.error_number, text("os.write_failed")));
}

void FileWriter::mark_failed_files() {
  for (std::uint32_t number = 0; number < tree_.files.size(); ++number) {
    if (has_failed(number)) tree_.files[number].state = State::failed;
  }
}

}  // namespace hikae::restore
