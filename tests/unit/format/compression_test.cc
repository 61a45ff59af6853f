// SPDX-License-Identifier: Apache-2.0
#include "format/compression.h"

#include <random>

#include <zstd.h>

#include "support.h"

namespace hikae::format {
namespace {

Bytes random_bytes(std::size_t size, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  Bytes bytes(size);
  for (std::uint8_t& byte : bytes) byte = static_cast<std::uint8_t>(random());
  return bytes;
}

Bytes compressed(ByteView content) {
  Bytes frame;
  Compressor().compress(content, frame);
  return frame;
}

// A frame that does not state the length of its content, as a stream of unknown length gives it.
Bytes frame_of_unknown_length(ByteView content) {
  ZSTD_CCtx* context = ZSTD_createCCtx();
  ZSTD_CCtx_setParameter(context, ZSTD_c_contentSizeFlag, 0);
  Bytes frame(ZSTD_compressBound(content.size()));
  frame.resize(ZSTD_compress2(context, frame.data(), frame.size(), content.data(), content.size()));
  ZSTD_freeCCtx(context);
  EXPECT_EQ(ZSTD_getFrameContentSize(frame.data(), frame.size()), ZSTD_CONTENTSIZE_UNKNOWN);
  return frame;
}

TEST(Compressor, RoundTripsAndStatesTheLength) {
  Compressor compressor;
  Decompressor decompressor;
  Bytes frame;
  Bytes back;
  for (const std::size_t size : {0U, 1U, 100U, 131072U, 131073U, 3'000'000U}) {
    for (const Bytes& content : {random_bytes(size, size), Bytes(size, 0)}) {
      compressor.compress(content, frame);
      EXPECT_EQ(ZSTD_getFrameContentSize(frame.data(), frame.size()), size);
      decompressor.decompress(frame, size, back);
      EXPECT_EQ(back, content);
      decompressor.decompress_unknown(frame, size, back);
      EXPECT_EQ(back, content);
    }
  }
}

TEST(Compressor, HigherLevelsReadTheSame) {
  const std::string content = [] {
    std::string lines;
    for (int i = 0; i < 2000; ++i) lines += "line " + std::to_string(i * i) + "\n";
    return lines;
  }();
  Bytes fast;
  Bytes best;
  Compressor(3).compress(as_bytes(content), fast);
  Compressor(19).compress(as_bytes(content), best);
  EXPECT_LT(best.size(), fast.size());
  Bytes back;
  Decompressor().decompress(best, content.size(), back);
  EXPECT_EQ(as_text(back), content);
}

TEST(Decompressor, RefusesAnotherLengthThanExpected) {
  const Bytes frame = compressed(Bytes(1000, 7));
  Decompressor decompressor;
  for (const std::size_t expected : {std::size_t{0}, std::size_t{999}, std::size_t{1001}}) {
    Bytes out;
    const Error error = testing::error_of([&] { decompressor.decompress(frame, expected, out); });
    EXPECT_EQ(error.code(), ErrorCode::corrupt);
    EXPECT_EQ(error.message().key, "format.zstd_length");
    EXPECT_LE(out.capacity(), expected);
  }
  Bytes out;
  decompressor.decompress(frame, 1000, out);  // still usable
  EXPECT_EQ(out, Bytes(1000, 7));
}

TEST(Decompressor, ADamagedLengthDoesNotTakeAllMemory) {
  const Bytes frame = compressed(Bytes(1000, 7));
  Bytes out;
  EXPECT_THROW(Decompressor().decompress(frame, std::size_t{1} << 40, out), Error);
  EXPECT_EQ(out.capacity(), 0U);
}

TEST(Decompressor, EveryTruncationIsDamage) {
  const Bytes content = random_bytes(500, 3);
  Decompressor decompressor;
  Bytes out;
  for (const Bytes& frame : {compressed(content), frame_of_unknown_length(content)}) {
    for (std::size_t size = 0; size < frame.size(); ++size) {
      const ByteView cut(frame.data(), size);
      EXPECT_THROW(decompressor.decompress(cut, content.size(), out), Error) << size;
      EXPECT_THROW(decompressor.decompress_unknown(cut, 10'000, out), Error) << size;
    }
  }
}

TEST(Decompressor, UnknownLengthStopsAtTheLimit) {
  const Bytes content = random_bytes(400'000, 4);
  Decompressor decompressor;
  Bytes out;
  for (const Bytes& frame : {compressed(content), frame_of_unknown_length(content)}) {
    decompressor.decompress_unknown(frame, content.size(), out);
    EXPECT_EQ(out, content);
    decompressor.decompress_unknown(frame, content.size() * 10, out);
    EXPECT_EQ(out, content);
    const Error error =
        testing::error_of([&] { decompressor.decompress_unknown(frame, content.size() - 1, out); });
    EXPECT_EQ(error.code(), ErrorCode::corrupt);
  }
}

TEST(Decompressor, JoinsFramesThatFollowEachOther) {
  Bytes frames = compressed(to_bytes("one "));
  append(frames, compressed(to_bytes("two")));
  Bytes out;
  Decompressor().decompress_unknown(frames, 100, out);
  EXPECT_EQ(as_text(out), "one two");
}

}  // namespace
}  // namespace hikae::format
