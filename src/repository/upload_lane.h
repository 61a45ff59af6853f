// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "concurrency/bounded_queue.h"
#include "concurrency/buffer_pool.h"
#include "concurrency/task_group.h"
#include "repository/lag.h"
#include "repository/repository.h"

namespace hikae {

struct SealedPack {
  // `buffers` outlives it, and gets the memory back.
  explicit SealedPack(BufferPool& buffers) : origin(buffers) {}
  ~SealedPack() { origin.give_back(std::move(bytes)); }
  SealedPack(const SealedPack&) = delete;
  SealedPack& operator=(const SealedPack&) = delete;

  PackId id;
  Bytes bytes;
  std::vector<format::PackedBlob> blobs;
  BufferPool& origin;
};
// Shared because several destinations upload the same bytes, each in its own time.
using SharedPack = std::shared_ptr<const SealedPack>;

// The way of packs into one destination: its queue, its uploads, its index files, its own end.
// Packs are stored before an index names them. Thread-safe, but for end(), which is called once.
class UploadLane {
 public:
  enum class State {
    serving,
    detached,  // too slow: takes no more packs; what it has stored stays
    failed,
  };

  // `queued`: how many packs may wait, beside those that are being sent (Backend::uploads).
  // `repository` outlives the lane.
  UploadLane(Repository& repository, std::size_t queued, const Clock& clock, const StopToken& stop);
  // Stops the uploads.
  ~UploadLane() = default;
  UploadLane(const UploadLane&) = delete;
  UploadLane& operator=(const UploadLane&) = delete;

  // Waits for room, no longer than `patience`. `gone`: this lane takes nothing any more. Throws
  // Cancelled when stopped.
  enum class Offer { taken, full, gone };
  Offer offer(const SharedPack& pack, std::chrono::milliseconds patience);
  // Whether it has stored all that it took.
  bool is_idle();

  // No more packs will come.
  void close();
  // Waits until all that was taken is stored or given up; false after `patience`.
  bool wait_until_stored(std::chrono::milliseconds patience);
  // Drops what waits; what is being sent goes on until end(). No-op unless serving.
  void detach();
  // Ends the uploads, those of a detached lane also midway, so that nobody waits for them.
  void end();

  // Names in an index what is stored and was not named yet. A failure is the lane's.
  void write_pending_index();
  // The same packs, for whoever writes that index later.
  std::vector<format::IndexedPack> take_unindexed();

  State state() const { return state_; }
  std::optional<Error> failure() { return *failure_.lock(); }
  std::uint64_t bytes_stored() const { return bytes_stored_; }
  Guarded<HoldUp>& hold_up() { return hold_up_; }

 private:
  struct Pending {
    std::vector<format::IndexedPack> packs;
    std::size_t blobs = 0;
    std::chrono::steady_clock::time_point since;
  };

  void upload(const StopToken& stop);
  void store(const SealedPack& pack, const StopToken& stop);
  void record(const SealedPack& pack, const StopToken& stop);
  void write_index(const Pending& batch, const StopToken& stop);
  void give_up(const Error& error);
  void count_out(std::size_t packs);

  Repository& repository_;
  const Clock& clock_;
  const StopToken stop_;  // the run's
  const std::size_t uploads_at_once_;
  const std::size_t most_under_way_;
  BoundedQueue<SharedPack> queue_;
  Guarded<std::size_t> under_way_;  // taken and neither stored nor given up
  Guarded<Pending> pending_;
  Guarded<std::optional<Error>> failure_;
  Guarded<HoldUp> hold_up_;
  std::atomic<State> state_{State::serving};
  std::atomic<std::uint64_t> bytes_stored_{0};
  TaskGroup uploads_;  // last: its threads use all of the above
};

}  // namespace hikae
