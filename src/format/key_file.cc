// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstring>

#include "base/base64.h"
#include "base/json.h"
#include "format/files.h"
#include "format/json_read.h"

namespace hikae::format {
namespace {

constexpr std::string_view kDocument = "key";
constexpr std::string_view kMasterKey = "master_key";
constexpr std::size_t kSaltSize = 64;

constexpr std::array<FieldRule<KeyFile>, 9> kFields = {{
    {"created", [](KeyFile& k, const JsonValue& v) { k.created = v.time(); }},
    {"username", [](KeyFile& k, const JsonValue& v) { k.username = v.text(); }},
    {"hostname", [](KeyFile& k, const JsonValue& v) { k.hostname = v.text(); }},
    {"kdf", [](KeyFile& k, const JsonValue& v) { k.kdf = v.text(); }},
    {"N", [](KeyFile& k, const JsonValue& v) { k.n = v.number<std::uint32_t>(); }},
    {"r", [](KeyFile& k, const JsonValue& v) { k.r = v.number<std::uint32_t>(); }},
    {"p", [](KeyFile& k, const JsonValue& v) { k.p = v.number<std::uint32_t>(); }},
    {"salt", [](KeyFile& k, const JsonValue& v) { k.salt = v.base64(); }},
    {"data", [](KeyFile& k, const JsonValue& v) { k.data = v.base64(); }},
}};

void append_base64_member(JsonWriter& json, std::string_view name, ByteView bytes) {
  std::string quoted;
  quoted.reserve((bytes.size() + 2) / 3 * 4 + 2);
  quoted += '"';
  append_base64(quoted, bytes);
  quoted += '"';
  json.key(name).raw(quoted);
  explicit_bzero(quoted.data(), quoted.size());
}

// A parsed document that leaves no copy of itself behind in freed memory.
class SecretDocument {
 public:
  explicit SecretDocument(std::string_view json) : text_(json.size() + simdjson::SIMDJSON_PADDING) {
    std::copy(json.begin(), json.end(), text_.begin());
    std::fill(text_.begin() + static_cast<std::ptrdiff_t>(json.size()), text_.end(), 0);
    error_ = parser_.parse(text_.data(), json.size(), false).get(root_);
  }
  ~SecretDocument() {
    explicit_bzero(text_.data(), text_.size());
    // The size that the parser gives this buffer for a document of that capacity.
    if (parser_.doc.string_buf) {
      explicit_bzero(parser_.doc.string_buf.get(),
                     5 * parser_.doc.capacity() / 3 + simdjson::SIMDJSON_PADDING);
    }
  }
  SecretDocument(const SecretDocument&) = delete;
  SecretDocument& operator=(const SecretDocument&) = delete;

  simdjson::dom::object object() const {
    simdjson::dom::object object;
    if (error_ != simdjson::SUCCESS || root_.get(object) != simdjson::SUCCESS) {
      throw Error(ErrorCode::corrupt,
                  text("format.not_object", {{"document", std::string(kMasterKey)}}));
    }
    return object;
  }

 private:
  Bytes text_;
  simdjson::dom::parser parser_;
  simdjson::dom::element root_;
  simdjson::error_code error_ = simdjson::UNINITIALIZED;
};

// Fills exactly `out`, or throws.
template <std::size_t kSize>
void read_secret(const JsonValue& value, std::array<std::uint8_t, kSize>& out) {
  Bytes bytes = value.base64();
  if (bytes.size() != kSize) value.fail();
  std::copy(bytes.begin(), bytes.end(), out.begin());
  explicit_bzero(bytes.data(), bytes.size());
}

struct MasterKeyParts {
  MasterKeyFields fields;
  unsigned found = 0;
};

constexpr std::array<FieldRule<MasterKeyParts>, 2> kMacFields = {{
    {"k",
     [](MasterKeyParts& m, const JsonValue& v) {
       read_secret(v, m.fields.mac_k);
       m.found |= 1;
     }},
    {"r",
     [](MasterKeyParts& m, const JsonValue& v) {
       read_secret(v, m.fields.mac_r);
       m.found |= 2;
     }},
}};

constexpr std::array<FieldRule<MasterKeyParts>, 2> kMasterKeyFields = {{
    {"mac",
     [](MasterKeyParts& m, const JsonValue& v) {
       read_fields(v.object(), "master_key.mac", kMacFields, m);
     }},
    {"encrypt",
     [](MasterKeyParts& m, const JsonValue& v) {
       read_secret(v, m.fields.encrypt);
       m.found |= 4;
     }},
}};

}  // namespace

std::string encode(const KeyFile& key) {
  std::string out;
  JsonWriter json(out);
  json.begin_object();
  json.member("created", to_rfc3339(key.created));
  json.member("username", key.username);
  json.member("hostname", key.hostname);
  json.member("kdf", key.kdf);
  json.member("N", key.n);
  json.member("r", key.r);
  json.member("p", key.p);
  append_base64_member(json, "salt", key.salt);
  append_base64_member(json, "data", key.data);
  json.end_object();
  return out;
}

KeyFile decode_key_file(std::string_view json) {
  const JsonDocument document(json);
  KeyFile key;
  key.kdf.clear();
  read_fields(document.object(kDocument), kDocument, kFields, key);
  if (key.kdf != "scrypt") throw_bad_field(kDocument, "kdf");
  if (key.n == 0) throw_bad_field(kDocument, "N");
  if (key.r == 0) throw_bad_field(kDocument, "r");
  if (key.p == 0) throw_bad_field(kDocument, "p");
  if (key.salt.size() != kSaltSize) throw_bad_field(kDocument, "salt");
  if (key.data.empty()) throw_bad_field(kDocument, "data");
  return key;
}

std::string encode(const MasterKeyFields& key) {
  std::string out;
  out.reserve(192);  // never grows, so that no copy of a key is left behind in freed memory
  JsonWriter json(out);
  json.begin_object().key("mac").begin_object();
  append_base64_member(json, "k", key.mac_k);
  append_base64_member(json, "r", key.mac_r);
  json.end_object();
  append_base64_member(json, "encrypt", key.encrypt);
  json.end_object();
  return out;
}

MasterKeyFields decode_master_key(std::string_view json) {
  const SecretDocument document(json);
  MasterKeyParts parts;
  read_fields(document.object(), kMasterKey, kMasterKeyFields, parts);
  if ((parts.found & 3) != 3) throw_bad_field(kMasterKey, "mac");
  if ((parts.found & 4) == 0) throw_bad_field(kMasterKey, "encrypt");
  return parts.fields;
}

}  // namespace hikae::format
