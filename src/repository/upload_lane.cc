// SPDX-License-Identifier: Apache-2.0
#include "repository/upload_lane.h"

#include <algorithm>

namespace hikae {
namespace {

// restic's numbers: small enough to lose little when killed, large enough for few index files.
constexpr std::size_t kBlobsPerIndex = 50'000;
constexpr std::chrono::minutes kIndexAge{10};

}  // namespace

UploadLane::UploadLane(Repository& repository,
                       std::size_t queued,
                       const Clock& clock,
                       const StopToken& stop)
    : repository_(repository),
      clock_(clock),
      stop_(stop),
      uploads_at_once_(std::max<std::size_t>(repository.backend().uploads(), 1)),
      most_under_way_(uploads_at_once_ + queued),
      queue_(most_under_way_),
      uploads_(stop) {
  for (std::size_t worker = 0; worker < uploads_at_once_; ++worker)
    uploads_.spawn("upload", [this](const StopToken& group) { upload(group); });
}

UploadLane::Offer UploadLane::offer(const SharedPack& pack, std::chrono::milliseconds patience) {
  // Stopped uploads without a stopped run have thrown something, which end() will tell.
  const auto is_gone = [this] {
    return state_ != State::serving || uploads_.stop_token().stop_requested();
  };
  {
    auto under_way = under_way_.lock();
    const bool ready = under_way.wait_for(
        stop_, patience, [&] { return *under_way < most_under_way_ || is_gone(); });
    if (!ready) {
      throw_if_stopped(stop_);
      return Offer::full;
    }
    if (is_gone()) return Offer::gone;
    // Counted before it is queued: a worker may be through with it before this call returns.
    ++*under_way;
  }
  SharedPack mine = pack;
  // There is room for all that is counted; only a closed queue refuses.
  if (queue_.try_push(mine)) return Offer::taken;
  count_out(1);
  return Offer::gone;
}

bool UploadLane::is_idle() {
  return *under_way_.lock() == 0;
}

void UploadLane::close() {
  queue_.close();
}

bool UploadLane::wait_until_stored(std::chrono::milliseconds patience) {
  auto under_way = under_way_.lock();
  const auto ended = [&] {
    return *under_way == 0 || state_ != State::serving || uploads_.stop_token().stop_requested();
  };
  if (under_way.wait_for(stop_, patience, ended)) return true;
  throw_if_stopped(stop_);
  return false;
}

void UploadLane::detach() {
  State serving = State::serving;
  if (!state_.compare_exchange_strong(serving, State::detached)) return;
  count_out(queue_.discard());
}

void UploadLane::end() {
  close();
  if (state_ == State::detached) uploads_.request_stop();
  try {
    uploads_.join();
  } catch (const Cancelled&) {
    // Of the run, or the stop of this lane alone, just above.
    throw_if_stopped(stop_);
    if (state_ != State::detached) throw;
  }
}

void UploadLane::upload(const StopToken& stop) {
  while (auto pack = queue_.pop(stop)) {
    // After a failure the rest is only taken out, so that nobody waits for room.
    if (state_ == State::serving) store(**pack, stop);
    // First its memory: who is told of the room fills the next pack at once.
    pack.reset();
    count_out(1);
  }
}

void UploadLane::store(const SealedPack& pack, const StopToken& stop) {
  try {
    repository_.backend().save({FileType::pack, pack.id.hex()}, pack.bytes, stop);
    bytes_stored_ += pack.bytes.size();
    record(pack, stop);
  } catch (const Error& error) {
    give_up(error);
  }
}

void UploadLane::record(const SealedPack& pack, const StopToken& stop) {
  Pending batch;
  {
    auto pending = pending_.lock();
    if (pending->packs.empty()) pending->since = clock_.steady_now();
    pending->packs.push_back({pack.id, pack.blobs});
    pending->blobs += pack.blobs.size();
    if (pending->blobs < kBlobsPerIndex && clock_.steady_now() - pending->since < kIndexAge) return;
    batch = std::exchange(*pending, Pending());
  }
  write_index(batch, stop);
}

void UploadLane::write_index(const Pending& batch, const StopToken& stop) {
  if (batch.packs.empty()) return;
  repository_.save_unpacked(FileType::index, format::encode_index(batch.packs), stop);
}

void UploadLane::write_pending_index() {
  try {
    write_index(std::exchange(*pending_.lock(), Pending()), stop_);
  } catch (const Error& error) {
    give_up(error);
  }
}

std::vector<format::IndexedPack> UploadLane::take_unindexed() {
  return std::exchange(*pending_.lock(), Pending()).packs;
}

void UploadLane::give_up(const Error& error) {
  {
    auto failure = failure_.lock();
    if (!*failure) *failure = error;
  }
  state_ = State::failed;
  under_way_.notify_all();
}

void UploadLane::count_out(std::size_t packs) {
  *under_way_.lock() -= packs;
  under_way_.notify_all();
}

}  // namespace hikae
