// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "format/pack.h"

namespace hikae {

// Where one copy of a blob lies.
struct BlobLocation {
  PackId pack;
  format::PackedBlob blob;
};

// What all index files of a repository say together: blob -> places. A blob may lie in several
// packs; all places are kept, since a spare copy is a source of repair. About 55 bytes per blob.
// Thread-safety: any number of readers, or one writer alone.
class Index {
 public:
  Index();

  void reserve(std::size_t blobs);
  void add(const format::IndexedPack& pack);

  bool has(format::BlobType type, const BlobId& id) const;
  std::optional<BlobLocation> find(format::BlobType type, const BlobId& id) const;
  std::vector<BlobLocation> find_all(format::BlobType type, const BlobId& id) const;

  // A blob's number in [0, blob_count()), the same for each call; of several copies always the same
  // one. Flags for all blobs are then an array instead of a set.
  std::optional<std::uint32_t> position(format::BlobType type, const BlobId& id) const;
  BlobLocation at(std::uint32_t position) const { return location(entries_[position]); }
  // The number of the first blob of pack number `pack`; its blobs follow each other.
  std::uint32_t first_of_pack(std::size_t pack) const { return pack_starts_[pack]; }

  std::size_t blob_count() const { return entries_.size(); }
  std::size_t pack_count() const { return packs_.size(); }
  bool has_pack(const PackId& id) const;
  const std::vector<PackId>& packs() const { return packs_; }

  // Every entry, in the order in which it was added (so the entries of one pack follow each other).
  void for_each(const std::function<void(const BlobLocation&)>& visit) const;
  // The blobs of each pack, in offset order, pack by pack, without a second copy of the whole
  // index.
  void for_each_pack(const std::function<void(const format::IndexedPack&)>& visit) const;

 private:
  struct Entry {
    BlobId id;
    std::uint32_t pack;  // position in packs_
    std::uint32_t offset;
    std::uint32_t length;
    std::uint32_t uncompressed_length : 31;  // a blob is at most 8 MiB when we write it, below 2
                                             // GiB in any case
    std::uint32_t is_tree : 1;
  };
  static_assert(sizeof(Entry) == 48);

  BlobLocation location(const Entry& entry) const;
  bool matches(const Entry& entry, format::BlobType type, const BlobId& id) const;
  template <typename Visit>
  void probe(format::BlobType type, const BlobId& id, Visit visit) const;
  void grow_slots();

  std::vector<Entry> entries_;
  std::vector<std::uint32_t> slots_;  // open addressing: position in entries_ + 1, 0 = free
  std::vector<PackId> packs_;
  std::vector<std::uint32_t> pack_starts_;  // position in entries_ of each pack's first blob
  std::vector<std::uint32_t> pack_slots_;   // open addressing over packs_
};

}  // namespace hikae
