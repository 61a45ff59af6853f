// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <vector>

#include "os/write_behind.h"
#include "restore/fetch_packs.h"
#include "restore/folders.h"
#include "restore/restore_metadata.h"

namespace hikae::restore {

// What one thread needs to open blobs without allocating each time, and what it has on the way.
struct WriteScratch {
  format::Decompressor decompressor;
  Bytes compressed;
  Bytes plaintext;
  os::WriteBehind behind;
};

// Turns ranges of packs into files: each blob is opened and checked once and written to all its
// places; a file gets its metadata with its last blob. Any number of threads, each with a scratch
// of its own. The references outlive the writer.
class FileWriter {
 public:
  FileWriter(Context& context,
             RestoreTree& tree,
             FetchPlan& plan,
             Folders& folders,
             MetadataRestorer& metadata);

  // Throws Error only when going on is pointless (the file system is full).
  void write_range(const FetchedRange& range, WriteScratch& scratch, const StopToken& stop);
  // With what a thread wrote last, once it has nothing more to write.
  void settle(WriteScratch& scratch);
  // A file that waits for no blob.
  void write_bare(std::uint32_t file, const StopToken& stop);
  // After all threads have returned: marks in the tree the files that failed.
  void mark_failed_files();

 private:
  // A file that waits for more than one blob. Its mutex guards the making of it.
  struct OpenFile {
    std::mutex mutex;
    os::Fd fd;
    Origin origin = Origin::fresh;
  };
  enum Mark : std::uint8_t { made = 1, failed = 2 };

  bool open_blob(const FetchedRange& range,
                 const BlobUse& use,
                 WriteScratch& scratch,
                 const StopToken& stop);
  struct Content {
    ByteView bytes;
    std::uint32_t remainder = 0;  // see crypto/crc32c.h; only where somebody asks for checksums
  };
  void write_use(const BlobUse& use,
                 const Content& content,
                 WriteScratch& scratch,
                 const StopToken& stop);
  void write_whole(std::uint32_t number, ByteView content, const StopToken& stop);
  std::shared_ptr<OpenFile> write_part(const BlobUse& use, ByteView content, const StopToken& stop);
  // One blob less to wait for; the last one closes the file.
  void count_down(std::uint32_t number);
  void close_file(std::uint32_t number);
  std::shared_ptr<OpenFile> open_file(std::uint32_t number, const StopToken& stop);
  void make_or_reopen(OpenFile& open, std::uint32_t number, const StopToken& stop);
  os::Fd make_file(const FileItem& file, const OpenFolder& folder, const StopToken& stop);
  os::Fd open_existing(const FileItem& file, const OpenFolder& folder, int flags) const;
  void put(int fd, ByteView content, std::uint64_t offset, const FileItem& file) const;
  void finish(int fd, const FileItem& file, Origin origin);
  void tell(std::uint32_t number) const;
  void fail(std::uint32_t number, const Error& error);
  void fail(const os::WriteBehind::Failure& failure);
  bool has_failed(std::uint32_t number) const {
    return (marks_[number].load(std::memory_order_relaxed) & Mark::failed) != 0;
  }
  bool is_sparse(const FileItem& file) const;

  Context& context_;
  RestoreTree& tree_;
  FetchPlan& plan_;
  Folders& folders_;
  MetadataRestorer& metadata_;
  std::vector<std::atomic<std::uint8_t>> marks_;
  std::vector<std::atomic<std::uint32_t>> sums_;  // shares of what is written; empty: not asked for
  Guarded<LruCache<OpenFile>> open_files_;
};

}  // namespace hikae::restore
