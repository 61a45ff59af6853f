// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <unordered_map>

#include "maintenance/prune.h"

namespace hikae {
namespace {

using Action = PruneItem::Action;
using Spared = PruneSpared::Reason;

// The packs of the plan that are still to go, and those that stay after all.
class Settlement {
 public:
  Settlement(const PrunePlan& plan,
             const Index& index,
             const std::map<PackId, std::uint64_t>& present)
      : present_(present) {
    for (const PruneItem& item : plan.items) {
      if (item.action == Action::keep) {
        require_present(item);
        continue;
      }
      const bool was_orphan = item.reason == PruneItem::Reason::not_indexed;
      if (was_orphan && index.has_pack(item.pack)) {
        removals_.spared.push_back({item.pack, item.size, Spared::indexed_now});
      } else if (!present.contains(item.pack) && !index.has_pack(item.pack)) {
        removals_.spared.push_back({item.pack, item.size, Spared::gone_already});
      } else {
        going_.emplace(item.pack, item);
      }
    }
  }

  // One pack that stays must hold the blob; when only packs that go do, the first of them stays.
  void keep_blob(const std::vector<BlobLocation>& places, const BlobId& id) {
    const BlobLocation* rescue = nullptr;
    for (const BlobLocation& place : places) {
      if (!present_.contains(place.pack)) continue;
      if (!going_.contains(place.pack)) return;
      if (rescue == nullptr) rescue = &place;
    }
    if (rescue == nullptr) {
      throw Error(ErrorCode::corrupt, text("maintenance.prune_lacks_blob", {{"blob", id.hex()}}))
          .with_hint(text("maintenance.prune_lacks_hint"));
    }
    const auto item = going_.find(rescue->pack);
    removals_.spared.push_back({item->first, item->second.size, Spared::needed_now});
    going_.erase(item);
  }

  PruneRemovals finish() {
    for (const auto& [pack, item] : going_) {
      removals_.items.push_back(item);
      const bool moved = item.action == Action::repack;
      removals_.bytes_freed += item.size - (moved ? std::min(item.size, item.used_bytes) : 0);
    }
    // The same order each time, so that a test of crashes can count.
    std::sort(removals_.items.begin(),
              removals_.items.end(),
              [](const PruneItem& a, const PruneItem& b) { return a.pack < b.pack; });
    return std::move(removals_);
  }

 private:
  // What was used of it may lie a second time in a pack that goes.
  void require_present(const PruneItem& item) const {
    if (item.used_bytes == 0 || present_.contains(item.pack)) return;
    throw Error(ErrorCode::corrupt,
                text("maintenance.prune_lacks_pack", {{"pack", item.pack.hex()}}))
        .with_hint(text("maintenance.prune_lacks_hint"));
  }

  const std::map<PackId, std::uint64_t>& present_;
  std::unordered_map<PackId, PruneItem> going_;
  PruneRemovals removals_;
};

}  // namespace

PruneRemovals settle_removals(const PrunePlan& plan,
                              const Index& index,
                              const std::vector<std::uint32_t>& needed,
                              const std::map<PackId, std::uint64_t>& present) {
  Settlement settlement(plan, index, present);
  for (const std::uint32_t number : needed) {
    const format::PackedBlob blob = index.at(number).blob;
    settlement.keep_blob(index.find_all(blob.type, blob.id), blob.id);
  }
  return settlement.finish();
}

}  // namespace hikae
