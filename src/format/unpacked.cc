// SPDX-License-Identifier: Apache-2.0
#include "base/error.h"
#include "format/compression.h"
#include "format/pack.h"

namespace hikae::format {
namespace {

constexpr std::uint8_t kCompressed = 2;
// Indexes are the largest of these files; with 50,000 blobs they have about 10 MB.
constexpr std::size_t kLargestFile = std::size_t{1} << 30;

}  // namespace

Bytes encode_unpacked(std::string_view json) {
  Bytes frame;
  Compressor().compress(as_bytes(json), frame);
  Bytes out;
  out.reserve(1 + frame.size());
  out.push_back(kCompressed);
  append(out, frame);
  return out;
}

std::string decode_unpacked(ByteView plaintext) {
  if (plaintext.empty()) throw Error(ErrorCode::corrupt, text("format.unpacked_empty"));
  const std::uint8_t first = plaintext.front();
  if (first == '{' || first == '[') return std::string(as_text(plaintext));
  if (first != kCompressed) {
    throw Error(ErrorCode::corrupt,
                text("format.unpacked_encoding", {{"byte", std::to_string(first)}}));
  }
  Bytes json;
  Decompressor().decompress_unknown(plaintext.subspan(1), kLargestFile, json);
  return std::string(as_text(json));
}

}  // namespace hikae::format
