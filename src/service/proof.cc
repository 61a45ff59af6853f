// SPDX-License-Identifier: Apache-2.0
#include "service/proof.h"

#include "concurrency/guarded.h"
#include "repository/tree_walk.h"

namespace hikae {

std::unordered_set<PackId> prove_tree(Repository& repository,
                                      const Index& stored,
                                      const BlobId& tree,
                                      const std::string& destination,
                                      const StopToken& stop) {
  Guarded<std::unordered_set<PackId>> needed;
  const auto require_stored = [&](format::BlobType type, const BlobId& id) {
    const auto place = stored.find(type, id);
    if (!place) {
      throw Error(ErrorCode::corrupt,
                  text("service.read_back_lacks_blob", {{"blob", id.short_hex()}}))
          .with_hint(text("service.read_back_lacks_blob_hint", {{"destination", destination}}));
    }
    needed.lock()->insert(place->pack);
  };
  TreeWalkHooks hooks;
  // Before it is read, which would say only that no index names it.
  hooks.enters = [&](const BlobId& below) {
    require_stored(format::BlobType::tree, below);
    return true;
  };
  hooks.visit = [&](const BlobId&, const std::vector<format::Node>& nodes) {
    for (const format::Node& node : nodes) {
      for (const BlobId& blob : node.content) require_stored(format::BlobType::data, blob);
    }
  };
  walk_trees(repository, stored, {tree}, hooks, stop);
  return std::move(*needed.lock());
}

}  // namespace hikae
