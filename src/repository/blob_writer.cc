// SPDX-License-Identifier: Apache-2.0
#include "repository/blob_writer.h"

#include <algorithm>
#include <array>
#include <map>
#include <unordered_map>

#include "concurrency/bounded_queue.h"

namespace hikae {
namespace {

using format::BlobType;
using format::IndexedPack;
using format::PackedBlob;

// restic's numbers: small enough to lose little when killed, large enough for few index files.
constexpr std::size_t kBlobsPerIndex = 50'000;
constexpr std::chrono::minutes kIndexAge{10};
// Packs that wait per destination; with the ones being filled and uploaded this bounds memory.
constexpr std::size_t kQueuedPacks = 1;
constexpr std::size_t kMostUploads = 2;
constexpr std::size_t kShards = 64;

struct SealedPack {
  PackId id;
  Bytes bytes;
  std::vector<PackedBlob> blobs;
};
// Shared because several destinations upload the same bytes, each in its own time.
using SharedPack = std::shared_ptr<const SealedPack>;

struct OpenPack {
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

void append_u32(Bytes& out, std::uint32_t value) {
  for (int shift = 0; shift < 32; shift += 8)
    out.push_back(static_cast<std::uint8_t>(value >> shift));
}

SharedPack seal_pack(OpenPack open, const Cipher& cipher) {
  auto pack = std::make_shared<SealedPack>();
  pack->bytes = std::move(open.bytes);
  pack->blobs = std::move(open.blobs);
  const Bytes header = format::encode_pack_header(pack->blobs);
  cipher.seal(header, pack->bytes);
  append_u32(pack->bytes, static_cast<std::uint32_t>(header.size() + Cipher::kOverhead));
  pack->id = id_cast<PackId>(sha256(pack->bytes));
  return pack;
}

}  // namespace

// One destination: what it lacks, its upload queue, its own index, its own verdict.
struct Destination {
  Destination(Repository& opened, const Index& known)
      : repository(opened), index(known), queue(kQueuedPacks) {}

  struct Pending {
    std::vector<IndexedPack> packs;
    std::size_t blobs = 0;
    std::chrono::steady_clock::time_point since;
  };

  Repository& repository;
  const Index& index;
  BoundedQueue<SharedPack> queue;
  Guarded<Pending> pending;
  Guarded<std::optional<Error>> failure;
  std::atomic<std::uint64_t> bytes_stored{0};
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
       const StopToken& stop);

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
  void upload(std::size_t number, const StopToken& stop);
  void give_up(std::size_t number, const Error& error);
  void record(Destination& destination, const SealedPack& pack, const StopToken& stop);
  void write_index(Destination& destination,
                   const Destination::Pending& batch,
                   const StopToken& stop);
  void throw_if_none_left();

  const BlobWriterOptions options;
  const Clock& clock;
  std::vector<std::unique_ptr<Destination>> destinations;
  std::vector<KeyGroup> groups;
  std::atomic<DestinationSet> live{0};
  bool all_version2 = true;
  std::array<Guarded<ClaimedBlobs>, kShards> claimed;
  Guarded<std::map<PackSlot, OpenPack>> open_packs;
  Guarded<BlobWriterTotals> totals;
  TaskGroup uploads;  // last: its threads use all of the above
};

BlobWriter::Impl::Impl(const std::vector<BlobTarget>& targets,
                       const BlobWriterOptions& chosen,
                       const Clock& time,
                       const StopToken& stop)
    : options(chosen), clock(time), uploads(stop) {
  for (const BlobTarget& target : targets) {
    const DestinationSet bit = DestinationSet{1} << destinations.size();
    live |= bit;
    all_version2 = all_version2 && target.repository->config().version >= 2;
    destinations.push_back(std::make_unique<Destination>(*target.repository, *target.index));
    const auto group = std::find_if(groups.begin(), groups.end(), [&](const KeyGroup& other) {
      return other.cipher->key() == target.repository->cipher().key();
    });
    if (group == groups.end()) {
      groups.push_back({&target.repository->cipher(), bit});
    } else {
      group->members |= bit;
    }
  }
  for (std::size_t i = 0; i < destinations.size(); ++i) {
    const std::size_t workers =
        std::min(kMostUploads, destinations[i]->repository.backend().connections());
    for (std::size_t worker = 0; worker < std::max<std::size_t>(workers, 1); ++worker) {
      uploads.spawn("upload", [this, i](const StopToken& group_stop) { upload(i, group_stop); });
    }
  }
}

DestinationSet BlobWriter::Impl::missing_in(BlobType type, const BlobId& id) const {
  DestinationSet missing = 0;
  const DestinationSet alive = live.load();
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
    return store(blob, plaintext, lacking, scratch);
  }
  blob.uncompressed_length = static_cast<std::uint32_t>(plaintext.size());
  return store(blob, scratch.compressed, lacking, scratch);
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
    if (open.bytes.capacity() == 0) open.bytes.reserve(options.pack_size + options.pack_size / 8);
    blob.offset = static_cast<std::uint32_t>(open.bytes.size());
    append(open.bytes, sealed);
    open.header_size += format::header_entry_size(blob);
    open.blobs.push_back(blob);
    const bool large = open.bytes.size() + open.header_size >= options.pack_size;
    const bool header_full = open.header_size + 128 >= format::kMaxPackHeaderSize;
    if (!large && !header_full) return;
    full = std::exchange(open, OpenPack());
  }
  dispatch(slot, std::move(full));
}

