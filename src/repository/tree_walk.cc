// SPDX-License-Identifier: Apache-2.0
#include "repository/tree_walk.h"

#include "concurrency/task_group.h"
#include "repository/tree_reader.h"

namespace hikae {
namespace {

struct Walk {
  std::vector<BlobId> waiting;  // last in, first out: deep before wide keeps it short
  std::vector<bool> seen;       // by position in the index
  std::size_t under_way = 0;
};

class TreeWalker {
 public:
  TreeWalker(Repository& repository, const Index& index, const TreeWalkHooks& hooks)
      : index_(index), hooks_(hooks), trees_(repository, index) {
    walk_.lock()->seen.resize(index.blob_count());
  }

  void enqueue(const BlobId& tree) {
    if (hooks_.enters && !hooks_.enters(tree)) return;
    const auto position = index_.position(format::BlobType::tree, tree);
    if (!position) {
      fail(
          tree,
          Error(ErrorCode::corrupt, text("repository.blob_unknown", {{"blob", tree.short_hex()}})));
      return;
    }
    auto walk = walk_.lock();
    if (walk->seen[*position]) return;
    walk->seen[*position] = true;
    walk->waiting.push_back(tree);
    walk_.notify_all();
  }

  void work(const StopToken& stop) {
    BlobBuffers buffers;
    while (const auto tree = next(stop)) {
      visit(*tree, buffers, stop);
      walk_.lock()->under_way -= 1;
      walk_.notify_all();
    }
  }

 private:
  std::optional<BlobId> next(const StopToken& stop) {
    auto walk = walk_.lock();
    if (!walk.wait(stop, [&] { return !walk->waiting.empty() || walk->under_way == 0; }))
      throw Cancelled();
    if (walk->waiting.empty()) return std::nullopt;
    const BlobId tree = walk->waiting.back();
    walk->waiting.pop_back();
    ++walk->under_way;
    return tree;
  }

  void visit(const BlobId& tree, BlobBuffers& buffers, const StopToken& stop) {
    std::vector<format::Node> nodes;
    try {
      nodes = format::decode_tree(trees_.load(tree, buffers, stop));
    } catch (const Error& error) {
      fail(tree, error);
      return;
    }
    hooks_.visit(tree, nodes);
    // The last is visited first: the other way round than they were stored, as TreeReader reads.
    for (const format::Node& node : nodes) {
      if (node.subtree) enqueue(*node.subtree);
    }
  }

  void fail(const BlobId& tree, const Error& error) {
    if (!hooks_.failed) throw Error(error);
    const auto one_at_a_time = failing_.lock();
    hooks_.failed(tree, error);
  }

  const Index& index_;
  const TreeWalkHooks& hooks_;
  TreeReader trees_;
  Guarded<Walk> walk_;
  Guarded<int> failing_;
};

}  // namespace

void walk_trees(Repository& repository,
                const Index& index,
                const std::vector<BlobId>& roots,
                const TreeWalkHooks& hooks,
                const StopToken& stop) {
  TreeWalker walker(repository, index, hooks);
  for (const BlobId& root : roots) walker.enqueue(root);
  TaskGroup tasks(stop);
  for (std::size_t i = 0; i < std::max(cpu_count(), repository.backend().connections()); ++i) {
    tasks.spawn("walk-trees", [&](const StopToken& group) { walker.work(group); });
  }
  tasks.join();
}

}  // namespace hikae
