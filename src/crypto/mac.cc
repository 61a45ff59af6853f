// SPDX-License-Identifier: Apache-2.0
#include "crypto/mac.h"

#include <openssl/hmac.h>

#include "crypto/openssl.h"

namespace hikae {

Digest hmac_sha256(ByteView key, ByteView message) {
  Digest result;
  unsigned length = 0;
  const auto* done = HMAC(EVP_sha256(),
                          key.data(),
                          static_cast<int>(key.size()),
                          message.data(),
                          message.size(),
                          result.bytes.data(),
                          &length);
  if (done == nullptr || length != result.bytes.size()) openssl::fail("HMAC");
  return result;
}

struct Md5::State {
  openssl::Handle<EVP_MD_CTX> context = openssl::own(EVP_MD_CTX_new(), "EVP_MD_CTX_new");
};

Md5::Md5() : state_(std::make_unique<State>()) {
  openssl::check(EVP_DigestInit_ex2(state_->context.get(), EVP_md5(), nullptr), "EVP_md5");
}
Md5::~Md5() = default;

void Md5::update(ByteView bytes) {
  openssl::check(EVP_DigestUpdate(state_->context.get(), bytes.data(), bytes.size()),
                 "EVP_DigestUpdate");
}

Md5::Sum Md5::finish() {
  Sum sum{};
  openssl::check(EVP_DigestFinal_ex(state_->context.get(), sum.data(), nullptr),
                 "EVP_DigestFinal_ex");
  return sum;
}

}  // namespace hikae
