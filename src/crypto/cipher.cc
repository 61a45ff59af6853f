// SPDX-License-Identifier: Apache-2.0
#include "crypto/cipher.h"

#include <algorithm>
#include <cstring>
#include <string>

#include <openssl/crypto.h>

#include "base/error.h"
#include "crypto/openssl.h"
#include "crypto/random.h"

namespace hikae {

namespace {

constexpr std::size_t kIvSize = 16;
constexpr std::size_t kTagSize = 16;
static_assert(kIvSize + kTagSize == Cipher::kOverhead);
// OpenSSL counts in int; a multiple of the AES block.
constexpr std::size_t kMostAtOnce = std::size_t{1} << 30;

using Tag = std::array<std::uint8_t, kTagSize>;

// Looked up once for the program: a look-up costs more than sealing a small blob.
struct Algorithms {
  openssl::Handle<EVP_CIPHER> ctr =
      openssl::own(EVP_CIPHER_fetch(nullptr, "AES-256-CTR", nullptr), "EVP_CIPHER_fetch");
  openssl::Handle<EVP_CIPHER> block =
      openssl::own(EVP_CIPHER_fetch(nullptr, "AES-128-ECB", nullptr), "EVP_CIPHER_fetch");
  openssl::Handle<EVP_MAC> poly1305 =
      openssl::own(EVP_MAC_fetch(nullptr, "POLY1305", nullptr), "EVP_MAC_fetch");
};

const Algorithms& algorithms() {
  static const Algorithms kAlgorithms;
  return kAlgorithms;
}

// The contexts of one thread. A cache, not state: every use sets key and iv anew, so that one
// Cipher never sees another's key; only the allocations are kept. OpenSSL wipes them when the
// thread ends.
struct Contexts {
  openssl::Handle<EVP_CIPHER_CTX> ctr = openssl::own(EVP_CIPHER_CTX_new(), "EVP_CIPHER_CTX_new");
  openssl::Handle<EVP_CIPHER_CTX> block = openssl::own(EVP_CIPHER_CTX_new(), "EVP_CIPHER_CTX_new");
  openssl::Handle<EVP_MAC_CTX> poly1305 =
      openssl::own(EVP_MAC_CTX_new(algorithms().poly1305.get()), "EVP_MAC_CTX_new");
};

const Contexts& contexts() {
  thread_local const Contexts kContexts;
  return kContexts;
}

// CTR is its own inverse: encrypts and decrypts.
class CtrStream {
 public:
  CtrStream(const MasterKey& key, const std::uint8_t* iv) : context_(contexts().ctr.get()) {
    openssl::check(
        EVP_EncryptInit_ex2(context_, algorithms().ctr.get(), key.encrypt.data(), iv, nullptr),
        "EVP_EncryptInit_ex2");
  }

  // `to` has room for from.size() bytes.
  void apply(ByteView from, std::uint8_t* to) {
    while (!from.empty()) {
      const std::size_t part = std::min(from.size(), kMostAtOnce);
      int written = 0;
      openssl::check(EVP_EncryptUpdate(context_, to, &written, from.data(), static_cast<int>(part)),
                     "EVP_EncryptUpdate");
      from = from.subspan(part);
      to += part;
    }
  }

