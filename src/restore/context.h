// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <optional>
#include <string>
#include <vector>

#include "concurrency/guarded.h"
#include "repository/tree_reader.h"
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
  // Failed calls of the repository on end; with others to ask, it is asked last after a few.
  std::atomic<int> failures{0};
  TreeReader trees{repository, index};
};

// A blob as it is stored in the repository, or in another one when its index does not know it.
struct BlobPlace {
  format::PackedBlob blob;
  std::optional<PackId> pack;  // absent: elsewhere only
};
std::optional<BlobPlace> find_blob(Context& context, const BlobId& id, const StopToken& stop);

// The plaintext of a blob, verified by its id: from the repository, else from the others. Throws
// the repository's Error when nobody gives it.
Bytes load_blob(Context& context, format::BlobType type, const BlobId& id, const StopToken& stop);

// Whether the repository has failed so often that others are asked before it.
bool is_down(const Context& context);
void note_outcome(Context& context, const Error* failure);

// Whether going on with other items is pointless: the file system is full.
bool is_fatal(const Error& error);

// Reports the failure of one item, or throws it (with the path as context) when it is fatal.
void report_or_throw(Context& context, const std::string& path, Error error);

}  // namespace hikae::restore
