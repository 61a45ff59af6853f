// SPDX-License-Identifier: Apache-2.0
#include "repository/blob_writer.h"

#include <algorithm>
#include <array>
#include <map>
#include <mutex>
#include <unordered_map>

#include "repository/upload_lane.h"

namespace hikae {
namespace {

using format::BlobType;
using format::PackedBlob;

// Packs that wait per destination; with the ones being filled and uploaded this bounds memory.
// Where there is one destination, the next pack is filled while one is sent; where several take
// turns, some wait, so that a short stall of one is not felt by the others.
constexpr std::size_t kQueuedPacks = 0;
constexpr std::size_t kQueuedPacksOfSeveral = 2;
// What a pack may hold beyond its size: the blob that fills it, and its header.
constexpr std::size_t kPackOverrun = 9 * kMiB;
// A thread's buffers for larger blobs than this go back after use. Few are, and each thread would
// in time keep buffers for the largest.
constexpr std::size_t kKeptScratch = 2 * kMiB;
// How often a wait for a destination is looked at anew.
constexpr std::chrono::milliseconds kLook{10};
constexpr std::size_t kShards = 64;

struct OpenPack {
  bool handing_over = false;  // the one before it; set where nobody may open another meanwhile
  Bytes bytes;
  std::vector<PackedBlob> blobs;
  std::size_t header_size = 0;
};

struct BlobKey {
  BlobId id;
  BlobType type;
  bool operator==(const BlobKey&) const = default;
};
struct BlobKeyHash {
  std::size_t operator()(const BlobKey& key) const noexcept {
    return std::hash<BlobId>()(key.id) ^ static_cast<std::size_t>(key.type);
  }
};
using ClaimedBlobs = std::unordered_map<BlobKey, DestinationSet, BlobKeyHash>;

void give_back_if_large(Bytes& buffer) {
  if (buffer.capacity() > kKeptScratch) Bytes().swap(buffer);
}

void append_u32(Bytes& out, std::uint32_t value) {
  for (int shift = 0; shift < 32; shift += 8)
    out.push_back(static_cast<std::uint8_t>(value >> shift));
}

SharedPack seal_pack(OpenPack open, const Cipher& cipher, BufferPool& buffers) {
  auto pack = std::make_shared<SealedPack>(buffers);
  pack->bytes = std::move(open.bytes);
  pack->blobs = std::move(open.blobs);
  const Bytes header = format::encode_pack_header(pack->blobs);
  cipher.seal(header, pack->bytes);
  append_u32(pack->bytes, static_cast<std::uint32_t>(header.size() + Cipher::kOverhead));
  pack->id = id_cast<PackId>(sha256(pack->bytes));
  return pack;
}

}  // namespace

// One destination: what it has, and the way of packs into it.
struct Destination {
  Destination(Repository& repository,
              const Index& known,
              std::size_t queued,
              const Clock& clock,
              const StopToken& stop)
      : index(known), lane(repository, queued, clock, stop) {}
  const Index& index;
  UploadLane lane;
};

// Destinations with one master key: a blob is sealed once for all of them.
struct KeyGroup {
  const Cipher* cipher = nullptr;
  DestinationSet members = 0;
};

struct PackSlot {
  std::size_t group = 0;
  DestinationSet destinations = 0;
  BlobType type = BlobType::data;
  auto operator<=>(const PackSlot&) const = default;
};

struct BlobWriter::Impl {
  Impl(const std::vector<BlobTarget>& targets,
       const BlobWriterOptions& chosen,
       const Clock& time,
       StopToken stop_token);

  DestinationSet in_state(UploadLane::State state) const;
  DestinationSet missing_in(BlobType type, const BlobId& id) const;
  DestinationSet claim(BlobType type, const BlobId& id);
  std::uint64_t store(PackedBlob blob, ByteView body, DestinationSet lacking, BlobScratch& scratch);
  std::uint64_t compress_and_store(BlobType type,
                                   const BlobId& id,
                                   ByteView plaintext,
                                   DestinationSet lacking,
                                   BlobScratch& scratch);
  void count(BlobType type, std::uint64_t bytes, std::uint64_t packed);
  void add_to_pack(const PackSlot& slot, PackedBlob blob, ByteView sealed);
  void dispatch(const PackSlot& slot, OpenPack open);
  void hand_over_alone(const PackSlot& slot, OpenPack open);
  void hand_over(std::size_t number, const SharedPack& pack);
  void wait_until_stored(std::size_t number);
  void look_at_lag(std::size_t number);
  void look_at_others(std::size_t number, Lag& lag);
  void throw_if_none_left();

