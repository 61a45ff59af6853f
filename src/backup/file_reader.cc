// SPDX-License-Identifier: Apache-2.0
#include "backup/file_reader.h"

#include <cstring>

#include "backup/stages.h"

namespace hikae {
namespace {

using format::BlobType;
using format::Node;

// A file of one chunk at most is stored by the thread that read it; passing it on would cost more
// than storing it.
constexpr std::size_t kInlineSize = kMinChunkSize;
// Few chunks are longer; the buffer grows for one that is, and shrinks behind it.
constexpr std::size_t kUsualBuffer = std::size_t{4} * 1024 * 1024;
static_assert(kUsualBuffer <= kMaxChunkSize);

void count_file(BackupState& state, const FileJob& job, const Node& node) {
  Counters& counters = state.counters;
  if (!job.existed) {
    ++counters.files_new;
  } else if (job.before != nullptr && job.before->content == node.content) {
    ++counters.files_unmodified;
  } else {
    ++counters.files_changed;
  }
  ++counters.files;
  counters.bytes += node.size;
}

void finish_file(BackupState& state, FileInProgress& file, BlobScratch& scratch) {
  const std::shared_ptr<Folder> folder = file.job.folder;
  Node& node = file.job.entry->node;
  node = std::move(file.node);
  node.content.reserve(file.chunks.size());
  for (const auto& id : file.chunks) node.content.push_back(*id);
  count_file(state, file.job, node);
  ++state.progress.files_done;
  finish_entry(state, folder, scratch);
}

}  // namespace

void release_hold(BackupState& state, FileInProgress& file, BlobScratch& scratch) {
  if (file.pending.fetch_sub(1, std::memory_order_acq_rel) == 1) finish_file(state, file, scratch);
}

void store_chunk(BackupState& state, ChunkJob& chunk, BlobScratch& scratch) {
  *chunk.id = state.writer.save(BlobType::data, chunk.content, scratch).id;
  state.progress.bytes_done += chunk.content.size();
  state.chunk_buffers.give_back(std::move(chunk.content));
  release_hold(state, *chunk.file, scratch);
}

std::uint64_t FileReader::read(SourceFile& source,
                               std::uint64_t expected,
                               const std::shared_ptr<FileInProgress>& file,
                               const StopToken& stop) {
  std::uint64_t total = 0;
  bool at_end = false;
  begin_ = 0;
  filled_ = 0;
  failure_.reset();
  piece_size_ = source.piece_size();
  // One byte more than expected shows the end in one read.
  if (buffer_.size() > kUsualBuffer) buffer_ = Bytes();
  buffer_.resize(std::min<std::uint64_t>(expected + 1, kUsualBuffer));
  while (true) {
    // What is buffered is cut to its end before more is read, so that only the last piece of it
    // has to move.
    if (begin_ == filled_) at_end = refill(source, at_end);
    const std::size_t left = filled_ - begin_;
    if (left == 0) return total;
    if (!piece_size_ && emit_zeros(left, file)) {
      throw_if_stopped(stop);
      total += kMinChunkSize;
      continue;
    }
    const std::size_t cut = find_cut(left);
    // The next bytes may bring a cut, or more of the chunk.
    if (cut == left && !at_end && may_grow(cut, left)) {
      at_end = refill(source, at_end);
      continue;
    }
    throw_if_stopped(stop);
    emit(cut, file, at_end && cut == left);
    total += cut;
  }
}

std::size_t FileReader::find_cut(std::size_t left) const {
  if (piece_size_) return std::min(left, *piece_size_);
  return state_.tables.next_cut({buffer_.data() + begin_, left});
}

bool FileReader::may_grow(std::size_t cut, std::size_t left) const {
  return piece_size_ ? cut < *piece_size_ : left < kMaxChunkSize;
}

bool FileReader::refill(SourceFile& source, bool at_end) {
  const ByteView left{buffer_.data() + begin_, filled_ - begin_};
  if (buffer_.size() > kUsualBuffer && left.size() <= kUsualBuffer / 2) {
    Bytes smaller(kUsualBuffer);
    std::copy(left.begin(), left.end(), smaller.begin());
    buffer_ = std::move(smaller);
  } else {
    std::copy(left.begin(), left.end(), buffer_.begin());
  }
  filled_ = left.size();
  // A long chunk, or a buffer that was made for a small file, which has grown.
  if (begin_ == 0 && filled_ == buffer_.size())
    buffer_.resize(buffer_.size() < kUsualBuffer ? kUsualBuffer : kMaxChunkSize);
  begin_ = 0;
  while (!at_end && filled_ < buffer_.size()) {
    const std::size_t got = read_some(source);
    at_end = got == 0;
    filled_ += got;
  }
  return at_end;
}

// The source's failure ends the file; it must not be mistaken for one of the destinations.
std::size_t FileReader::read_some(SourceFile& source) {
  try {
    return source.read({buffer_.data() + filled_, buffer_.size() - filled_});
  } catch (const Error& error) {
    failure_ = error;
    return 0;
  }
}

// A chunk of zeros, as the holes of a sparse file are read: always the same one, and after the
// first time neither cut nor hashed. Returns whether one was stored.
bool FileReader::emit_zeros(std::size_t left, const std::shared_ptr<FileInProgress>& file) {
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

void FileReader::emit(std::size_t size, const std::shared_ptr<FileInProgress>& file, bool last) {
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
bool FileReader::pass_on(ByteView content,
                         const std::shared_ptr<FileInProgress>& file,
                         BlobId* id) {
  // Most often there is none, and copying the chunk would be for nothing.
  if (!state_.chunks.has_room()) return false;
  ChunkJob job{file, id, state_.chunk_buffers.take(content.size())};
  append(job.content, content);
  ++file->pending;
  if (state_.chunks.try_push(job)) return true;
  --file->pending;
  state_.chunk_buffers.give_back(std::move(job.content));
  return false;
}

}  // namespace hikae
