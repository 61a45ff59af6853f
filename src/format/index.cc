// SPDX-License-Identifier: Apache-2.0
#include "format/append.h"
#include "format/json_read.h"
#include "format/pack.h"

namespace hikae::format {
namespace {

constexpr std::string_view kIndex = "index";
constexpr std::string_view kPack = "index.packs";
constexpr std::string_view kBlob = "index.packs.blobs";

// Bytes that one blob takes in the JSON, about.
constexpr std::size_t kBlobText = 160;

BlobType read_type(const JsonValue& value) {
  const std::string_view type = value.text();
  if (type == "data") return BlobType::data;
  if (type != "tree") value.fail();
  return BlobType::tree;
}

// A blob while it is read: whether type and length were there at all is known only at its end.
struct BlobFields {
  PackedBlob blob;
  bool has_type = false;
  bool has_length = false;
};

constexpr std::array<FieldRule<BlobFields>, 5> kBlobFields = {{
    {"id", [](BlobFields& b, const JsonValue& v) { b.blob.id = v.id<BlobId>(); }},
    {"type",
     [](BlobFields& b, const JsonValue& v) {
       b.blob.type = read_type(v);
       b.has_type = true;
     }},
    {"offset",
     [](BlobFields& b, const JsonValue& v) { b.blob.offset = v.number<std::uint32_t>(); }},
    {"length",
     [](BlobFields& b, const JsonValue& v) {
       b.blob.length = v.number<std::uint32_t>();
       b.has_length = true;
     }},
    {"uncompressed_length",
     [](BlobFields& b, const JsonValue& v) {
       b.blob.uncompressed_length = v.number<std::uint32_t>();
     }},
}};

PackedBlob read_blob(const JsonValue& value) {
  BlobFields fields;
  read_fields(value.object(), kBlob, kBlobFields, fields);
  if (fields.blob.id.is_null()) throw_bad_field(kBlob, "id");
  if (!fields.has_type) throw_bad_field(kBlob, "type");
  if (!fields.has_length) throw_bad_field(kBlob, "length");
  return fields.blob;
}

constexpr std::array<FieldRule<IndexedPack>, 2> kPackFields = {{
    {"id", [](IndexedPack& p, const JsonValue& v) { p.id = v.id<PackId>(); }},
    {"blobs",
     [](IndexedPack& p, const JsonValue& v) {
       p.blobs.clear();
       p.blobs.reserve(v.array().size());
       for (const simdjson::dom::element item : v.array()) {
         p.blobs.push_back(read_blob(v.element(item)));
       }
     }},
}};

void append_blob(std::string& out, const PackedBlob& blob) {
  out += R"({"id":)";
  append_id(out, blob.id);
  out += R"(,"type":")";
  out += to_string(blob.type);
  append_member(out, R"(","offset":)", blob.offset);
  append_member(out, R"(,"length":)", blob.length);
  append_nonzero(out, R"(,"uncompressed_length":)", blob.uncompressed_length);
  out += '}';
}

}  // namespace

std::string encode_index(const std::vector<IndexedPack>& packs) {
  std::size_t blobs = 0;
  for (const IndexedPack& pack : packs) blobs += pack.blobs.size() + 1;
  std::string out;
  out.reserve(16 + blobs * kBlobText);
  out += R"({"packs":[)";
  for (const IndexedPack& pack : packs) {
    if (&pack != packs.data()) out += ',';
    out += R"({"id":)";
    append_id(out, pack.id);
    out += R"(,"blobs":[)";
    for (const PackedBlob& blob : pack.blobs) {
      if (&blob != pack.blobs.data()) out += ',';
      append_blob(out, blob);
    }
    out += "]}";
  }
  out += "]}\n";
  return out;
}

void decode_index(std::string_view json, const std::function<void(IndexedPack&&)>& visit) {
  const JsonDocument document(json);
  bool found = false;
  for (const auto& [key, value] : document.object(kIndex)) {
    if (key != "packs") continue;
    found = true;
    if (value.is_null()) continue;  // what Go writes for a list that was never made
    const JsonValue packs(value, kIndex, "packs");
    for (const simdjson::dom::element item : packs.array()) {
      IndexedPack pack;
      read_fields(packs.element(item).object(), kPack, kPackFields, pack);
      if (pack.id.is_null()) throw_bad_field(kPack, "id");
      visit(std::move(pack));
    }
  }
  if (!found) throw_bad_field(kIndex, "packs");
}

}  // namespace hikae::format
