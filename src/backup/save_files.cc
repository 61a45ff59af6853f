// SPDX-License-Identifier: Apache-2.0
#include <cstring>

#include "backup/stages.h"

namespace hikae {
namespace {

using format::BlobType;
using format::Node;

// A file of one chunk at most is stored by the thread that read it; passing it on would cost more
// than storing it.
constexpr std::size_t kInlineSize = kMinChunkSize;

bool same_content_expected(const Node& before, const Node& after) {
  return before.size == after.size && before.mtime.same_instant(after.mtime) &&
         before.ctime.same_instant(after.ctime);
}

void finish_file(BackupState& state, FileInProgress& file, BlobScratch& scratch) {
  const std::shared_ptr<Folder> folder = file.job.folder;
  Node& node = folder->entry(file.job.slot).node;
  node = std::move(file.node);
  node.content.reserve(file.chunks.size());
  for (const auto& id : file.chunks) node.content.push_back(*id);
  ++(file.job.existed ? state.counters.files_changed : state.counters.files_new);
  ++state.counters.files;
  state.counters.bytes += node.size;
  ++state.progress.files_done;
  finish_entry(state, folder, scratch);
}

void release_hold(BackupState& state, FileInProgress& file, BlobScratch& scratch) {
  if (file.pending.fetch_sub(1, std::memory_order_acq_rel) == 1) finish_file(state, file, scratch);
}

void store_chunk(BackupState& state, ChunkJob& chunk, BlobScratch& scratch) {
  *chunk.id = state.writer.save(BlobType::data, chunk.content, scratch).id;
  state.progress.bytes_done += chunk.content.size();
  release_hold(state, *chunk.file, scratch);
}

// Reads one file into chunks. Reused from file to file; one thread.
class FileReader {
 public:
  FileReader(BackupState& state, BlobScratch& scratch) : state_(state), scratch_(scratch) {}

  // Reads to the end and stores every chunk; returns the bytes read. `file` keeps the reader's
  // hold.
  std::uint64_t read(SourceFile& source,
                     std::uint64_t expected,
                     const std::shared_ptr<FileInProgress>& file,
                     const StopToken& stop) {
    std::uint64_t total = 0;
    bool at_end = false;
    begin_ = 0;
    filled_ = 0;
    failure_.reset();
    // One byte more than expected shows the end in one read.
    buffer_.resize(std::min<std::uint64_t>(expected + 1, kMaxChunkSize));
    while (true) {
      // What is buffered is cut to its end before more is read, so that only the last piece of it
      // has to move.
      if (begin_ == filled_) at_end = refill(source, at_end);
      const std::size_t left = filled_ - begin_;
      if (left == 0) return total;
      if (emit_zeros(left, file)) {
        throw_if_stopped(stop);
        total += kMinChunkSize;
        continue;
      }
      const std::size_t cut = state_.tables.next_cut({buffer_.data() + begin_, left});
      // The next bytes may bring a cut, or more of the chunk.
      if (cut == left && !at_end && left < kMaxChunkSize) {
        at_end = refill(source, at_end);
        continue;
      }
      throw_if_stopped(stop);
      emit(cut, file, at_end && cut == left);
      total += cut;
    }
  }

  // Why the source could not be read to its end.
  const std::optional<Error>& failure() const { return failure_; }

 private:
  bool refill(SourceFile& source, bool at_end) {
    std::copy(buffer_.begin() + static_cast<std::ptrdiff_t>(begin_),
              buffer_.begin() + static_cast<std::ptrdiff_t>(filled_),
              buffer_.begin());
    filled_ -= begin_;
    // A buffer that was made for a small file, which has grown.
    if (begin_ == 0 && filled_ == buffer_.size()) buffer_.resize(kMaxChunkSize);
    begin_ = 0;
    while (!at_end && filled_ < buffer_.size()) {
      const std::size_t got = read_some(source);
      at_end = got == 0;
      filled_ += got;
    }
    return at_end;
  }

  // The source's failure ends the file; it must not be mistaken for one of the destinations.
  std::size_t read_some(SourceFile& source) {
    try {
      return source.read({buffer_.data() + filled_, buffer_.size() - filled_});
    } catch (const Error& error) {
      failure_ = error;
      return 0;
    }
  }