 private:
  EVP_CIPHER_CTX* context_;
};

// Poly1305 with the one-time key r || AES-128_k(iv). OpenSSL clamps r itself.
Tag authenticate(const MasterKey& key, const std::uint8_t* iv, ByteView ciphertext) {
  const Contexts& own = contexts();
  std::array<std::uint8_t, 32> one_time{};
  std::copy(key.mac_r.begin(), key.mac_r.end(), one_time.begin());
  int written = 0;
  openssl::check(EVP_EncryptInit_ex2(
                     own.block.get(), algorithms().block.get(), key.mac_k.data(), nullptr, nullptr),
                 "EVP_EncryptInit_ex2");
  openssl::check(EVP_CIPHER_CTX_set_padding(own.block.get(), 0), "EVP_CIPHER_CTX_set_padding");
  openssl::check(EVP_EncryptUpdate(own.block.get(), one_time.data() + 16, &written, iv, kIvSize),
                 "EVP_EncryptUpdate");

  Tag tag;
  std::size_t size = 0;
  const int ready = EVP_MAC_init(own.poly1305.get(), one_time.data(), one_time.size(), nullptr);
  wipe(one_time.data(), one_time.size());
  openssl::check(ready, "EVP_MAC_init");
  openssl::check(EVP_MAC_update(own.poly1305.get(), ciphertext.data(), ciphertext.size()),
                 "EVP_MAC_update");
  openssl::check(EVP_MAC_final(own.poly1305.get(), tag.data(), &size, tag.size()), "EVP_MAC_final");
  return tag;
}

bool is_zero(ByteView bytes) {
  return std::all_of(bytes.begin(), bytes.end(), [](std::uint8_t byte) { return byte == 0; });
}

// The ciphertext within `sealed`, once its tag is known to be right.
ByteView authenticated(const MasterKey& key, ByteView sealed) {
  if (sealed.size() < Cipher::kOverhead) {
    throw Error(ErrorCode::corrupt,
                text("crypto.too_short", {{"size", std::to_string(sealed.size())}}));
  }
  const ByteView iv = sealed.first(kIvSize);
  const ByteView ciphertext = sealed.subspan(kIvSize, sealed.size() - Cipher::kOverhead);
  if (is_zero(iv)) throw Error(ErrorCode::corrupt, text("crypto.zero_iv"));
  const Tag tag = authenticate(key, iv.data(), ciphertext);
  if (CRYPTO_memcmp(tag.data(), sealed.last(kTagSize).data(), kTagSize) != 0) {
    throw Error(ErrorCode::corrupt, text("crypto.wrong_tag"));
  }
  return ciphertext;
}

[[noreturn]] void fail_verification() {
  throw Error(ErrorCode::corrupt, text("crypto.verification_failed"))
      .with_hint(text("crypto.verification_hint"));
}

}  // namespace

MasterKey MasterKey::random() {
  MasterKey key;
  fill_random(key.encrypt);
  fill_random(key.mac_k);
  fill_random(key.mac_r);
  return key;
}

void Cipher::seal(ByteView plaintext, Bytes& out) const {
  const std::size_t before = out.size();
  out.resize(before + plaintext.size() + kOverhead);
  const MutableByteView sealed = MutableByteView(out).subspan(before);
  try {
    fill_random(sealed.first(kIvSize));
    CtrStream(key_, sealed.data()).apply(plaintext, sealed.data() + kIvSize);
    const Tag tag = authenticate(key_, sealed.data(), sealed.subspan(kIvSize, plaintext.size()));
    std::copy(tag.begin(), tag.end(), sealed.end() - kTagSize);
    verify(plaintext, sealed);
  } catch (...) {
    out.resize(before);
    throw;
  }
}

void Cipher::verify(ByteView plaintext, ByteView sealed) const {
  if (sealed.size() != plaintext.size() + kOverhead) fail_verification();
  if (is_zero(sealed.first(kIvSize))) fail_verification();
  const ByteView ciphertext = sealed.subspan(kIvSize, plaintext.size());
  const Tag tag = authenticate(key_, sealed.data(), ciphertext);
  if (CRYPTO_memcmp(tag.data(), sealed.last(kTagSize).data(), kTagSize) != 0) fail_verification();

  // Piece by piece through a small buffer: it stays in the nearest cache, and no second copy of the
  // blob is needed.
  CtrStream stream(key_, sealed.data());
  std::array<std::uint8_t, 16384> opened;
  for (std::size_t at = 0; at < plaintext.size(); at += opened.size()) {
    const std::size_t part = std::min(opened.size(), plaintext.size() - at);
    stream.apply(ciphertext.subspan(at, part), opened.data());
    if (std::memcmp(opened.data(), plaintext.data() + at, part) != 0) fail_verification();
  }
}

Bytes Cipher::open(ByteView sealed) const {
  Bytes out;
  open(sealed, out);
  return out;
}

void Cipher::open(ByteView sealed, Bytes& out) const {
  const ByteView ciphertext = authenticated(key_, sealed);
  out.resize(ciphertext.size());
  CtrStream(key_, sealed.data()).apply(ciphertext, out.data());
}

}  // namespace hikae
