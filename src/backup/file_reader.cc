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
// Pieces of a fixed size are handed over together up to so much. Whoever sends them meanwhile waits
// for us, so it must not be much.
constexpr std::size_t kBatch = std::size_t{256} * 1024;

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
  ByteView rest = chunk.content;
  for (BlobId* const id : chunk.ids) {
    const ByteView content = rest.first(std::min(rest.size(), chunk.chunk_size));
    *id = state.writer.save(BlobType::data, content, scratch).id;
    state.progress.bytes_done += content.size();
    rest = rest.subspan(content.size());
  }
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
  prepare_buffer(expected);
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

// One byte more than expected shows the end in one read. Pieces of a fixed size are passed on as
// soon as a batch of them is there.
void FileReader::prepare_buffer(std::uint64_t expected) {
  const std::uint64_t usual = piece_size_ ? batch_size() : kUsualBuffer;
  if (buffer_.size() > kUsualBuffer) buffer_ = Bytes();
  buffer_.resize(std::min<std::uint64_t>(expected + 1, usual));
}

std::size_t FileReader::batch_size() const {
  return std::max<std::size_t>(1, kBatch / *piece_size_) * *piece_size_;
}

std::size_t FileReader::find_cut(std::size_t left) const {
  if (piece_size_) return std::min(left, batch_size());
  return state_.tables.next_cut({buffer_.data() + begin_, left});
}

bool FileReader::may_grow(std::size_t cut, std::size_t left) const {
  return piece_size_ ? cut < batch_size() : left < kMaxChunkSize;
}

bool FileReader::refill(SourceFile& source, bool at_end) {
  const ByteView left{buffer_.data() + begin_, filled_ - begin_};
  std::copy(left.begin(), left.end(), buffer_.begin());
  filled_ = left.size();
  // A long chunk, or a buffer that was made for a small file, which has grown. It stays so long to
  // the file's end: where one chunk is long, as in text, more are.
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
  const bool alone = last && file->chunks.empty() && size <= kInlineSize;
  ChunkJob job{file, {}, {}, piece_size_.value_or(size)};
  for (std::size_t at = 0; at < size; at += job.chunk_size) {
    file->chunks.push_back(std::make_unique<BlobId>());
    job.ids.push_back(file->chunks.back().get());
  }
  if (alone || !pass_on(job, size)) {
    for (std::size_t at = 0; BlobId* const id : job.ids) {
      const ByteView content{buffer_.data() + begin_ + at, std::min(job.chunk_size, size - at)};
      *id = state_.writer.save(BlobType::data, content, scratch_).id;
      state_.progress.bytes_done += content.size();
      at += content.size();
    }
  }
  begin_ += size;
}

// Gives the chunks to another thread if one is free; else this one stores them itself, and nobody
// ever waits.
bool FileReader::pass_on(ChunkJob& job, std::size_t size) {
  // Most often there is none, and copying the chunks would be for nothing.
  if (!state_.chunks.has_room()) return false;
  job.content = state_.chunk_buffers.take(size);
  append(job.content, {buffer_.data() + begin_, size});
  ++job.file->pending;
  if (state_.chunks.try_push(job)) return true;
  --job.file->pending;
  state_.chunk_buffers.give_back(std::move(job.content));
  return false;
}

}  // namespace hikae
