// SPDX-License-Identifier: Apache-2.0
// Whatever happens to stored bytes, a decoder either reads a valid document or throws an Error that
// says so. Run under the sanitizers it also shows that none reads outside its input.
#include "format/files.h"
#include "format/node.h"
#include "format/pack.h"
#include "support.h"

namespace hikae::format {
namespace {

using testing::digits_of;

struct Decoder {
  const char* name;
  std::string document;
  std::function<void(const std::string&)> decode;
};

std::string node_json(const std::string& name, const std::string& rest) {
  return R"({"name":")" + name + R"(","type":)" + rest +
         R"(,"mode":420,"mtime":"2024-01-02T00:04:05.07+09:00","uid":0,"gid":0,"user":"\u3042",)"
         R"("extended_attributes":[{"name":"user.a","value":"AQI="}],"content":null})";
}

std::string sample_tree() {
  return R"({"nodes":[)" + node_json(R"(a\\xff\\u00a0\\U0010ffff)", "\"file\"") + "," +
         node_json("b", R"("dir","subtree":")" + digits_of("01") + '"') + "," +
         node_json("c", R"("symlink","linktarget":"x","linktarget_raw":"Yf9i")") + "," +
         node_json("d", R"("file","generic_attributes":{"w":[1,"}"]})") + "]}\n";
}

std::string sample_index() {
  return R"({"supersedes":[],"packs":[{"id":")" + digits_of("0f") + R"(","blobs":[{"id":")" +
         digits_of("a1") +
         R"(","type":"data","offset":38,"length":38,"uncompressed_length":900}]}]})" + "\n";
}

std::string sample_snapshot() {
  return R"({"time":"2024-01-02T00:04:05Z","parent":")" + digits_of("01") + R"(","tree":")" +
         digits_of("02") +
         R"(","paths":["/a"],"uid":1,"tags":["t"],"summary":{"backup_start":)"
         R"("2024-01-02T00:04:05Z","files_new":1,"total_bytes_processed":5}})";
}

std::vector<Decoder> decoders() {
  return {
      {"config",
       R"({"version":2,"id":")" + digits_of("5a") + R"(","chunker_polynomial":"3fe155c7005131"})",
       [](const std::string& s) { decode_config(s); }},
      {"key",
       R"({"created":"2024-01-02T00:04:05Z","username":"u","hostname":"h","kdf":"scrypt","N":1024,)"
       R"("r":8,"p":1,"salt":")" +
           std::string(86, 'A') + R"(==","data":"AQID"})",
       [](const std::string& s) { decode_key_file(s); }},
      {"master key",
       R"({"mac":{"k":"AQEBAQEBAQEBAQEBAQEBAQ==","r":"AAAAAAAAAAAAAAAAAAAA8A=="},"encrypt":")" +
           std::string(43, 'A') + R"(="})",
       [](const std::string& s) { decode_master_key(s); }},
      {"lock",
       R"({"time":"2024-01-02T00:04:05Z","exclusive":true,"hostname":"h","username":"u","pid":1})",
       [](const std::string& s) { decode_lock(s); }},
      {"snapshot", sample_snapshot(), [](const std::string& s) { decode_snapshot(s); }},
      {"index",
       sample_index(),
       [](const std::string& s) { decode_index(s, [](IndexedPack&&) {}); }},
      {"tree", sample_tree(), [](const std::string& s) { decode_tree(as_bytes(s)); }},
      {"pack header",
       std::string(as_text(encode_pack_header(
           {{BlobId{}, BlobType::data, 0, 40, 0}, {BlobId{}, BlobType::tree, 40, 50, 60}}))),
       [](const std::string& s) { decode_pack_header(as_bytes(s)); }},
      {"unpacked",
       std::string(as_text(encode_unpacked(sample_index()))),
       [](const std::string& s) { decode_unpacked(as_bytes(s)); }},
  };
}

// True if the document was read, false if it was refused as damaged.
bool reads(const Decoder& decoder, const std::string& document) {
  try {
    decoder.decode(document);
    return true;
  } catch (const Error& error) {
    EXPECT_TRUE(error.code() == ErrorCode::corrupt || error.code() == ErrorCode::unsupported)
        << decoder.name << ": " << error.what();
    return false;
  }
}

TEST(Damage, TheSamplesAreValid) {
  for (const Decoder& decoder : decoders()) EXPECT_TRUE(reads(decoder, decoder.document));
}

TEST(Damage, EveryTruncation) {
  for (const Decoder& decoder : decoders()) {
    std::size_t read = 0;
    for (std::size_t size = 0; size < decoder.document.size(); ++size) {
      // A copy of exactly this size, so that a sanitizer sees a read past the end.
      if (reads(decoder, std::string(decoder.document, 0, size))) ++read;
    }
    // A JSON document without its last newline is whole; a header may end after any entry.
    EXPECT_LE(read, 2U) << decoder.name;
  }
}

TEST(Damage, EveryByteReplaced) {
  for (const Decoder& decoder : decoders()) {
    for (std::size_t at = 0; at < decoder.document.size(); ++at) {
      for (const char c : {'\0', '"', '\\', '{', '}', ']', ',', '0', '9', '\xff', ' '}) {
        std::string document = decoder.document;
        document[at] = c;
        reads(decoder, document);
      }
    }
  }
}

TEST(Damage, EveryByteRemovedOrDoubled) {
  for (const Decoder& decoder : decoders()) {
    for (std::size_t at = 0; at < decoder.document.size(); ++at) {
      reads(decoder, std::string(decoder.document).erase(at, 1));
      reads(decoder, std::string(decoder.document).insert(at, 1, decoder.document[at]));
    }
  }
}

}  // namespace
}  // namespace hikae::format
