// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "base/clock.h"
#include "os/fd.h"
#include "postgres/server.h"

namespace hikae::cli {

// A folder that nobody else sees but the server's user, gone with what it holds. It is locked as
// long as somebody works with it.
class PrivateFolder {
 public:
  // In `parent`; empty: /var/tmp. Removes what a restore that was killed has left there: whole
  // dumps, which nobody may find years later. The server outlives the object. Throws Error.
  PrivateFolder(const std::string& parent, const postgres::Server& server, const Clock& clock);
  ~PrivateFolder();
  PrivateFolder(const PrivateFolder&) = delete;
  PrivateFolder& operator=(const PrivateFolder&) = delete;

  const std::string& path() const { return path_; }
  // To the server's user, as which pg_restore reads it. Throws Error.
  void give(const std::string& path) const;

 private:
  const postgres::Server& server_;
  std::string path_;
  os::Fd lock_;
};

}  // namespace hikae::cli
