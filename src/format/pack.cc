// SPDX-License-Identifier: Apache-2.0
#include "format/pack.h"

#include <algorithm>
#include <limits>

#include "base/error.h"

namespace hikae::format {
namespace {

constexpr std::size_t kIdSize = 32;
constexpr std::size_t kPlainEntry = 1 + 4 + kIdSize;
constexpr std::size_t kCompressedEntry = kPlainEntry + 4;
constexpr std::uint8_t kTreeBit = 1;
constexpr std::uint8_t kCompressedBit = 2;

void append_u32(Bytes& out, std::uint32_t value) {
  for (int shift = 0; shift < 32; shift += 8)
    out.push_back(static_cast<std::uint8_t>(value >> shift));
}

std::uint32_t read_u32(ByteView bytes) {
  return std::uint32_t{bytes[0]} | (std::uint32_t{bytes[1]} << 8) |
         (std::uint32_t{bytes[2]} << 16) | (std::uint32_t{bytes[3]} << 24);
}

Error damaged(std::size_t at) {
  return Error(ErrorCode::corrupt, text("format.pack_header", {{"offset", std::to_string(at)}}));
}

}  // namespace

std::string_view to_string(BlobType type) {
  return type == BlobType::tree ? "tree" : "data";
}

std::size_t header_entry_size(const PackedBlob& blob) {
  return blob.is_compressed() ? kCompressedEntry : kPlainEntry;
}

Bytes encode_pack_header(const std::vector<PackedBlob>& blobs) {
  std::size_t size = 0;
  for (const PackedBlob& blob : blobs) size += header_entry_size(blob);
  if (size > kMaxPackHeaderSize) {
    throw Error(ErrorCode::invalid_argument,
                text("format.pack_header_full", {{"count", std::to_string(blobs.size())}}));
  }
  Bytes out;
  out.reserve(size);
  for (const PackedBlob& blob : blobs) {
    const std::uint8_t tree = blob.type == BlobType::tree ? kTreeBit : std::uint8_t{0};
    const std::uint8_t compressed = blob.is_compressed() ? kCompressedBit : std::uint8_t{0};
    out.push_back(static_cast<std::uint8_t>(tree | compressed));
    append_u32(out, blob.length);
    if (blob.is_compressed()) append_u32(out, blob.uncompressed_length);
    append(out, blob.id.bytes);
  }
  return out;
}

std::vector<PackedBlob> decode_pack_header(ByteView header) {
  std::vector<PackedBlob> blobs;
  blobs.reserve(header.size() / kPlainEntry);
  std::uint64_t offset = 0;
  std::size_t at = 0;
  while (at < header.size()) {
    const ByteView entry = header.subspan(at);
    const std::uint8_t kind = entry[0];
    const bool compressed = (kind & kCompressedBit) != 0;
    const std::size_t size = compressed ? kCompressedEntry : kPlainEntry;
    if (kind > (kTreeBit | kCompressedBit) || entry.size() < size) throw damaged(at);
    PackedBlob blob;
    blob.type = (kind & kTreeBit) != 0 ? BlobType::tree : BlobType::data;
    blob.offset = static_cast<std::uint32_t>(offset);
    blob.length = read_u32(entry.subspan(1));
    if (compressed) {
      blob.uncompressed_length = read_u32(entry.subspan(5));
      // An entry that is called compressed and has no length cannot be read back either way.
      if (blob.uncompressed_length == 0) throw damaged(at);
    }
    std::copy_n(entry.begin() + static_cast<std::ptrdiff_t>(size - kIdSize),
                kIdSize,
                blob.id.bytes.begin());
    offset += blob.length;
    if (offset > std::numeric_limits<std::uint32_t>::max()) throw damaged(at);
    blobs.push_back(blob);
    at += size;
  }
  return blobs;
}

}  // namespace hikae::format
