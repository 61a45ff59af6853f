// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace hikae {

// Where a repository lies, in restic's forms or as a URL (DESIGN §4): a path, "local:PATH",
// "file:///path", "sftp:user@host:/path", "sftp://user@host:port/path",
// "s3:endpoint/bucket/prefix", "s3://bucket/prefix", "rest:https://…".
struct Location {
  std::string scheme;  // local, sftp, s3, rest
  // local: absolute. sftp: absolute, else below the login's home. s3: "bucket/prefix". rest: the
  // whole URL with its credentials, never shown.
  std::string path;
  std::string host;  // s3: the endpoint, empty for Amazon's; an IPv6 address without brackets
  std::string user;
  std::uint16_t port = 0;  // 0: the scheme's own
  bool tls = true;         // s3 and rest: https rather than http
  // For people and logs: a password inside a rest URL is replaced by "***".
  std::string display;
};

// `working_directory` completes a relative path. Throws Error{invalid_argument}.
Location parse_location(std::string_view text, std::string_view working_directory);

enum class AccessMode { read_write, read_only };

}  // namespace hikae
