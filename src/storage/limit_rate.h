// SPDX-License-Identifier: Apache-2.0
// How many bytes a second a repository may take of a line.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <utility>

#include "base/clock.h"
#include "concurrency/guarded.h"
#include "storage/backend.h"
#include "storage/rate.h"
#include "storage/retry.h"

namespace hikae {

// One direction of a line that passes so much, whoever sends. A transfer reserves its
// time on the line behind those before it; reserve() tells when it may begin and when it is through
// at that rate. An idle line saves nothing up. Thread-safe.
class LineRate {
 public:
  using Moment = std::chrono::steady_clock::time_point;
  struct Slot {
    Moment begin;
    Moment end;
  };

  // REQUIRES: no rate of 0.
  explicit LineRate(Rate rate) : rate_(std::move(rate)) {}
  // `wall` is what `now` is called on the wall, for rates by the time.
  Slot reserve(std::uint64_t bytes, Moment now, Instant wall);
  // How much passes within an eighth of a second at that time, and never more than 64 KiB: what is
  // handed over in such parts is no burst. More where there is no limit then.
  std::size_t part(Instant wall) const;

 private:
  const Rate rate_;
  Guarded<Moment> free_at_;
};

struct RateLimitOptions {
  Rate upload;
  Rate download;
  std::function<void(std::chrono::milliseconds, const StopToken&)> wait = wait_unless_stopped;
  std::shared_ptr<const Clock> clock = std::make_shared<SystemClock>();
};

// Holds packs and index files back so that all connections of `inner` together keep the rates.
// Where `inner` can keep pace within a file, no more than a part of it (LineRate::part) goes at
// once; else a whole file is handed to it, which it may send faster than the rate: the call
// returns, and the next one begins, when the line would have been through with it. Small files
// (locks, snapshots, keys) never wait, since a lock that is renewed too late is lost; their bytes
// are charged to the files that follow. Each waiting call ends with Cancelled when `stop` is
// requested. Throws Error{invalid_argument} for a rate of 0.
std::unique_ptr<Backend> with_rate_limit(std::unique_ptr<Backend> inner, RateLimitOptions options);

}  // namespace hikae
