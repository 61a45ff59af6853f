// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>

#include "backup/state.h"

namespace hikae {

// Reads files one after the other and has their chunks stored: by another thread if one is free,
// else by this one. One thread uses it.
class FileReader {
 public:
  FileReader(BackupState& state, BlobScratch& scratch) : state_(state), scratch_(scratch) {}

  // Reads to the end and stores every chunk; returns the bytes read. `file` keeps the reader's
  // hold.
  std::uint64_t read(SourceFile& source,
                     std::uint64_t expected,
                     const std::shared_ptr<FileInProgress>& file,
                     const StopToken& stop);

  // Why the source could not be read to its end.
  const std::optional<Error>& failure() const { return failure_; }

 private:
  void prepare_buffer(std::uint64_t expected);
  std::size_t batch_size() const;
  std::size_t find_cut(std::size_t left) const;
  bool may_grow(std::size_t cut, std::size_t left) const;
  bool refill(SourceFile& source, bool at_end);
  std::size_t read_some(SourceFile& source);
  bool emit_zeros(std::size_t left, const std::shared_ptr<FileInProgress>& file);
  void emit(std::size_t size, const std::shared_ptr<FileInProgress>& file, bool last);
  bool pass_on(ChunkJob& job, std::size_t size);

  BackupState& state_;
  BlobScratch& scratch_;
  Bytes buffer_;
  std::optional<BlobId> zeros_;            // the blob of kMinChunkSize zeros, once it is stored
  std::optional<std::size_t> piece_size_;  // of the file that is read
  std::size_t begin_ = 0;                  // of what is not stored yet
  std::size_t filled_ = 0;
  std::optional<Error> failure_;
};

// Stores these chunks and lets go of the file; the last one to let go finishes the file's entry.
void store_chunk(BackupState& state, ChunkJob& chunk, BlobScratch& scratch);
void release_hold(BackupState& state, FileInProgress& file, BlobScratch& scratch);

}  // namespace hikae
