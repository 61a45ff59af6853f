// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "crypto/secret.h"
#include "storage/location.h"
#include "storage/open.h"

namespace hikae {

// Where a REST repository lies and who we are there.
struct RestPlace {
  std::string url;       // "https://host:8000/path/", without credentials, with a slash at the end
  Secret authorization;  // "Basic …"; empty for none
};

// Who we are is taken from the first that says so: the options' credentials, the location's URL,
// RESTIC_REST_USERNAME and RESTIC_REST_PASSWORD; user and password each for itself. Throws
// Error{invalid_argument} for a URL whose password is not properly encoded.
RestPlace rest_place(const Location& location, const OpenOptions& options);

}  // namespace hikae
