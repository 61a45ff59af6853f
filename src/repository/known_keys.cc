// SPDX-License-Identifier: Apache-2.0
#include "repository/known_keys.h"

#include <map>

#include "concurrency/guarded.h"

namespace hikae {
namespace {

// Far more than a policy has destinations. A process that sees so many keys sees changing ones.
constexpr std::size_t kMostKeys = 256;

struct KnownKey {
  Secret password;
  MasterKey master;
};

}  // namespace

struct KnownKeys::State {
  Guarded<std::map<KeyId, KnownKey>> keys;
};

KnownKeys::KnownKeys() : state_(std::make_unique<State>()) {}
KnownKeys::~KnownKeys() = default;

std::optional<MasterKey> KnownKeys::find(const KeyId& id, const Secret& password) const {
  auto keys = state_->keys.lock();
  const auto known = keys->find(id);
  if (known == keys->end() || known->second.password.reveal() != password.reveal())
    return std::nullopt;
  return known->second.master;
}

void KnownKeys::remember(const KeyId& id, const Secret& password, const MasterKey& master) {
  auto keys = state_->keys.lock();
  if (keys->size() >= kMostKeys) keys->clear();
  keys->insert_or_assign(id, KnownKey{password.clone(), master});
}

}  // namespace hikae
