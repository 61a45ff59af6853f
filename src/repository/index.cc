// SPDX-License-Identifier: Apache-2.0
#include "repository/index.h"

#include <functional>
#include <limits>

#include "base/error.h"

namespace hikae {
namespace {

constexpr std::size_t kSmallestTable = 1024;

std::size_t slot_count_for(std::size_t entries) {
  std::size_t count = kSmallestTable;
  while (count * 2 < entries * 3) count *= 2;  // at most two thirds full
  return count;
}

template <typename Id>
std::size_t first_slot(const Id& id, std::size_t slot_count) {
  return std::hash<Id>()(id) & (slot_count - 1);
}

}  // namespace

Index::Index() : slots_(kSmallestTable), pack_slots_(kSmallestTable) {}

void Index::reserve(std::size_t blobs) {
  entries_.reserve(blobs);
  if (slot_count_for(blobs) > slots_.size()) {
    slots_.assign(slot_count_for(blobs), 0);
    for (std::size_t i = 0; i < entries_.size(); ++i) {
      std::size_t slot = first_slot(entries_[i].id, slots_.size());
      while (slots_[slot] != 0) slot = (slot + 1) & (slots_.size() - 1);
      slots_[slot] = static_cast<std::uint32_t>(i + 1);
    }
  }
}

void Index::grow_slots() {
  if ((entries_.size() + 1) * 3 > slots_.size() * 2) reserve((entries_.size() + 1) * 2);
}

void Index::add(const format::IndexedPack& pack) {
  if (entries_.size() + pack.blobs.size() >= std::numeric_limits<std::uint32_t>::max()) {
    throw Error(ErrorCode::unsupported, text("repository.index_too_large"));
  }
  const auto number = static_cast<std::uint32_t>(packs_.size());
  packs_.push_back(pack.id);
  pack_starts_.push_back(static_cast<std::uint32_t>(entries_.size()));
  if ((packs_.size() + 1) * 3 > pack_slots_.size() * 2) {
    pack_slots_.assign(pack_slots_.size() * 2, 0);
    for (std::size_t i = 0; i < packs_.size(); ++i) {
      std::size_t at = first_slot(packs_[i], pack_slots_.size());
      while (pack_slots_[at] != 0) at = (at + 1) & (pack_slots_.size() - 1);
      pack_slots_[at] = static_cast<std::uint32_t>(i + 1);
    }
  } else {
    std::size_t at = first_slot(pack.id, pack_slots_.size());
    while (pack_slots_[at] != 0) at = (at + 1) & (pack_slots_.size() - 1);
    pack_slots_[at] = number + 1;
  }
  for (const format::PackedBlob& blob : pack.blobs) {
    grow_slots();
    std::size_t slot = first_slot(blob.id, slots_.size());
    while (slots_[slot] != 0) slot = (slot + 1) & (slots_.size() - 1);
    slots_[slot] = static_cast<std::uint32_t>(entries_.size() + 1);
    entries_.push_back({blob.id,
                        number,
                        blob.offset,
                        blob.length,
                        blob.uncompressed_length & 0x7fffffffU,
                        blob.type == format::BlobType::tree ? 1U : 0U});
  }
}

bool Index::matches(const Entry& entry, format::BlobType type, const BlobId& id) const {
  return entry.id == id && (entry.is_tree != 0) == (type == format::BlobType::tree);
}

template <typename Visit>
void Index::probe(format::BlobType type, const BlobId& id, Visit visit) const {
  for (std::size_t slot = first_slot(id, slots_.size()); slots_[slot] != 0;
       slot = (slot + 1) & (slots_.size() - 1)) {
    const Entry& entry = entries_[slots_[slot] - 1];
    if (matches(entry, type, id) && !visit(entry)) return;
  }
}

BlobLocation Index::location(const Entry& entry) const {
  const auto type = entry.is_tree != 0 ? format::BlobType::tree : format::BlobType::data;
  return {packs_[entry.pack],
          {entry.id, type, entry.offset, entry.length, entry.uncompressed_length}};
}

bool Index::has(format::BlobType type, const BlobId& id) const {
  bool found = false;
  probe(type, id, [&](const Entry&) {
    found = true;
    return false;
  });
  return found;
}

std::optional<BlobLocation> Index::find(format::BlobType type, const BlobId& id) const {
  std::optional<BlobLocation> found;
  probe(type, id, [&](const Entry& entry) {
    found = location(entry);
    return false;
  });
  return found;
}

std::optional<std::uint32_t> Index::position(format::BlobType type, const BlobId& id) const {
  std::optional<std::uint32_t> found;
  probe(type, id, [&](const Entry& entry) {
    found = static_cast<std::uint32_t>(&entry - entries_.data());
    return false;
  });
  return found;
}

std::vector<BlobLocation> Index::find_all(format::BlobType type, const BlobId& id) const {
  std::vector<BlobLocation> found;
  probe(type, id, [&](const Entry& entry) {
    found.push_back(location(entry));
    return true;
  });
  return found;
}

bool Index::has_pack(const PackId& id) const {
  for (std::size_t at = first_slot(id, pack_slots_.size()); pack_slots_[at] != 0;
       at = (at + 1) & (pack_slots_.size() - 1)) {
    if (packs_[pack_slots_[at] - 1] == id) return true;
  }
  return false;
}

void Index::for_each(const std::function<void(const BlobLocation&)>& visit) const {
  for (const Entry& entry : entries_) visit(location(entry));
}

void Index::for_each_pack(const std::function<void(const format::IndexedPack&)>& visit) const {
  format::IndexedPack pack;
  for (std::size_t number = 0; number < packs_.size(); ++number) {
    pack.id = packs_[number];
    pack.blobs.clear();
    const std::size_t end = number + 1 < packs_.size() ? pack_starts_[number + 1] : entries_.size();
    for (std::size_t i = pack_starts_[number]; i < end; ++i)
      pack.blobs.push_back(location(entries_[i]).blob);
    visit(pack);
  }
}

}  // namespace hikae
