// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <list>
#include <memory>
#include <string>
#include <unordered_map>
#include <utility>

#include "concurrency/guarded.h"
#include "os/fd.h"

namespace hikae {

// The files that were read last, still open, so that reading many blobs of one pack opens it once.
// Thread-safe; a file that falls out while it is read stays open until its reader is done.
class OpenFiles {
 public:
  struct OpenFile {
    os::Fd fd;
    std::uint64_t size = 0;
  };
  using File = std::shared_ptr<const OpenFile>;
  explicit OpenFiles(std::size_t limit) : limit_(limit) {}

  // Null when it is not open.
  File find(const std::string& path);
  File add(const std::string& path, OpenFile file);
  void forget(const std::string& path);

 private:
  using Entries = std::list<std::pair<std::string, File>>;
  struct State {
    Entries entries;  // used last comes first
    std::unordered_map<std::string, Entries::iterator> by_path;
  };
  const std::size_t limit_;
  Guarded<State> state_;
};

}  // namespace hikae
