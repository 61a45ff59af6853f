// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string_view>

#include <openssl/evp.h>

// Inside of this module only: handles of OpenSSL that free themselves, and its errors as Error.
namespace hikae::openssl {

struct Free {
  void operator()(EVP_CIPHER* p) const noexcept { EVP_CIPHER_free(p); }
  void operator()(EVP_CIPHER_CTX* p) const noexcept { EVP_CIPHER_CTX_free(p); }
  void operator()(EVP_MAC* p) const noexcept { EVP_MAC_free(p); }
  void operator()(EVP_MAC_CTX* p) const noexcept { EVP_MAC_CTX_free(p); }
  void operator()(EVP_MD* p) const noexcept { EVP_MD_free(p); }
  void operator()(EVP_MD_CTX* p) const noexcept { EVP_MD_CTX_free(p); }
};
template <typename T>
using Handle = std::unique_ptr<T, Free>;

// Throws Error{io} that names the function and OpenSSL's reason.
[[noreturn]] void fail(std::string_view function);

// The handle for what OpenSSL returned; throws if that is null.
template <typename T>
Handle<T> own(T* raw, std::string_view function) {
  if (raw == nullptr) fail(function);
  return Handle<T>(raw);
}

// For the functions that return 1 if all is well.
inline void check(int result, std::string_view function) {
  if (result != 1) fail(function);
}

}  // namespace hikae::openssl