  const BlobWriterOptions options;
  const Clock& clock;
  const StopToken stop;
  const std::chrono::steady_clock::time_point begin;
  std::vector<KeyGroup> groups;
  bool all_version2 = true;
  std::array<Guarded<ClaimedBlobs>, kShards> claimed;
  BufferPool buffers;
  Guarded<std::map<PackSlot, OpenPack>> open_packs;
  Guarded<BlobWriterTotals> totals;
  std::mutex detaching;
  std::vector<std::unique_ptr<Destination>> destinations;  // last: their threads end first
};

BlobWriter::Impl::Impl(const std::vector<BlobTarget>& targets,
                       const BlobWriterOptions& chosen,
                       const Clock& time,
                       StopToken stop_token)
    : options(chosen), clock(time), stop(std::move(stop_token)), begin(time.steady_now()) {
  const std::size_t queued = targets.size() == 1 ? kQueuedPacks : kQueuedPacksOfSeveral;
  for (const BlobTarget& target : targets) {
    const DestinationSet bit = DestinationSet{1} << destinations.size();
    all_version2 = all_version2 && target.repository->config().version >= 2;
    destinations.push_back(
        std::make_unique<Destination>(*target.repository, *target.index, queued, time, stop));
    const auto group = std::find_if(groups.begin(), groups.end(), [&](const KeyGroup& other) {
      return other.cipher->key() == target.repository->cipher().key();
    });
    if (group == groups.end()) {
      groups.push_back({&target.repository->cipher(), bit});
    } else {
      group->members |= bit;
    }
  }
}

DestinationSet BlobWriter::Impl::in_state(UploadLane::State state) const {
  DestinationSet found = 0;
  for (std::size_t i = 0; i < destinations.size(); ++i) {
    if (destinations[i]->lane.state() == state) found |= DestinationSet{1} << i;
  }
  return found;
}

DestinationSet BlobWriter::Impl::missing_in(BlobType type, const BlobId& id) const {
  DestinationSet missing = 0;
  const DestinationSet alive = in_state(UploadLane::State::serving);
  for (std::size_t i = 0; i < destinations.size(); ++i) {
    const DestinationSet bit = DestinationSet{1} << i;
    if ((alive & bit) != 0 && !destinations[i]->index.has(type, id)) missing |= bit;
  }
  return missing;
}

// The destinations that the caller must now store the blob in; the next caller gets none.
DestinationSet BlobWriter::Impl::claim(BlobType type, const BlobId& id) {
  const DestinationSet missing = missing_in(type, id);
  if (missing == 0) return 0;
  auto shard = claimed[id.bytes[31] % kShards].lock();
  DestinationSet& taken = (*shard)[{id, type}];
  const DestinationSet mine = missing & ~taken;
  taken |= mine;
  return mine;
}

// Puts one sealed form per key group into the packs of the destinations that lack the blob.
std::uint64_t BlobWriter::Impl::store(PackedBlob blob,
                                      ByteView body,
                                      DestinationSet lacking,
                                      BlobScratch& scratch) {
  std::uint64_t packed = 0;
  for (std::size_t i = 0; i < groups.size(); ++i) {
    const DestinationSet receivers = lacking & groups[i].members;
    if (receivers == 0) continue;
    scratch.sealed.clear();
    groups[i].cipher->seal(body, scratch.sealed);
    packed += scratch.sealed.size();
    add_to_pack({i, receivers, blob.type}, blob, scratch.sealed);
  }
  give_back_if_large(scratch.sealed);
  return packed;
}

std::uint64_t BlobWriter::Impl::compress_and_store(BlobType type,
                                                   const BlobId& id,
                                                   ByteView plaintext,
                                                   DestinationSet lacking,
                                                   BlobScratch& scratch) {
  PackedBlob blob;
  blob.id = id;
  blob.type = type;
  // Version 1 has no compression; trees of version 2 are always compressed, as restic does.
  const bool wanted = all_version2 && !plaintext.empty() &&
                      (type == BlobType::tree || scratch.compression != Compression::off);
  if (!wanted) return store(blob, plaintext, lacking, scratch);
  scratch.compressor.compress(plaintext, scratch.compressed);
  // What does not shrink is stored as it is: it reads faster, and readers take both forms.
  if (type == BlobType::data && scratch.compressed.size() >= plaintext.size()) {
    give_back_if_large(scratch.compressed);
    return store(blob, plaintext, lacking, scratch);
  }
  blob.uncompressed_length = static_cast<std::uint32_t>(plaintext.size());
  const std::uint64_t packed = store(blob, scratch.compressed, lacking, scratch);
  give_back_if_large(scratch.compressed);
  return packed;
}

void BlobWriter::Impl::count(BlobType type, std::uint64_t bytes, std::uint64_t packed) {
  auto sum = totals.lock();
  (type == BlobType::data ? sum->data_blobs : sum->tree_blobs) += 1;
  sum->bytes += bytes;
  sum->bytes_packed += packed;
}

void BlobWriter::Impl::add_to_pack(const PackSlot& slot, PackedBlob blob, ByteView sealed) {
  blob.length = static_cast<std::uint32_t>(sealed.size());
  OpenPack full;
  {
    auto packs = open_packs.lock();
    OpenPack& open = (*packs)[slot];
    if (!packs.wait(stop, [&] { return !open.handing_over; })) throw Cancelled();
    // What is not written takes no memory.
    if (open.bytes.capacity() == 0) open.bytes = buffers.take(options.pack_size + kPackOverrun);
    blob.offset = static_cast<std::uint32_t>(open.bytes.size());
    append(open.bytes, sealed);
    open.header_size += format::header_entry_size(blob);
    open.blobs.push_back(blob);
    const bool large = open.bytes.size() + open.header_size >= options.pack_size;
    const bool header_full = open.header_size + 128 >= format::kMaxPackHeaderSize;
    if (!large && !header_full) return;
    full = std::exchange(open, OpenPack());
    open.handing_over = destinations.size() == 1;
  }
  if (destinations.size() == 1) {
    hand_over_alone(slot, std::move(full));
  } else {
    dispatch(slot, std::move(full));
  }
}

// One pack is sent and one is filled. Who opened a third meanwhile would gain nothing: what is
// filled has to wait for the same destination.
void BlobWriter::Impl::hand_over_alone(const PackSlot& slot, OpenPack open) {
  const auto let_others_go_on = [&](const void*) {
    (*open_packs.lock())[slot].handing_over = false;
    open_packs.notify_all();
  };
  // However dispatch() ends.
  const std::unique_ptr<const PackSlot, decltype(let_others_go_on)> guard(&slot, let_others_go_on);
  dispatch(slot, std::move(open));
}

// Whoever has room gets the pack at once; only then are the others waited for.
void BlobWriter::Impl::dispatch(const PackSlot& slot, OpenPack open) {
  const SharedPack pack = seal_pack(std::move(open), *groups[slot.group].cipher, buffers);
  DestinationSet full = 0;
  for (std::size_t i = 0; i < destinations.size(); ++i) {
    const DestinationSet bit = DestinationSet{1} << i;
    if ((slot.destinations & bit) == 0) continue;
    const auto offer = destinations[i]->lane.offer(pack, std::chrono::milliseconds(0));
    if (offer == UploadLane::Offer::full) full |= bit;
  }
  for (std::size_t i = 0; i < destinations.size(); ++i) {
    if ((full >> i & 1U) != 0) hand_over(i, pack);
  }
}

void BlobWriter::Impl::hand_over(std::size_t number, const SharedPack& pack) {
  UploadLane& lane = destinations[number]->lane;
  look_at_lag(number);
  while (lane.offer(pack, kLook) == UploadLane::Offer::full) look_at_lag(number);
  lane.hold_up().lock()->note(clock.steady_now(), HoldUp::Seen::nobody_waits);
}

void BlobWriter::Impl::wait_until_stored(std::size_t number) {
  UploadLane& lane = destinations[number]->lane;
  look_at_lag(number);
  while (!lane.wait_until_stored(kLook)) look_at_lag(number);
  lane.hold_up().lock()->note(clock.steady_now(), HoldUp::Seen::nobody_waits);
}

// Called again and again while somebody waits for this destination.
void BlobWriter::Impl::look_at_lag(std::size_t number) {
  UploadLane& lane = destinations[number]->lane;
  Lag lag;
  look_at_others(number, lag);
  const auto now = clock.steady_now();
  lag.elapsed = now - begin;
  {
    auto hold_up = lane.hold_up().lock();
    hold_up->note(now,
                  lag.others_idle > 0 ? HoldUp::Seen::others_wait : HoldUp::Seen::nobody_waits);
    lag.held_up = hold_up->total();
  }
  if (judge_lag(lag, options.lag) == LagDecision::wait) return;
  // One at a time, so that two never detach each other.
  const std::lock_guard lock(detaching);
  const DestinationSet others =
      in_state(UploadLane::State::serving) & ~(DestinationSet{1} << number);
  if (others != 0) lane.detach();
}

void BlobWriter::Impl::look_at_others(std::size_t number, Lag& lag) {
  for (std::size_t i = 0; i < destinations.size(); ++i) {
    UploadLane& other = destinations[i]->lane;
    if (i == number || other.state() != UploadLane::State::serving) continue;
    if (other.is_idle()) ++lag.others_idle;
    lag.others_held_up = std::max(lag.others_held_up, other.hold_up().lock()->total());
  }
}

void BlobWriter::Impl::throw_if_none_left() {
  if (in_state(UploadLane::State::serving) != 0) return;
  // A detached one alone cannot go on: it lacks what it was not sent.
  for (const auto& destination : destinations) {
    if (const auto failure = destination->lane.failure()) throw Error(*failure);
  }
}

BlobWriter::BlobWriter(const std::vector<BlobTarget>& targets,
                       const BlobWriterOptions& options,
                       const Clock& clock,
                       const StopToken& stop)
    : impl_(std::make_unique<Impl>(targets, options, clock, stop)) {}

BlobWriter::~BlobWriter() = default;

BlobWriter::Saved BlobWriter::save(BlobType type, ByteView plaintext, BlobScratch& scratch) {
  Saved saved;
  saved.id = id_cast<BlobId>(sha256(plaintext));
  impl_->throw_if_none_left();
  const DestinationSet lacking = impl_->claim(type, saved.id);
  if (lacking == 0) return saved;
  saved.known = false;
  saved.bytes_packed = impl_->compress_and_store(type, saved.id, plaintext, lacking, scratch);
  impl_->count(type, plaintext.size(), saved.bytes_packed);
  return saved;
}

BlobWriter::Saved BlobWriter::save_packed(BlobType type,
                                          const BlobId& id,
                                          ByteView body,
                                          std::uint32_t uncompressed_length,
                                          BlobScratch& scratch) {
  Saved saved;
  saved.id = id;
  impl_->throw_if_none_left();
  const DestinationSet lacking = impl_->claim(type, id);
  if (lacking == 0) return saved;
  saved.known = false;
  PackedBlob blob;
  blob.id = id;
  blob.type = type;
  blob.uncompressed_length = uncompressed_length;
  saved.bytes_packed = impl_->store(blob, body, lacking, scratch);
  impl_->count(
      type, uncompressed_length == 0 ? body.size() : uncompressed_length, saved.bytes_packed);
  return saved;
}

BlobWriter::Saved BlobWriter::save_sealed(BlobType type,
                                          const BlobId& id,
                                          ByteView sealed,
                                          std::uint32_t uncompressed_length) {
  Saved saved;
  saved.id = id;
  impl_->throw_if_none_left();
  const DestinationSet lacking = impl_->claim(type, id);
  if (lacking == 0) return saved;
  saved.known = false;
  saved.bytes_packed = sealed.size();
  PackedBlob blob;
  blob.id = id;
  blob.type = type;
  blob.uncompressed_length = uncompressed_length;
  impl_->add_to_pack({0, lacking, type}, blob, sealed);
  const std::size_t body = sealed.size() - Cipher::kOverhead;
  impl_->count(type, uncompressed_length == 0 ? body : uncompressed_length, saved.bytes_packed);
  return saved;
}

bool BlobWriter::takes_sealed_by(const Cipher& cipher) const {
  return impl_->groups.size() == 1 && impl_->groups.front().cipher->key() == cipher.key();
}

DestinationSet BlobWriter::lacking(BlobType type, const BlobId& id) {
  const DestinationSet missing = impl_->missing_in(type, id);
  if (missing == 0) return 0;
  auto shard = impl_->claimed[id.bytes[31] % kShards].lock();
  const auto found = shard->find({id, type});
  return found == shard->end() ? missing : missing & ~found->second;
}

DestinationSet BlobWriter::live() const {
  return impl_->in_state(UploadLane::State::serving);
}

DestinationSet BlobWriter::detached() const {
  return impl_->in_state(UploadLane::State::detached);
}

void BlobWriter::finish() {
  auto open = std::exchange(*impl_->open_packs.lock(), {});
  for (auto& [slot, pack] : open) {
    if (!pack.blobs.empty()) impl_->dispatch(slot, std::move(pack));
  }
  for (const auto& destination : impl_->destinations) destination->lane.close();
  for (std::size_t i = 0; i < impl_->destinations.size(); ++i) impl_->wait_until_stored(i);
  for (const auto& destination : impl_->destinations) destination->lane.end();
  // Every pack is durable in each live destination. No index names the last of them yet.
  for (const auto& destination : impl_->destinations) {
    if (destination->lane.state() == UploadLane::State::serving)
      destination->lane.write_pending_index();
  }
  impl_->throw_if_none_left();
}

std::vector<format::IndexedPack> BlobWriter::take_unindexed(std::size_t destination) {
  return impl_->destinations[destination]->lane.take_unindexed();
}

std::optional<Error> BlobWriter::failure(std::size_t destination) const {
  return impl_->destinations[destination]->lane.failure();
}

BlobWriterTotals BlobWriter::totals() const {
  return *impl_->totals.lock();
}

std::uint64_t BlobWriter::bytes_stored(std::size_t destination) const {
  return impl_->destinations[destination]->lane.bytes_stored();
}

}  // namespace hikae
