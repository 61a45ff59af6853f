// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "repository/repository.h"

namespace hikae::testing {

// Replaces a repository's key by one with the same password whose derivation costs next to nothing,
// for tests that open it many times.
inline void make_key_cheap(Repository& repository, const std::string& password) {
  const ScryptParameters cost{1024, 8, 1};
  const MasterKey& master = repository.cipher().key();
  format::KeyFile key;
  key.n = cost.n;
  key.r = cost.r;
  key.p = cost.p;
  key.salt.assign(64, 5);
  const std::string plaintext =
      format::encode(format::MasterKeyFields{master.encrypt, master.mac_k, master.mac_r});
  Cipher(derive_key(Secret(password), key.salt, cost)).seal(as_bytes(plaintext), key.data);
  const std::string json = format::encode(key);
  Backend& backend = repository.backend();
  backend.save({FileType::key, sha256(as_bytes(json)).hex()}, as_bytes(json), StopToken());
  backend.remove({FileType::key, repository.key_id().hex()}, StopToken());
}

}  // namespace hikae::testing
