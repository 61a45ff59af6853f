// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <string>
#include <vector>

#include "concurrency/guarded.h"
#include "restore/pipeline.h"

namespace hikae::restore {

// What went wrong with single items. Thread-safe.
class ItemErrors {
 public:
  void add(std::string path, Text message);
  // Sorted by path; empties the list.
  std::vector<RestoreItemError> take();

 private:
  Guarded<std::vector<RestoreItemError>> errors_;
};

struct Counters {
  std::atomic<std::uint64_t> files_restored{0};
  std::atomic<std::uint64_t> files_unchanged{0};
  std::atomic<std::uint64_t> directories{0};
  std::atomic<std::uint64_t> others{0};
  std::atomic<std::uint64_t> deleted{0};
  std::atomic<std::uint64_t> bytes_written{0};
  std::atomic<std::uint64_t> files_verified{0};
};

// What all stages of one restore share. The references outlive it.
struct Context {
  Repository& repository;
  const Index& index;
  const RestoreOptions& options;
  RestoreProgress& progress;
  Log& log;
  ItemErrors errors;
  Counters counters;
};

// Whether going on with other items is pointless: the file system is full.
bool is_fatal(const Error& error);

// Reports the failure of one item, or throws it (with the path as context) when it is fatal.
void report_or_throw(Context& context, const std::string& path, Error error);

}  // namespace hikae::restore
