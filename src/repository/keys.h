// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "repository/repository.h"

namespace hikae {

struct KeyRecord {
  KeyId id;
  format::KeyFile key;
};

std::vector<KeyRecord> load_keys(Backend& backend, const StopToken& stop);

// Whether trying passwords is hopeless at any price per attempt: at least 32 bytes, 12 of them
// different, as those are that init makes (185 bits).
bool is_unguessable(const Secret& password);

// Seals `master` with the password into a new key file, opens it again, and returns its id.
// The derivation takes about 500 ms, as restic's does; for an unguessable password it costs the
// least that is permitted (N=32768, r=8, p=1).
KeyId add_key(Backend& backend,
              const MasterKey& master,
              const Secret& password,
              const Identity& identity,
              const Clock& clock,
              const StopToken& stop);

// Throws invalid_argument for the key in use and for the last one.
void remove_key(Repository& repository, const KeyId& id, const StopToken& stop);

// Adds a key for the new password, then removes the one in use. A crash between leaves both valid.
KeyId change_password(Repository& repository,
                      const Secret& password,
                      const Identity& identity,
                      const Clock& clock,
                      const StopToken& stop);

struct OpenedKey {
  KeyId id;
  MasterKey master;
};
// Tries every key file (at most 20, as restic does). Throws wrong_password; a damaged key file is
// skipped while another opens. A key file that `known` has seen opened by this password comes first
// and is not derived again, as long as it is still there and whole.
OpenedKey open_key(Backend& backend,
                   const Secret& password,
                   KnownKeys& known,
                   const StopToken& stop);

}  // namespace hikae
