// SPDX-License-Identifier: Apache-2.0
#include "chunker/chunker.h"

#include <algorithm>
#include <array>

#include "chunker/rolling_hash.h"

namespace hikae {

struct ChunkerTables::Impl {
  explicit Impl(Polynomial polynomial) : tables(polynomial) {}
  Impl(const Impl&) = delete;  // gfni refers to tables
  Impl& operator=(const Impl&) = delete;
  ~Impl() = default;

  chunking::Found search(const std::uint8_t* data, std::size_t from, std::size_t to) const {
    if (gfni) return gfni->search(data, from, to);
    return chunking::search_lanes(tables, data, from, to);
  }

  const chunking::Tables tables;
  const std::unique_ptr<const chunking::GfniSearch> gfni = chunking::GfniSearch::create(tables);
};

ChunkerTables::ChunkerTables(Polynomial polynomial)
    : impl_(std::make_unique<const Impl>(polynomial)) {}
ChunkerTables::~ChunkerTables() = default;
ChunkerTables::ChunkerTables(ChunkerTables&&) noexcept = default;
ChunkerTables& ChunkerTables::operator=(ChunkerTables&&) noexcept = default;

std::size_t ChunkerTables::next_cut(ByteView data) const {
  const std::size_t size = std::min(data.size(), kMaxChunkSize);
  if (size <= kMinChunkSize) return size;
  // At the first length that may be cut, the window is full of this chunk's own bytes, so nothing
  // before it matters. A cut at `size` needs no search: the chunk ends there anyway.
  return impl_->search(data.data(), kMinChunkSize - 1, size - 1).value_or(size);
}

std::size_t ChunkerTables::next_cut_reference(ByteView data) const {
  constexpr std::size_t kSkip = kMinChunkSize - kChunkWindow;
  // A window that holds the byte 1 and then zeroes, as restic/chunker begins each chunk.
  std::array<std::uint8_t, kChunkWindow> window{};
  window[0] = 1;
  std::size_t place = 1;
  std::uint64_t digest = 1;
  for (std::size_t length = kSkip + 1; length <= data.size(); ++length) {
    const std::uint8_t in = data[length - 1];
    digest = impl_->tables.roll(digest, in, window[place]);
    window[place] = in;
    place = (place + 1) % kChunkWindow;
    if (length >= kMaxChunkSize) return length;
    if (length >= kMinChunkSize && (digest & kChunkMask) == 0) return length;
  }
  return data.size();
}

}  // namespace hikae
