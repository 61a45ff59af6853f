// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/stat.h>

#include <array>
#include <cstdio>
#include <string>

#include "service/init.h"
#include "service/secrets.h"
#include "storage/open.h"
#include "support/service_environment.h"

namespace hikae::testing {

inline unsigned mode_of(const std::string& path) {
  struct stat status {};
  return stat(path.c_str(), &status) == 0 ? status.st_mode & 07777U : 0U;
}

inline std::unique_ptr<Repository> open_repository(const std::string& path,
                                                   const std::string& password_file) {
  return Repository::open(
      open_backend(parse_location(path, "/")), read_password_file(password_file), StopToken());
}

// The exit code of the system's restic on this repository.
inline int stock_restic(const std::string& repository,
                        const std::string& password_file,
                        const std::string& arguments) {
  const std::string command = "restic --no-cache -r '" + repository + "' --password-file '" +
                              password_file + "' " + arguments + " >/dev/null 2>&1";
  // NOLINTNEXTLINE(concurrency-mt-unsafe): tests start it from one thread
  return std::system(command.c_str());
}

}  // namespace hikae::testing
