// SPDX-License-Identifier: Apache-2.0
#include "format/pack.h"

#include <random>

#include "support.h"
#include "support/hex.h"

namespace hikae::format {
namespace {

using hikae::testing::from_hex;
using testing::digits_of;
using testing::error_of;
using testing::id_of;

std::vector<PackedBlob> four_kinds() {
  return {{id_of<BlobId>(0xa1), BlobType::data, 0, 0x01020304, 0},
          {id_of<BlobId>(0xb2), BlobType::tree, 0x01020304, 64, 0},
          {id_of<BlobId>(0xc3), BlobType::data, 0x01020344, 100, 0x00ABCDEF},
          {id_of<BlobId>(0xd4), BlobType::tree, 0x010203a8, 33, 5}};
}

TEST(PackHeader, BytesOfEachKindOfEntry) {
  const Bytes expected = from_hex("00 04030201" + digits_of("a1") +           //
                                  "01 40000000" + digits_of("b2") +           //
                                  "02 64000000 efcdab00" + digits_of("c3") +  //
                                  "03 21000000 05000000" + digits_of("d4"));
  EXPECT_EQ(encode_pack_header(four_kinds()), expected);
  EXPECT_EQ(decode_pack_header(expected), four_kinds());
}

TEST(PackHeader, EntrySizes) {
  EXPECT_EQ(header_entry_size(four_kinds()[0]), 37U);
  EXPECT_EQ(header_entry_size(four_kinds()[3]), 41U);
}

TEST(PackHeader, EmptyHeaderHasNoBlobs) {
  EXPECT_TRUE(encode_pack_header({}).empty());
  EXPECT_TRUE(decode_pack_header({}).empty());
}

TEST(PackHeader, TruncationIsDamageExceptBetweenEntries) {
  const Bytes header = encode_pack_header(four_kinds());
  for (std::size_t size = 0; size < header.size(); ++size) {
    const ByteView cut(header.data(), size);
    if (size == 0 || size == 37 || size == 74 || size == 115) {
      EXPECT_NO_THROW(decode_pack_header(cut));
    } else {
      EXPECT_EQ(error_of([&] { decode_pack_header(cut); }).code(), ErrorCode::corrupt) << size;
    }
  }
}

TEST(PackHeader, RefusesUnknownTypesAndImpossibleLengths) {
  for (const unsigned kind : {4U, 5U, 128U, 255U}) {
    Bytes header = encode_pack_header(four_kinds());
    header[0] = static_cast<std::uint8_t>(kind);
    EXPECT_EQ(error_of([&] { decode_pack_header(header); }).code(), ErrorCode::corrupt);
  }
  const std::string id = digits_of("11");
  EXPECT_THROW(decode_pack_header(from_hex("02 64000000 00000000" + id)), Error);
  // Together more than an offset can count.
  EXPECT_THROW(decode_pack_header(from_hex("00 ffffffff" + id + "00 01000000" + id)), Error);
}

TEST(PackHeader, RefusesToWriteMoreThanReadersTake) {
  std::vector<PackedBlob> blobs(kMaxPackHeaderSize / 37, four_kinds()[0]);
  EXPECT_NO_THROW(encode_pack_header(blobs));
  blobs.push_back(four_kinds()[0]);
  EXPECT_EQ(error_of([&] { encode_pack_header(blobs); }).code(), ErrorCode::invalid_argument);
}

TEST(Unpacked, RoundTripsAsACompressedFile) {
  const std::string json = R"({"packs":[]})";
  const Bytes stored = encode_unpacked(json);
  EXPECT_EQ(stored.front(), 2);
  EXPECT_EQ(decode_unpacked(stored), json);
}

TEST(Unpacked, TakesPlainJsonOfOlderRepositories) {
  EXPECT_EQ(decode_unpacked(as_bytes("{}")), "{}");
  EXPECT_EQ(decode_unpacked(as_bytes("[1]")), "[1]");
}

TEST(Unpacked, RefusesEverythingElse) {
  EXPECT_EQ(error_of([] { decode_unpacked({}); }).message().key, "format.unpacked_empty");
  for (const char* stored : {" {}", "x", "\x01{}", "\x02", "\x02{}", "\x03{}"}) {
    EXPECT_EQ(error_of([&] { decode_unpacked(as_bytes(stored)); }).code(), ErrorCode::corrupt);
  }
}

}  // namespace
}  // namespace hikae::format