void BlobWriter::Impl::dispatch(const PackSlot& slot, OpenPack open) {
  const SharedPack pack = seal_pack(std::move(open), *groups[slot.group].cipher);
  for (std::size_t i = 0; i < destinations.size(); ++i) {
    const DestinationSet bit = DestinationSet{1} << i;
    if ((slot.destinations & bit) == 0 || (live.load() & bit) == 0) continue;
    destinations[i]->queue.push(pack, uploads.stop_token());
  }
}

void BlobWriter::Impl::upload(std::size_t number, const StopToken& stop) {
  Destination& destination = *destinations[number];
  while (auto pack = destination.queue.pop(stop)) {
    if ((live.load() & (DestinationSet{1} << number)) == 0)
      continue;  // given up: drain, so that nobody waits
    try {
      destination.repository.backend().save(
          {FileType::pack, (*pack)->id.hex()}, (*pack)->bytes, stop);
      destination.bytes_stored += (*pack)->bytes.size();
      record(destination, **pack, stop);
    } catch (const Error& error) {
      give_up(number, error);
    }
  }
}

void BlobWriter::Impl::give_up(std::size_t number, const Error& error) {
  auto failure = destinations[number]->failure.lock();
  if (!*failure) *failure = error;
  live &= ~(DestinationSet{1} << number);
}

void BlobWriter::Impl::record(Destination& destination,
                              const SealedPack& pack,
                              const StopToken& stop) {
  Destination::Pending batch;
  {
    auto pending = destination.pending.lock();
    if (pending->packs.empty()) pending->since = clock.steady_now();
    pending->packs.push_back({pack.id, pack.blobs});
    pending->blobs += pack.blobs.size();
    if (pending->blobs < kBlobsPerIndex && clock.steady_now() - pending->since < kIndexAge) return;
    batch = std::exchange(*pending, Destination::Pending());
  }
  write_index(destination, batch, stop);
}

void BlobWriter::Impl::write_index(Destination& destination,
                                   const Destination::Pending& batch,
                                   const StopToken& stop) {
  if (batch.packs.empty()) return;
  destination.repository.save_unpacked(FileType::index, format::encode_index(batch.packs), stop);
}

void BlobWriter::Impl::throw_if_none_left() {
  if (live.load() != 0) return;
  for (const auto& destination : destinations) {
    auto failure = destination->failure.lock();
    if (*failure) throw Error(**failure);
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

DestinationSet BlobWriter::lacking(BlobType type, const BlobId& id) {
  const DestinationSet missing = impl_->missing_in(type, id);
  if (missing == 0) return 0;
  auto shard = impl_->claimed[id.bytes[31] % kShards].lock();
  const auto found = shard->find({id, type});
  return found == shard->end() ? missing : missing & ~found->second;
}

DestinationSet BlobWriter::live() const {
  return impl_->live.load();
}

void BlobWriter::finish() {
  auto open = std::exchange(*impl_->open_packs.lock(), {});
  for (auto& [slot, pack] : open) {
    if (!pack.blobs.empty()) impl_->dispatch(slot, std::move(pack));
  }
  for (const auto& destination : impl_->destinations) destination->queue.close();
  impl_->uploads.join();
  // Every pack is durable in each live destination. No index names the last of them yet.
  for (std::size_t i = 0; i < impl_->destinations.size(); ++i) {
    if ((impl_->live.load() & (DestinationSet{1} << i)) == 0) continue;
    Destination& destination = *impl_->destinations[i];
    try {
      impl_->write_index(
          destination, std::exchange(*destination.pending.lock(), {}), impl_->uploads.stop_token());
    } catch (const Error& error) {
      impl_->give_up(i, error);
    }
  }
  impl_->throw_if_none_left();
}

std::optional<Error> BlobWriter::failure(std::size_t destination) const {
  return *impl_->destinations[destination]->failure.lock();
}

BlobWriterTotals BlobWriter::totals() const {
  return *impl_->totals.lock();
}

std::uint64_t BlobWriter::bytes_stored(std::size_t destination) const {
  return impl_->destinations[destination]->bytes_stored.load();
}

}  // namespace hikae
