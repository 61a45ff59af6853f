// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "storage/backend.h"

namespace hikae {

// Where a repository lies, in restic's forms or as a URL (DESIGN §4): a path, "local:PATH",
// "file:///path", "sftp:user@host:/path", "sftp://user@host:port/path",
// "s3:endpoint/bucket/prefix", "s3://bucket/prefix", "rest:https://…". Only `local` can be opened
// so far; the others parse, and open_backend() says what is missing.
struct Location {
  std::string scheme;  // local, sftp, s3, rest
  std::string path;    // absolute for local
  std::string host;
  std::string user;
  std::uint16_t port = 0;
  // For people and logs: a password inside a rest URL is replaced by "***".
  std::string display;
};

// `working_directory` completes a relative path. Throws Error{invalid_argument}.
Location parse_location(std::string_view text, std::string_view working_directory);

enum class AccessMode { read_write, read_only };

// Throws Error{unsupported} for a scheme that this build cannot reach. Opens nothing: errors come
// with the first use.
std::unique_ptr<Backend> open_backend(const Location& location,
                                      AccessMode mode = AccessMode::read_write);

}  // namespace hikae
