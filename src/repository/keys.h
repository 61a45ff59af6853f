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

// Seals `master` with the password into a new key file, opens it again, and returns its id.
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
// skipped while another opens.
OpenedKey open_key(Backend& backend, const Secret& password, const StopToken& stop);

}  // namespace hikae
