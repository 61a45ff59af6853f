// SPDX-License-Identifier: Apache-2.0
#include "repository/blob_writer.h"

#include <algorithm>
#include <array>
#include <map>
#include <unordered_map>

#include "repository/upload_lanes.h"

namespace hikae {
namespace {

using format::BlobType;
using format::PackedBlob;

// What a pack may hold beyond its size: the blob that fills it, and its header.
constexpr std::size_t kPackOverrun = 9 * kMiB;
// A thread's buffers for larger blobs than this go back after use. Few are, and each thread would
// in time keep buffers for the largest.
constexpr std::size_t kKeptScratch = 2 * kMiB;
// What an index of ours can tell. Chunks are far smaller; the list of a folder with millions of
// entries may not be.
constexpr std::size_t kLargestBlob = (std::size_t{1} << 31U) - 1;
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

Error too_large(std::size_t size) {
  return Error(ErrorCode::unsupported,
               text("repository.blob_too_large", {{"size", format_bytes(size)}}))
      .with_hint(text("repository.blob_too_large_hint"));
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

std::vector<Repository*> repositories_of(const std::vector<BlobTarget>& targets) {
  std::vector<Repository*> repositories;
  repositories.reserve(targets.size());
  for (const BlobTarget& target : targets) repositories.push_back(target.repository);
  return repositories;
}

}  // namespace

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
  void seal_and_send(const PackSlot& slot, OpenPack open);
  void hand_over_alone(const PackSlot& slot, OpenPack open);

  const BlobWriterOptions options;
  const StopToken stop;
  std::vector<KeyGroup> groups;
  bool all_version2 = true;
  std::array<Guarded<ClaimedBlobs>, kShards> claimed;
  BufferPool buffers;
  Guarded<std::map<PackSlot, OpenPack>> open_packs;
  Guarded<BlobWriterTotals> totals;
  std::vector<const Index*> indexes;  // of each destination
  UploadLanes lanes;                  // last: their threads end first
};

BlobWriter::Impl::Impl(const std::vector<BlobTarget>& targets,
                       const BlobWriterOptions& chosen,
                       const Clock& time,
                       StopToken stop_token)
    : options(chosen),
      stop(std::move(stop_token)),
      lanes(repositories_of(targets), chosen.lag, time, stop) {
  for (const BlobTarget& target : targets) {
    const DestinationSet bit = DestinationSet{1} << indexes.size();
    all_version2 = all_version2 && target.repository->config().version >= 2;
    indexes.push_back(target.index);
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

DestinationSet BlobWriter::Impl::missing_in(BlobType type, const BlobId& id) const {
  DestinationSet missing = 0;
  const DestinationSet alive = lanes.in_state(UploadLane::State::serving);
  for (std::size_t i = 0; i < indexes.size(); ++i) {
    const DestinationSet bit = DestinationSet{1} << i;
    if ((alive & bit) != 0 && !indexes[i]->has(type, id)) missing |= bit;
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
    open.handing_over = lanes.size() == 1;
  }
  if (lanes.size() == 1) {
    hand_over_alone(slot, std::move(full));
  } else {
    seal_and_send(slot, std::move(full));
  }
}

// One pack is sent and one is filled. Who opened a third meanwhile would gain nothing: what is
// filled has to wait for the same destination.
void BlobWriter::Impl::hand_over_alone(const PackSlot& slot, OpenPack open) {
  const auto let_others_go_on = [&](const void*) {
    (*open_packs.lock())[slot].handing_over = false;
    open_packs.notify_all();
  };
  // However it ends.
  const std::unique_ptr<const PackSlot, decltype(let_others_go_on)> guard(&slot, let_others_go_on);
  seal_and_send(slot, std::move(open));
}

void BlobWriter::Impl::seal_and_send(const PackSlot& slot, OpenPack open) {
  lanes.send(seal_pack(std::move(open), *groups[slot.group].cipher, buffers), slot.destinations);
}

BlobWriter::BlobWriter(const std::vector<BlobTarget>& targets,
                       const BlobWriterOptions& options,
                       const Clock& clock,
                       const StopToken& stop)
    : impl_(std::make_unique<Impl>(targets, options, clock, stop)) {}

BlobWriter::~BlobWriter() = default;

BlobWriter::Saved BlobWriter::save(BlobType type, ByteView plaintext, BlobScratch& scratch) {
  if (plaintext.size() > kLargestBlob) throw too_large(plaintext.size());
  Saved saved;
  saved.id = id_cast<BlobId>(sha256(plaintext));
  impl_->lanes.throw_if_none_left();
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
  impl_->lanes.throw_if_none_left();
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
  impl_->lanes.throw_if_none_left();
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
  return impl_->lanes.in_state(UploadLane::State::serving);
}

DestinationSet BlobWriter::detached() const {
  return impl_->lanes.in_state(UploadLane::State::detached);
}

void BlobWriter::finish() {
  auto open = std::exchange(*impl_->open_packs.lock(), {});
  for (auto& [slot, pack] : open) {
    if (!pack.blobs.empty()) impl_->seal_and_send(slot, std::move(pack));
  }
  impl_->lanes.finish();
}

std::vector<format::IndexedPack> BlobWriter::take_unindexed(std::size_t destination) {
  return impl_->lanes[destination].take_unindexed();
}

std::optional<Error> BlobWriter::failure(std::size_t destination) const {
  return impl_->lanes[destination].failure();
}

BlobWriterTotals BlobWriter::totals() const {
  return *impl_->totals.lock();
}

std::uint64_t BlobWriter::bytes_stored(std::size_t destination) const {
  return impl_->lanes[destination].bytes_stored();
}

}  // namespace hikae
