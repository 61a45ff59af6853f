// SPDX-License-Identifier: Apache-2.0
#include "maintenance/copy.h"

#include <algorithm>

#include "maintenance/check_packs.h"
#include "maintenance/copy_packs.h"
#include "maintenance/move_blobs.h"
#include "repository/tree_walk.h"

namespace hikae {
namespace {

using format::BlobType;

// A pack is copied whole when at least this much of it is lacking: what comes along costs less than
// opening and sealing the rest.
constexpr std::uint64_t kWholeFromPercent = 90;
// Blobs are moved in portions of this size, so that the end of the time is felt in between.
constexpr std::uint64_t kPortion = 64 * kMiB;

class CopyPlanner {
 public:
  CopyPlanner(const CopySource& from, const Index& to)
      : from_(from), to_(to), needed_(std::vector<bool>(from.index->blob_count())) {}

  void need(BlobType type, const BlobId& id) {
    const auto position = from_.index->position(type, id);
    if (!position) {
      if (to_.has(type, id)) return;
      throw Error(ErrorCode::not_found, text("repository.blob_unknown", {{"blob", id.short_hex()}}))
          .with_context(text("maintenance.copying_from",
                             {{"place", from_.repository->backend().location()}}));
    }
    (*needed_.lock())[*position] = true;
  }

  enum class WholePacks { no, yes };
  CopyPlan plan(WholePacks whole_packs) {
    CopyPlan plan;
    auto needed = needed_.lock();
    for (std::uint32_t pack = 0; pack < from_.index->pack_count(); ++pack)
      add_pack(pack, *needed, whole_packs, plan);
    return plan;
  }

 private:
  void add_pack(std::uint32_t number,
                const std::vector<bool>& needed,
                WholePacks whole_packs,
                CopyPlan& plan) const {
    const Index& index = *from_.index;
    const format::IndexedPack pack = indexed_pack(index, number);
    std::uint64_t all = 0;
    std::uint64_t lacking = 0;
    const std::uint32_t first = index.first_of_pack(number);
    std::vector<BlobLocation> places;
    for (std::uint32_t i = 0; i < pack.blobs.size(); ++i) {
      all += pack.blobs[i].length;
      if (!needed[first + i]) continue;
      if (to_.has(pack.blobs[i].type, pack.blobs[i].id)) {
        plan.bytes_present += pack.blobs[i].length;
        continue;
      }
      lacking += pack.blobs[i].length;
      places.push_back({pack.id, pack.blobs[i]});
    }
    if (places.empty()) return;
    plan.blobs += places.size();
    if (whole_packs == WholePacks::yes && lacking * 100 >= all * kWholeFromPercent) {
      plan.packs.push_back(number);
      plan.bytes += expected_pack_size(pack.blobs);
    } else {
      plan.places.insert(plan.places.end(), places.begin(), places.end());
      plan.bytes += lacking;
    }
  }

  const CopySource& from_;
  const Index& to_;
  Guarded<std::vector<bool>> needed_;
};

CopyEnd copy_blobs(const CopySource& from,
                   Repository& to,
                   const Index& to_index,
                   const std::vector<BlobLocation>& places,
                   const CopyOptions& options,
                   const Clock& clock,
                   std::atomic<std::uint64_t>& bytes_moved,
                   const StopToken& stop) {
  if (places.empty()) return CopyEnd::complete;
  BlobWriter writer({{&to, &to_index}}, options.blobs, clock, stop);
  const BlobForm form = to.config().version >= 2 ? BlobForm::as_stored : BlobForm::plain;
  std::size_t begin = 0;
  while (begin < places.size() && (!options.until || clock.steady_now() < *options.until)) {
    std::vector<BlobLocation> portion;
    for (std::uint64_t size = 0; begin < places.size() && size < kPortion; ++begin) {
      portion.push_back(places[begin]);
      size += places[begin].blob.length;
    }
    move_blobs(*from.repository, std::move(portion), form, writer, bytes_moved, stop);
  }
  writer.finish();
  return begin == places.size() ? CopyEnd::complete : CopyEnd::out_of_time;
}

}  // namespace

CopyPlan plan_copy(const CopySource& from,
                   const Repository& to,
                   const Index& to_index,
                   const std::vector<BlobId>& trees,
                   const StopToken& stop) {
  CopyPlanner planner(from, to_index);
  TreeWalkHooks hooks;
  hooks.visit = [&](const BlobId& tree, const std::vector<format::Node>& nodes) {
    planner.need(BlobType::tree, tree);
    for (const format::Node& node : nodes) {
      for (const BlobId& id : node.content) planner.need(BlobType::data, id);
    }
  };
  walk_trees(*from.repository, *from.index, trees, hooks, stop);
  // Packs of version 2 hold compressed blobs, which version 1 does not know.
  const bool may_hold = same_master_key(*from.repository, to) &&
                        to.config().version >= from.repository->config().version;
  using WholePacks = CopyPlanner::WholePacks;
  return planner.plan(may_hold ? WholePacks::yes : WholePacks::no);
}

CopyEnd apply_copy(const CopySource& from,
                   Repository& to,
                   const Index& to_index,
                   const CopyPlan& plan,
                   const CopyOptions& options,
                   const Clock& clock,
                   std::atomic<std::uint64_t>& bytes_moved,
                   const StopToken& stop) {
  const CopiedPacks copied = copy_packs(from, to, plan.packs, options, clock, bytes_moved, stop);
  if (copied.end == CopyEnd::out_of_time) return copied.end;
  std::vector<BlobLocation> places = plan.places;
  for (const std::uint32_t number : copied.refused) {
    const format::IndexedPack pack = indexed_pack(*from.index, number);
    for (const format::PackedBlob& blob : pack.blobs) places.push_back({pack.id, blob});
  }
  return copy_blobs(from, to, to_index, places, options, clock, bytes_moved, stop);
}

}  // namespace hikae
