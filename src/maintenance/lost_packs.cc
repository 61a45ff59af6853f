// SPDX-License-Identifier: Apache-2.0
#include "maintenance/lost_packs.h"

#include <unordered_set>

#include "maintenance/check_packs.h"

namespace hikae {
namespace {

using PackSet = std::unordered_set<PackId>;

// A list is late by what was stored last; where more is missing, asking for each tells no more.
constexpr std::size_t kMostAsked = 100;

// A pack may be indexed more than once; it is whole when one of the entries fits the file.
PackSet find_whole(const Index& index, const std::map<PackId, std::uint64_t>& files) {
  PackSet whole;
  index.for_each_pack([&](const format::IndexedPack& pack) {
    const auto file = files.find(pack.id);
    if (file != files.end() && file->second == expected_pack_size(pack.blobs))
      whole.insert(pack.id);
  });
  return whole;
}

std::vector<PackId> find_lost(const Index& index, const PackSet& whole) {
  std::vector<PackId> lost;
  PackSet seen;
  for (const PackId& pack : index.packs()) {
    if (!whole.contains(pack) && seen.insert(pack).second) lost.push_back(pack);
  }
  return lost;
}

Index without(const Index& index, const std::vector<PackId>& lost) {
  const PackSet gone(lost.begin(), lost.end());
  Index rest;
  rest.reserve(index.blob_count());
  index.for_each_pack([&](const format::IndexedPack& pack) {
    if (!gone.contains(pack.id)) rest.add(pack);
  });
  return rest;
}

}  // namespace

std::vector<PackId> leave_out_lost_packs(Repository& repository,
                                         Index& index,
                                         const StopToken& stop) {
  std::map<PackId, std::uint64_t> files = list_packs(repository, stop);
  std::vector<PackId> lost = find_lost(index, find_whole(index, files));
  bool was_late = false;
  for (const PackId& pack : lost) {
    if (lost.size() > kMostAsked || files.contains(pack)) continue;
    throw_if_stopped(stop);
    const auto size = repository.backend().size({FileType::pack, pack.hex()}, stop);
    if (!size) continue;
    files.emplace(pack, *size);
    was_late = true;
  }
  if (was_late) lost = find_lost(index, find_whole(index, files));
  if (!lost.empty()) index = without(index, lost);
  return lost;
}

}  // namespace hikae
