// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <mutex>
#include <vector>

#include "backup/folder.h"
#include "backup/parent.h"
#include "backup/pipeline.h"
#include "base/units.h"
#include "chunker/chunker.h"
#include "concurrency/bounded_queue.h"
#include "concurrency/buffer_pool.h"

namespace hikae {

// Folders that wait to be scanned. Last in, first out: the walk goes deep before it goes wide, so
// that few folders are open at a time. Ends when the root is complete. Thread-safe.
class ScanStack {
 public:
  void push(std::shared_ptr<Folder> folder) {
    stack_.lock()->waiting.push_back(std::move(folder));
    stack_.notify_all();
  }
  // nullptr when the walk is over.
  std::shared_ptr<Folder> pop(const StopToken& stop) {
    auto stack = stack_.lock();
    if (!stack.wait(stop, [&] { return stack->closed || !stack->waiting.empty(); }))
      throw Cancelled();
    if (stack->waiting.empty()) return nullptr;
    std::shared_ptr<Folder> folder = std::move(stack->waiting.back());
    stack->waiting.pop_back();
    return folder;
  }
  void close() {
    stack_.lock()->closed = true;
    stack_.notify_all();
  }

 private:
  struct Content {
    std::vector<std::shared_ptr<Folder>> waiting;
    bool closed = false;
  };
  Guarded<Content> stack_;
};

// A file to read: one entry of a folder.
struct FileJob {
  std::shared_ptr<Folder> folder;
  SourceEntry* entry = nullptr;  // in *folder
  std::size_t slot = 0;          // the entry's, where the folder is listed
  bool existed = false;          // in the parent snapshot
  // What the parent snapshot has, if the file is read although it may be the same; in *folder.
  const format::Node* before = nullptr;
};

// Files of one folder that go to a reader together: handing over one by one costs more than reading
// a small one.
using FileJobs = std::vector<FileJob>;

// A file being read; its chunks are stored by several threads, each into its own place.
struct FileInProgress {
  FileJob job;
  format::Node node;
  std::vector<std::unique_ptr<BlobId>>
      chunks;                           // pointers, since the vector grows while chunks are stored
  std::atomic<std::size_t> pending{1};  // the reader's own hold
};

// Chunks of one file that lie one behind the other; more than one where they are small, since
// handing each over would cost nearly as much as storing it.
struct ChunkJob {
  std::shared_ptr<FileInProgress> file;  // shared with the reader and the file's other chunks
  std::vector<BlobId*> ids;              // one for each chunk
  Bytes content;
  std::size_t chunk_size = 0;  // of each but the last
};

// The memory that chunks on their way to other threads are kept in, and that is used again: some
// long ones, as those of a dump are.
inline constexpr std::size_t kSpareChunks = 16 * kMiB;

struct Counters {
  std::atomic<std::uint64_t> files_new{0};
  std::atomic<std::uint64_t> files_changed{0};
  std::atomic<std::uint64_t> files_unmodified{0};
  std::atomic<std::uint64_t> dirs_new{0};
  std::atomic<std::uint64_t> dirs_changed{0};
  std::atomic<std::uint64_t> dirs_unmodified{0};
  std::atomic<std::uint64_t> files{0};
  std::atomic<std::uint64_t> bytes{0};
};

class CollectedErrors final : public ItemErrorSink {
 public:
  explicit CollectedErrors(BackupProgress& progress) : progress_(progress) {}
  void report(ItemError error) override {
    ++progress_.errors;
    ++count_;
    if (error.kind == ItemError::Kind::changed) ++changed_;
    auto errors = errors_.lock();
    if (errors->size() < kMostKept) errors->push_back(std::move(error));
  }
  std::vector<ItemError> take() { return std::move(*errors_.lock()); }
  std::uint64_t count() const { return count_; }
  std::uint64_t changed() const { return changed_; }

 private:
  static constexpr std::size_t kMostKept = 1000;
  BackupProgress& progress_;
  std::atomic<std::uint64_t> count_{0};
  std::atomic<std::uint64_t> changed_{0};
  Guarded<std::vector<ItemError>> errors_;
};

// What the stages of one backup share. Every member is thread-safe or constant.
struct BackupState {
  BackupState(const std::vector<BackupTarget>& backup_targets,
              const BackupPlan& backup_plan,
              BlobWriter& blob_writer,
              BackupProgress& backup_progress,
              Log& log)
      : targets(backup_targets),
        plan(backup_plan),
        writer(blob_writer),
        parents(backup_targets, log),
        tables(backup_targets.front().repository->config().chunker_polynomial),
        progress(backup_progress),
        errors(backup_progress) {}

  const std::vector<BackupTarget>& targets;
  const BackupPlan& plan;
  BlobWriter& writer;
  ParentTrees parents;
  const ChunkerTables tables;
  BackupProgress& progress;
  CollectedErrors errors;
  Counters counters;
  ScanStack folders;
  BoundedQueue<FileJobs> files{32};
  BoundedQueue<ChunkJob> chunks{2};
  BufferPool chunk_buffers{kSpareChunks};
  // Destinations that lack a blob of a file taken from the parent unread.
  std::atomic<DestinationSet> incomplete{0};
  std::atomic<bool> root_done{false};
  BlobId root;  // written before root_done
};

}  // namespace hikae
