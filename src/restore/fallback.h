// SPDX-License-Identifier: Apache-2.0
// Further repositories that a restore takes blobs from when the first one does not give them.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/log.h"
#include "concurrency/stop.h"
#include "repository/repository.h"

namespace hikae {

struct FallbackRepository {
  std::string name;  // the destination's, for reports
  // Called once at most, and only when a blob is wanted from it. What it returns is kept as long as
  // the FallbackBlobs. Throws Error when it cannot be opened.
  std::function<std::shared_ptr<Repository>(const StopToken& stop)> open;
};

// Asks them in their order, blob by blob. A repository that cannot be opened, or that fails several
// times on end, is said to `log` once and asked no more. Thread-safe. The log outlives it.
class FallbackBlobs {
 public:
  FallbackBlobs(std::vector<FallbackRepository> repositories, Log& log);
  ~FallbackBlobs();
  FallbackBlobs(const FallbackBlobs&) = delete;
  FallbackBlobs& operator=(const FallbackBlobs&) = delete;

  // The blob as the first repository that knows it has stored it: its length counts, not its place.
  std::optional<format::PackedBlob> find(format::BlobType type,
                                         const BlobId& id,
                                         const StopToken& stop);
  // The plaintext, verified by the id; nullopt when none can give it.
  std::optional<Bytes> load(format::BlobType type, const BlobId& id, const StopToken& stop);

  // What each of them gave, in their order.
  struct Use {
    std::string name;
    std::uint64_t blobs = 0;
    std::uint64_t bytes = 0;
  };
  std::vector<Use> uses() const;

 private:
  struct Entry;
  // Opens it when this is the first time; false when it is of no use.
  bool is_usable(Entry& entry, const StopToken& stop);
  void note_failure(Entry& entry, const Error& error);

  std::vector<std::unique_ptr<Entry>> entries_;
  Log& log_;
};

}  // namespace hikae
