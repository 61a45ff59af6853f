// SPDX-License-Identifier: Apache-2.0
#include "crypto/hash.h"

#include "crypto/openssl.h"

namespace hikae {

namespace {

// Looking an algorithm up costs more than hashing a small file; once is enough.
const EVP_MD* algorithm() {
  static const auto kAlgorithm =
      openssl::own(EVP_MD_fetch(nullptr, "SHA256", nullptr), "EVP_MD_fetch");
  return kAlgorithm.get();
}

void start(EVP_MD_CTX* context) {
  openssl::check(EVP_DigestInit_ex2(context, algorithm(), nullptr), "EVP_DigestInit_ex2");
}

Digest finish(EVP_MD_CTX* context) {
  Digest digest;
  openssl::check(EVP_DigestFinal_ex(context, digest.bytes.data(), nullptr), "EVP_DigestFinal_ex");
  return digest;
}

void add(EVP_MD_CTX* context, ByteView bytes) {
  openssl::check(EVP_DigestUpdate(context, bytes.data(), bytes.size()), "EVP_DigestUpdate");
}

}  // namespace

Digest sha256(ByteView bytes) {
  // A cache, not state: each call starts a hash of its own; only the allocation is kept.
  thread_local const auto kContext = openssl::own(EVP_MD_CTX_new(), "EVP_MD_CTX_new");
  start(kContext.get());
  add(kContext.get(), bytes);
  return finish(kContext.get());
}

struct Sha256::State {
  openssl::Handle<EVP_MD_CTX> context = openssl::own(EVP_MD_CTX_new(), "EVP_MD_CTX_new");
};

Sha256::Sha256() : state_(std::make_unique<State>()) {
  start(state_->context.get());
}
Sha256::Sha256(Sha256&&) noexcept = default;
Sha256& Sha256::operator=(Sha256&&) noexcept = default;
Sha256::~Sha256() = default;

void Sha256::update(ByteView bytes) {
  add(state_->context.get(), bytes);
}

Digest Sha256::finish() {
  const Digest digest = hikae::finish(state_->context.get());
  start(state_->context.get());
  return digest;
}

}  // namespace hikae
