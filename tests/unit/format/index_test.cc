// SPDX-License-Identifier: Apache-2.0
#include <random>

#include "format/pack.h"
#include "support.h"

namespace hikae::format {
namespace {

using testing::bad_field;
using testing::digits_of;
using testing::error_of;
using testing::id_of;
using testing::replaced;

std::vector<IndexedPack> decoded(std::string_view json) {
  std::vector<IndexedPack> packs;
  decode_index(json, [&](IndexedPack&& pack) { packs.push_back(std::move(pack)); });
  return packs;
}

std::vector<IndexedPack> two_packs() {
  return {{id_of<PackId>(0x0f),
           {{id_of<BlobId>(0xa1), BlobType::data, 0, 38, 0},
            {id_of<BlobId>(0xb2), BlobType::data, 38, 150, 4000}}},
          {id_of<PackId>(0x1f), {{id_of<BlobId>(0xc3), BlobType::tree, 0, 4294967295U, 9}}}};
}

const std::string kTwoPacks =
    R"({"packs":[{"id":")" + digits_of("0f") + R"(","blobs":[{"id":")" + digits_of("a1") +
    R"(","type":"data","offset":0,"length":38},{"id":")" + digits_of("b2") +
    R"(","type":"data","offset":38,"length":150,"uncompressed_length":4000}]},{"id":")" +
    digits_of("1f") + R"(","blobs":[{"id":")" + digits_of("c3") +
    R"(","type":"tree","offset":0,"length":4294967295,"uncompressed_length":9}]}]})" + "\n";

TEST(Index, WritesResticsBytes) {
  EXPECT_EQ(encode_index(two_packs()), kTwoPacks);
  EXPECT_EQ(encode_index({}), "{\"packs\":[]}\n");
}

TEST(Index, ReadsPackByPack) {
  EXPECT_EQ(decoded(kTwoPacks), two_packs());
  EXPECT_TRUE(decoded(R"({"packs":[]})").empty());
  EXPECT_TRUE(decoded(R"({"packs":null})").empty());
}

TEST(Index, ReadsOverWhatOtherProgramsAdd) {
  const std::string json =
      R"({"supersedes":[")" + digits_of("77") + R"("],"packs_to_delete":[{"id":")" +
      digits_of("66") + R"(","blobs":[],"time":"2024-01-02T00:04:05Z"}],"packs":[{"size":1234,)" +
      R"("blobs":[{"length":7,"location":{"x":[1]},"type":"tree","id":")" + digits_of("a1") +
      R"(","offset":3}],"time":null,"id":")" + digits_of("0f") + R"("}]})";
  const std::vector<IndexedPack> expected = {
      {id_of<PackId>(0x0f), {{id_of<BlobId>(0xa1), BlobType::tree, 3, 7, 0}}}};
  EXPECT_EQ(decoded(json), expected);
}

TEST(Index, NamesTheFieldThatIsWrong) {
  const auto field = [](std::string_view from, std::string_view to) {
    const std::string json = replaced(kTwoPacks, from, to);
    return bad_field([&] { decoded(json); });
  };
  EXPECT_EQ(field(R"({"packs")", R"({"bags")"), "index.packs");
  EXPECT_EQ(field(R"("id":"0f)", R"("id":"0F)"), "index.packs.id");
  EXPECT_EQ(field(R"({"id":"0f)", R"({"no":"0f)"), "index.packs.id");
  EXPECT_EQ(field(R"("type":"data")", R"("type":"blob")"), "index.packs.blobs.type");
  EXPECT_EQ(field(R"("type":"data",)", ""), "index.packs.blobs.type");
  EXPECT_EQ(field(R"("length":38)", R"("length":-38)"), "index.packs.blobs.length");
  EXPECT_EQ(field(R"(,"length":38)", ""), "index.packs.blobs.length");
  EXPECT_EQ(field(R"("length":4294967295)", R"("length":4294967296)"), "index.packs.blobs.length");
  EXPECT_EQ(field(R"("offset":38)", R"("offset":3.5)"), "index.packs.blobs.offset");
  EXPECT_EQ(bad_field([] { decoded(R"({"packs":{}})"); }), "index.packs");
  EXPECT_EQ(bad_field([] { decoded(R"({"packs":[1]})"); }), "index.packs");
}

TEST(Index, RefusesWhatIsNoObject) {
  for (const char* json : {"", "[]", "null", "1", "{", "{}x", "{\"packs\":[]", "\"\xff\""}) {
    EXPECT_EQ(error_of([&] { decoded(json); }).code(), ErrorCode::corrupt) << json;
  }
}

TEST(Index, AnErrorOfTheVisitorPasses) {
  EXPECT_THROW(decode_index(kTwoPacks, [](IndexedPack&&) { throw Cancelled(); }), Cancelled);
  EXPECT_EQ(decoded(kTwoPacks), two_packs());
}

TEST(Index, LargeOnesRoundTrip) {
  std::mt19937_64 random(5);
  std::vector<IndexedPack> packs(300);
  for (IndexedPack& pack : packs) {
    for (std::uint8_t& byte : pack.id.bytes) byte = static_cast<std::uint8_t>(random());
    pack.blobs.resize(random() % 60);
    for (PackedBlob& blob : pack.blobs) {
      for (std::uint8_t& byte : blob.id.bytes) byte = static_cast<std::uint8_t>(random());
      blob.type = random() % 4 == 0 ? BlobType::tree : BlobType::data;
      blob.offset = static_cast<std::uint32_t>(random());
      blob.length = static_cast<std::uint32_t>(random());
      if (random() % 2 == 0) blob.uncompressed_length = static_cast<std::uint32_t>(random());
    }
  }
  const std::string json = encode_index(packs);
  ASSERT_GT(json.size(), std::size_t{1} << 20);
  EXPECT_EQ(decoded(json), packs);
  EXPECT_EQ(encode_index(decoded(json)), json);
}

}  // namespace
}  // namespace hikae::format
