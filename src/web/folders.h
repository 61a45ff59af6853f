// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "base/clock.h"
#include "concurrency/guarded.h"
#include "storage/backend.h"

namespace hikae::web {

// The repositories below the server's folder. Thread-safe.
class RepositoryFolders {
 public:
  // `path` is absolute and exists; throws Error{no_repository} with a hint otherwise.
  RepositoryFolders(std::string path, const Clock& clock);

  // The repository in `relative` ("" or a Route's folder_path()), which may not exist yet.
  std::shared_ptr<Backend> open(const std::string& relative);
  // Forgets one whose folder was replaced on the disk.
  void forget(const std::string& relative);
  // Those not used for some minutes are closed, so that they hold no descriptor.
  void close_unused();
  // Throws Error{not_mounted} when the folder is no more the one that the server started with: a
  // disk that was unmounted must not be replaced by folders on the one below it.
  void check_same_place() const;

  const std::string& path() const { return path_; }

 private:
  struct Entry {
    std::shared_ptr<Backend> backend;
    std::chrono::steady_clock::time_point used;
  };
  const std::string path_;
  const Clock& clock_;
  dev_t device_ = 0;
  ino_t inode_ = 0;
  Guarded<std::map<std::string, Entry>> entries_;
};

// Bytes that all files together may take. Thread-safe.
class Quota {
 public:
  // Counts what lies below `path` already, if there is a limit.
  Quota(const std::string& path, std::optional<std::uint64_t> limit, const StopToken& stop);

  // False when it would exceed the limit. What was reserved counts until it is released.
  bool try_reserve(std::uint64_t bytes);
  void release(std::uint64_t bytes);

 private:
  const std::optional<std::uint64_t> limit_;
  Guarded<std::uint64_t> used_;
};

}  // namespace hikae::web
