// SPDX-License-Identifier: Apache-2.0
#include "maintenance/copy.h"

#include <array>
#include <unordered_set>

#include "maintenance/move_blobs.h"
#include "repository/tree_walk.h"

namespace hikae {
namespace {

using format::BlobType;

class CopyPlanner {
 public:
  CopyPlanner(const CopySource& from, const Index& to) : from_(from), to_(to) {}

  void want(BlobType type, const BlobId& id) {
    if (to_.has(type, id)) return;
    const auto place = from_.index->find(type, id);
    if (!place) {
      throw Error(ErrorCode::not_found, text("repository.blob_unknown", {{"blob", id.short_hex()}}))
          .with_context(text("maintenance.copying_from",
                             {{"place", from_.repository->backend().location()}}));
    }
    auto state = state_.lock();
    // By type: a file may hold the very bytes of a tree.
    if (!state->seen[static_cast<std::size_t>(type)].insert(id).second) return;
    state->plan.bytes += place->blob.length;
    state->plan.places.push_back(*place);
  }

  CopyPlan take() { return std::move(state_.lock()->plan); }

 private:
  struct State {
    std::array<std::unordered_set<BlobId>, 2> seen;
    CopyPlan plan;
  };
  const CopySource& from_;
  const Index& to_;
  Guarded<State> state_;
};

}  // namespace

CopyPlan plan_copy(const CopySource& from,
                   const Index& to,
                   const std::vector<BlobId>& trees,
                   const StopToken& stop) {
  CopyPlanner planner(from, to);
  TreeWalkHooks hooks;
  hooks.visit = [&](const BlobId& tree, const std::vector<format::Node>& nodes) {
    planner.want(BlobType::tree, tree);
    for (const format::Node& node : nodes) {
      for (const BlobId& id : node.content) planner.want(BlobType::data, id);
    }
  };
  walk_trees(*from.repository, *from.index, trees, hooks, stop);
  return planner.take();
}

void apply_copy(const CopySource& from,
                Repository& to,
                const Index& to_index,
                const CopyPlan& plan,
                const BlobWriterOptions& options,
                const Clock& clock,
                std::atomic<std::uint64_t>& bytes_moved,
                const StopToken& stop) {
  if (plan.places.empty()) return;
  BlobWriter writer({{&to, &to_index}}, options, clock, stop);
  const BlobForm form = to.config().version >= 2 ? BlobForm::as_stored : BlobForm::plain;
  move_blobs(*from.repository, plan.places, form, writer, bytes_moved, stop);
  writer.finish();
}

}  // namespace hikae
