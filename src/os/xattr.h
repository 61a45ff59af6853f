// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "base/bytes.h"

namespace hikae::os {

struct Xattr {
  std::string name;
  Bytes value;
  bool operator==(const Xattr&) const = default;
};

// The extended attributes (ACLs are among them) in the kernel's order; empty where the file system
// has none. One that vanishes meanwhile is left out. `fd` must not be an O_PATH descriptor; the
// path form does not follow a link at the end (see path_at() for a name within an open folder).
std::vector<Xattr> list_xattrs(int fd);
std::vector<Xattr> list_xattrs(const std::string& path);

// Creates or replaces one. Throws Error{unsupported} where the file system has none.
void set_xattr(int fd, const Xattr& attribute);
void set_xattr(const std::string& path, const Xattr& attribute);
// Removing what is not there is not an error.
void remove_xattr(int fd, const std::string& name);
void remove_xattr(const std::string& path, const std::string& name);

}  // namespace hikae::os
