// SPDX-License-Identifier: Apache-2.0
// Opens what the system's restic wrote: its key file with the password, its config with the key.
#include <filesystem>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "crypto/cipher.h"
#include "crypto/hash.h"
#include "support/stock_restic.h"

namespace hikae {
namespace {

using testing::read_file;
using testing::StockRestic;

// The value of a member in JSON known to be simple, without its quotes.
std::string member(const std::string& json, const std::string& name) {
  const std::string key = "\"" + name + "\":";
  const std::size_t start = json.find(key);
  if (start == std::string::npos) throw std::runtime_error("no " + name + " in " + json);
  const std::size_t from = json.find_first_not_of('"', start + key.size());
  return json.substr(from, json.find_first_of("\",}", from) - from);
}

Bytes from_base64(const std::string& text) {
  const std::string digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  Bytes bytes;
  std::uint32_t bits = 0;
  int count = 0;
  for (const char c : text) {
    if (c == '=') break;
    bits = (bits << 6) | static_cast<std::uint32_t>(digits.find(c));
    count += 6;
    if (count >= 8) {
      count -= 8;
      bytes.push_back(static_cast<std::uint8_t>(bits >> count));
    }
  }
  return bytes;
}

template <std::size_t N>
void take(const std::string& json, const std::string& name, std::array<std::uint8_t, N>& out) {
  const Bytes bytes = from_base64(member(json, name));
  ASSERT_EQ(bytes.size(), N);
  std::copy(bytes.begin(), bytes.end(), out.begin());
}

class KeyFile {
 public:
  explicit KeyFile(const std::filesystem::path& repository) {
    for (const auto& entry : std::filesystem::directory_iterator(repository / "keys")) {
      name = entry.path().filename();
      json = read_file(entry.path());
    }
  }
  Cipher user_cipher(const std::string& password) const {
    ScryptParameters parameters;
    parameters.n = static_cast<std::uint32_t>(std::stoul(member(json, "N")));
    parameters.r = static_cast<std::uint32_t>(std::stoul(member(json, "r")));
    parameters.p = static_cast<std::uint32_t>(std::stoul(member(json, "p")));
    const Bytes salt = from_base64(member(json, "salt"));
    return Cipher(derive_key(Secret(password), salt, parameters));
  }
  Bytes data() const { return from_base64(member(json, "data")); }

  std::string name;
  std::string json;
};

MasterKey master_key(ByteView master_json) {
  const std::string json(as_text(master_json));
  MasterKey master;
  take(json, "k", master.mac_k);
  take(json, "r", master.mac_r);
  take(json, "encrypt", master.encrypt);
  return master;
}

TEST(ResticInterop, EachOpensWhatTheOtherSealed) {
  if (!StockRestic::installed()) GTEST_SKIP() << "restic is not installed";
  const StockRestic restic;
  const KeyFile key_file(restic.repository());
  EXPECT_EQ(sha256(as_bytes(key_file.json)).hex(), key_file.name);
  EXPECT_THROW(key_file.user_cipher("wrong").open(key_file.data()), Error);
  const Bytes master_json = key_file.user_cipher(StockRestic::kPassword).open(key_file.data());
  const Cipher cipher(master_key(master_json));

  const std::filesystem::path path = restic.repository() / "config";
  const Bytes config = cipher.open(as_bytes(read_file(path)));
  const std::string config_text(as_text(config));
  EXPECT_THAT(config_text, ::testing::HasSubstr("\"chunker_polynomial\":\""));
  EXPECT_EQ(member(config_text, "id").size(), 64U);

  Bytes sealed;
  cipher.seal(config, sealed);
  std::filesystem::remove(path);
  testing::write_file(path, std::string(as_text(sealed)));
  EXPECT_THAT(restic.run("cat config"), ::testing::HasSubstr(member(config_text, "id")));
}

}  // namespace
}  // namespace hikae
