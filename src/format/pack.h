// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/id.h"

namespace hikae::format {

enum class BlobType : std::uint8_t { data = 0, tree = 1 };

std::string_view to_string(BlobType type);

// One blob inside a pack. `length` is the sealed length; `uncompressed_length` is 0 when the blob
// is not compressed.
struct PackedBlob {
  BlobId id;
  BlobType type = BlobType::data;
  std::uint32_t offset = 0;
  std::uint32_t length = 0;
  std::uint32_t uncompressed_length = 0;

  bool is_compressed() const { return uncompressed_length != 0; }
  bool operator==(const PackedBlob&) const = default;
};

// A pack file:
//   <pack>   ::= <blob>* <header> length_of_header:uint32le
//   <blob>   ::= sealed plaintext, or sealed zstd frame
//   <header> ::= sealed <entry>*
//   <entry>  ::= type:uint8 length:uint32le id[32]                                    type 0 data,
//   1 tree
//              | type:uint8 length:uint32le uncompressed_length:uint32le id[32]       type 2 data,
//              3 tree, compressed
// Offsets are implicit: blobs follow each other without gaps.
Bytes encode_pack_header(const std::vector<PackedBlob>& blobs);
// The plaintext of a header, with offsets filled in. Throws Error{corrupt}.
std::vector<PackedBlob> decode_pack_header(ByteView header);
// Plaintext bytes that one more entry adds; with the cipher's overhead and 4 it gives the exact
// size of a pack.
std::size_t header_entry_size(const PackedBlob& blob);

inline constexpr std::size_t kMaxPackHeaderSize = std::size_t{16} << 20;

// index/<id>.
struct IndexedPack {
  PackId id;
  std::vector<PackedBlob> blobs;
  bool operator==(const IndexedPack&) const = default;
};
std::string encode_index(const std::vector<IndexedPack>& packs);
// Calls `visit` for each pack in turn. `supersedes` and rustic's `packs_to_delete` are read over.
// Throws Error{corrupt} for anything that is not an index, also after some packs were visited.
void decode_index(std::string_view json, const std::function<void(IndexedPack&&)>& visit);

// Index, snapshot and lock files (not config, not keys) in a version 2 repository:
//   <unpacked> ::= 0x02 <zstd frame of the JSON> | <JSON, beginning with '{' or '['>
Bytes encode_unpacked(std::string_view json);
std::string decode_unpacked(ByteView plaintext);

}  // namespace hikae::format
