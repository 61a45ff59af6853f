// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "storage/backend.h"

namespace hikae::web {

// What a request's target names, in restic's REST protocol (doc/REST_backend.rst in restic/restic):
//   /FOLDERS/                 the repository itself
//   /FOLDERS/config           its config
//   /FOLDERS/TYPE/            all files of a type
//   /FOLDERS/TYPE/NAME        one file; NAME is 64 hex digits
// TYPE is data, keys, locks, snapshots or index, and for our own files hikae/policies,
// hikae/evidence or hikae/forgotten. FOLDERS is "" or up to two names, as rest-server has it.
struct Route {
  enum class Kind { repository, file, list };
  Kind kind = Kind::repository;
  std::vector<std::string> folders;  // decoded
  FileType type = FileType::config;  // of file and list
  std::string name;                  // of file; empty for config
  bool create = false;               // ?create=true

  bool operator==(const Route&) const = default;
};

// nullopt for any target that names nothing of this kind. What is returned leads nowhere but below
// the server's folder: a folder's name is valid UTF-8 without "/", control characters and a leading
// "." (which also keeps .htpasswd and .snapshot out of reach), and is no word of the protocol.
std::optional<Route> parse_route(std::string_view target);

// "" or "alice/laptop": relative to the server's folder.
std::string folder_path(const Route& route);

}  // namespace hikae::web