  // A chunk of zeros, as the holes of a sparse file are read: always the same one, and after the
  // first time neither cut nor hashed. Returns whether one was stored.
  bool emit_zeros(std::size_t left, const std::shared_ptr<FileInProgress>& file) {
    const std::uint8_t* const data = buffer_.data() + begin_;
    // The byte behind shows that it is not the end of the file that ends the chunk.
    if (left <= kMinChunkSize || data[0] != 0 || data[kMinChunkSize - 1] != 0 ||
        std::memcmp(data, data + 1, kMinChunkSize - 1) != 0) {
      return false;
    }
    if (!zeros_) {
      // So it is for every polynomial: the fingerprint of zeros is zero, which is a cut.
      if (state_.tables.next_cut({data, left}) != kMinChunkSize) return false;
      zeros_ = state_.writer.save(BlobType::data, {data, kMinChunkSize}, scratch_).id;
    }
    file->chunks.push_back(std::make_unique<BlobId>(*zeros_));
    state_.progress.bytes_done += kMinChunkSize;
    begin_ += kMinChunkSize;
    return true;
  }

  void emit(std::size_t size, const std::shared_ptr<FileInProgress>& file, bool last) {
    file->chunks.push_back(std::make_unique<BlobId>());
    BlobId* id = file->chunks.back().get();
    const ByteView content{buffer_.data() + begin_, size};
    const bool alone = last && file->chunks.size() == 1 && size <= kInlineSize;
    if (alone || !pass_on(content, file, id)) {
      *id = state_.writer.save(BlobType::data, content, scratch_).id;
      state_.progress.bytes_done += size;
    }
    begin_ += size;
  }

  // Gives the chunk to another thread if one is free; else this one stores it itself, and nobody
  // ever waits.
  bool pass_on(ByteView content, const std::shared_ptr<FileInProgress>& file, BlobId* id) {
    ChunkJob job{file, id, to_bytes(content)};
    ++file->pending;
    if (state_.chunks.try_push(job)) return true;
    --file->pending;
    return false;
  }

  BackupState& state_;
  BlobScratch& scratch_;
  Bytes buffer_;
  std::optional<BlobId> zeros_;  // the blob of kMinChunkSize zeros, once it is stored
  std::size_t begin_ = 0;        // of what is not stored yet
  std::size_t filled_ = 0;
  std::optional<Error> failure_;
};

struct Attempt {
  std::shared_ptr<FileInProgress> file;
  enum class Result { still, changed, failed } result = Result::failed;
  std::optional<Error> failure;
};

// One reading of the file, from open to end.
Attempt read_once(const FileJob& job, FileReader& reader, const StopToken& stop) {
  Attempt attempt;
  attempt.file = std::make_shared<FileInProgress>();
  attempt.file->job = job;
  std::unique_ptr<SourceFile> source;
  Node before;
  try {
    source = job.folder->directory().open_file(job.folder->entry(job.slot));
    before = source->stat();
  } catch (const Error& error) {
    attempt.failure = error;
    return attempt;
  }
  const std::uint64_t size = reader.read(*source, before.size, attempt.file, stop);
  attempt.failure = reader.failure();
  if (attempt.failure) return attempt;
  bool still = false;
  try {
    still = same_content_expected(before, source->stat()) && size == before.size;
  } catch (const Error& error) {
    attempt.failure = error;
    return attempt;
  }
  attempt.result = still ? Attempt::Result::still : Attempt::Result::changed;
  // The times of before: with later ones the next backup would take a mix of states for the file as
  // it stands, and never read it again.
  attempt.file->node = std::move(before);
  attempt.file->node.size = size;
  return attempt;
}

// Reads until the file held still, or the attempts are used up; then what was read last is kept and
// marked.
void save_file(BackupState& state,
               const FileJob& job,
               FileReader& reader,
               BlobScratch& scratch,
               const StopToken& stop) {
  const std::string path = job.folder->entry(job.slot).path;
  for (int number = 1;; ++number) {
    const Attempt attempt = read_once(job, reader, stop);
    if (attempt.result == Attempt::Result::failed) {
      state.errors.report({ItemError::Kind::unreadable, path, attempt.failure->message()});
      leave_out_entry(state, job.folder, job.slot, scratch);
      return;
    }
    if (attempt.result == Attempt::Result::changed) {
      // The chunks of this attempt lose their file: its hold is never released, so it finishes
      // nothing.
      if (number < state.plan.attempts_for_changing_file) continue;
      state.errors.report({ItemError::Kind::changed, path, text("backup.file_kept_changing")});
    }
    release_hold(state, *attempt.file, scratch);
    return;
  }
}

}  // namespace

void save_files(BackupState& state, const StopToken& stop) {
  BlobScratch scratch(state.plan.blobs.compression);
  FileReader reader(state, scratch);
  while (const auto jobs = state.files.pop(stop)) {
    for (const FileJob& job : *jobs) save_file(state, job, reader, scratch, stop);
  }
}

void save_chunks(BackupState& state, const StopToken& stop) {
  BlobScratch scratch(state.plan.blobs.compression);
  while (auto chunk = state.chunks.pop(stop)) store_chunk(state, *chunk, scratch);
}

}  // namespace hikae
