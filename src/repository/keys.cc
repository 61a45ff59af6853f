// SPDX-License-Identifier: Apache-2.0
#include "repository/keys.h"

#include <set>

#include "crypto/random.h"
#include "format/files.h"

namespace hikae {
namespace {

// restic stops after as many; more would let a hostile repository burn hours of key derivation.
constexpr std::size_t kMostKeysTried = 20;

MasterKey to_master_key(const format::MasterKeyFields& fields) {
  MasterKey key;
  key.encrypt = fields.encrypt;
  key.mac_k = fields.mac_k;
  key.mac_r = fields.mac_r;
  return key;
}

// nullopt when the password does not open this key file; Error{corrupt} when no password could.
std::optional<MasterKey> try_key(const format::KeyFile& key, const Secret& password) {
  const MasterKey user_key = derive_key(password, key.salt, {key.n, key.r, key.p});
  Bytes plaintext;
  try {
    plaintext = Cipher(user_key).open(key.data);
  } catch (const Error& error) {
    if (error.code() == ErrorCode::corrupt) return std::nullopt;
    throw;
  }
  format::MasterKeyFields fields = format::decode_master_key(as_text(plaintext));
  wipe(plaintext.data(), plaintext.size());
  const MasterKey master = to_master_key(fields);
  wipe(&fields, sizeof fields);
  return master;
}

Error no_key_opens(const std::optional<Error>& damage) {
  if (damage) return *damage;
  return Error(ErrorCode::wrong_password, text("repository.wrong_password"))
      .with_hint(text("repository.wrong_password_hint"));
}

format::KeyFile load_key(Backend& backend, const std::string& name, const StopToken& stop) {
  const Bytes content = backend.load({FileType::key, name}, stop);
  if (sha256(content).hex() != name) {
    throw Error(ErrorCode::corrupt, text("repository.key_damaged", {{"key", name.substr(0, 8)}}))
        .with_hint(text("repository.key_damaged_hint"));
  }
  return format::decode_key_file(as_text(content));
}

// Without a derivation, where this process knows what it would give.
std::optional<OpenedKey> find_known(Backend& backend,
                                    const std::vector<std::string>& names,
                                    const Secret& password,
                                    const KnownKeys& known,
                                    const StopToken& stop) {
  for (const std::string& name : names) {
    const KeyId id = *KeyId::parse(name);
    const auto master = known.find(id, password);
    if (!master) continue;
    try {
      load_key(backend, name, stop);
      return OpenedKey{id, *master};
    } catch (const Error& error) {
      // The long way finds out what can be opened.
      if (error.code() != ErrorCode::corrupt) throw;
    }
  }
  return std::nullopt;
}

}  // namespace

std::vector<KeyRecord> load_keys(Backend& backend, const StopToken& stop) {
  std::vector<KeyRecord> keys;
  std::vector<std::string> names;
  backend.list(
      FileType::key, [&](const FileInfo& file) { names.push_back(file.name); }, stop);
  for (const std::string& name : names)
    keys.push_back({*KeyId::parse(name), load_key(backend, name, stop)});
  return keys;
}

OpenedKey open_key(Backend& backend,
                   const Secret& password,
                   KnownKeys& known,
                   const StopToken& stop) {
  std::vector<std::string> names;
  backend.list(
      FileType::key, [&](const FileInfo& file) { names.push_back(file.name); }, stop);
  if (names.empty())
    throw Error(ErrorCode::corrupt, text("repository.no_keys", {{"place", backend.location()}}));
  if (const auto opened = find_known(backend, names, password, known, stop)) return *opened;
  std::optional<Error> damage;
  std::size_t tried = 0;
  for (const std::string& name : names) {
    if (tried++ == kMostKeysTried) break;
    throw_if_stopped(stop);
    try {
      const format::KeyFile key = load_key(backend, name, stop);
      const auto master = try_key(key, password);
      if (!master) continue;
      known.remember(*KeyId::parse(name), password, *master);
      return {*KeyId::parse(name), *master};
    } catch (const Error& error) {
      // Another key file may open; if none does, the damage is what the administrator must hear of.
      if (error.code() != ErrorCode::corrupt && error.code() != ErrorCode::invalid_argument) throw;
      damage = error;
    }
  }
  throw no_key_opens(damage);
}

bool is_unguessable(const Secret& password) {
  constexpr std::size_t kLongEnough = 32;
  constexpr std::size_t kVariedEnough = 12;
  const std::string& given = password.reveal();
  const std::set<char> characters(given.begin(), given.end());
  return given.size() >= kLongEnough && characters.size() >= kVariedEnough;
}

KeyId add_key(Backend& backend,
              const MasterKey& master,
              const Secret& password,
              const Identity& identity,
              const Clock& clock,
              const StopToken& stop) {
  if (password.empty()) throw Error(ErrorCode::invalid_argument, text("repository.empty_password"));
  format::KeyFile key;
  key.created = format::to_timestamp(clock.now());
  key.username = identity.username;
  key.hostname = identity.hostname;
  // Each command pays for a slow derivation; where nobody can guess, it buys nothing.
  const ScryptParameters cost = is_unguessable(password) ? ScryptParameters{} : calibrate_scrypt();
  key.n = cost.n;
  key.r = cost.r;
  key.p = cost.p;
  key.salt.resize(64);
  fill_random(key.salt);
  std::string plaintext =
      format::encode(format::MasterKeyFields{master.encrypt, master.mac_k, master.mac_r});
  Cipher(derive_key(password, key.salt, cost)).seal(as_bytes(plaintext), key.data);
  wipe(plaintext.data(), plaintext.size());
  const std::string json = format::encode(key);
  const auto id = id_cast<KeyId>(sha256(as_bytes(json)));
  backend.save({FileType::key, id.hex()}, as_bytes(json), stop);
  // What cannot be opened again would lock everybody out: read it back before anybody relies on it.
  if (try_key(load_key(backend, id.hex(), stop), password) != master) {
    throw Error(ErrorCode::corrupt, text("repository.key_damaged", {{"key", id.short_hex()}}));
  }
  return id;
}

void remove_key(Repository& repository, const KeyId& id, const StopToken& stop) {
  if (id == repository.key_id()) {
    throw Error(ErrorCode::invalid_argument,
                text("repository.key_in_use", {{"key", id.short_hex()}}))
        .with_hint(text("repository.key_in_use_hint"));
  }
  if (!repository.backend().size({FileType::key, id.hex()}, stop)) {
    throw Error(ErrorCode::not_found, text("repository.key_unknown", {{"key", id.short_hex()}}));
  }
  repository.backend().remove({FileType::key, id.hex()}, stop);
}

KeyId change_password(Repository& repository,
                      const Secret& password,
                      const Identity& identity,
                      const Clock& clock,
                      const StopToken& stop) {
  const KeyId id =
      add_key(repository.backend(), repository.cipher().key(), password, identity, clock, stop);
  repository.backend().remove({FileType::key, repository.key_id().hex()}, stop);
  return id;
}

}  // namespace hikae
