// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "base/bytes.h"
#include "storage/backend.h"

namespace hikae {

// The versions of restic's REST protocol differ in their lists: version 1 gives names alone,
// version 2 sizes too (doc/REST_backend.rst in restic/restic).
struct RestListEntry {
  std::string name;
  std::optional<std::uint64_t> size;
};

// Reads a list of either version; names that are not 64 hex digits are left out. Pure, but for
// growing `json` by the bytes that the parser wants behind it. Throws Error{io} (after_backoff) for
// anything else: a cut or mixed-up answer is no list.
void parse_rest_list(Bytes& json, const std::function<void(const RestListEntry&)>& visit);

}  // namespace hikae
