// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>

#include "base/id.h"
#include "crypto/cipher.h"
#include "crypto/secret.h"

namespace hikae {

// The keys that this process has derived, so that a second opening of the same key file by the same
// password costs no second derivation. The derivation makes guessing slow for whoever holds the key
// file; to who has derived it once, it says nothing new. Nothing is written anywhere, and nothing
// is known that the process did not hold before. Wiped with the object. Thread-safe.
class KnownKeys {
 public:
  KnownKeys();
  ~KnownKeys();
  KnownKeys(const KnownKeys&) = delete;
  KnownKeys& operator=(const KnownKeys&) = delete;

  // What this password opened in the key file of that name, which is the hash of its content.
  std::optional<MasterKey> find(const KeyId& id, const Secret& password) const;
  void remember(const KeyId& id, const Secret& password, const MasterKey& master);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace hikae
