// SPDX-License-Identifier: Apache-2.0
#include "crypto/secret.h"

#include <openssl/crypto.h>

namespace hikae {

namespace {

// Short strings live inside the object, and a move leaves a copy there; so the whole capacity is
// overwritten, whatever size() says.
void wipe_text(std::string& value) noexcept {
  value.clear();
  value.resize(value.capacity());
  wipe(value.data(), value.size());
  value.clear();
}

}  // namespace

void wipe(void* data, std::size_t size) noexcept {
  OPENSSL_cleanse(data, size);
}

Secret::Secret(std::string value) : value_(std::move(value)) {
  wipe_text(value);
}

Secret::Secret(Secret&& other) noexcept : value_(std::move(other.value_)) {
  wipe_text(other.value_);
}

Secret& Secret::operator=(Secret&& other) noexcept {
  if (this == &other) return *this;
  wipe_text(value_);
  value_ = std::move(other.value_);
  wipe_text(other.value_);
  return *this;
}

Secret::~Secret() {
  wipe_text(value_);
}

}  // namespace hikae
