// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <vector>

#include "format/node.h"
#include "repository/repository.h"

namespace hikae {

struct TreeWalkHooks {
  // Each tree once, on any thread.
  std::function<void(const BlobId& tree, const std::vector<format::Node>& nodes)> visit;
  // Asked whenever a tree is referred to, on any thread: false leaves it out, with all that is
  // below. When empty, each tree is visited.
  std::function<bool(const BlobId& tree)> enters;
  // A tree that cannot be read; the walk goes on without what is below. When empty, the walk throws
  // instead.
  std::function<void(const BlobId& tree, const Error& error)> failed;
};

// Visits every tree that can be reached from `roots`, each once however often it is referred to,
// several at a time. Memory: one flag per blob of the index, and the trees under way.
void walk_trees(Repository& repository,
                const Index& index,
                const std::vector<BlobId>& roots,
                const TreeWalkHooks& hooks,
                const StopToken& stop);

}  // namespace hikae
