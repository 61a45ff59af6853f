// SPDX-License-Identifier: Apache-2.0
#include "source/target_tree.h"

#include <algorithm>
#include <set>

#include "base/error.h"
#include "source/paths.h"

namespace hikae {
namespace {

// The components that a path has in the snapshot: "../x/y" has "x" and "y", "/" has none.
std::vector<std::string> snapshot_components(const std::string& path) {
  const std::string inside = absolute_path("/", path);
  std::vector<std::string> components;
  for (std::size_t at = 1; at < inside.size();) {
    const std::size_t end = std::min(inside.find('/', at), inside.size());
    components.push_back(inside.substr(at, end - at));
    at = end + 1;
  }
  return components;
}

// The folder that holds the first of these components. `path` is cleaned.
std::string root_of(const std::string& path) {
  if (path.starts_with('/')) return "/";
  std::size_t end = 0;
  while (path.compare(end, 3, "../") == 0) end += 3;
  return end == 0 ? "." : path.substr(0, end - 1);
}

std::vector<Target> expand_bare_folders(const std::vector<std::string>& paths,
                                        const ListFolder& list) {
  std::vector<Target> targets;
  for (const std::string& given : paths) {
    const std::string path = clean_path(given);
    if (!snapshot_components(path).empty()) {
      targets.push_back({path, Named::yes});
      continue;
    }
    std::vector<std::string> names = list(path);
    std::sort(names.begin(), names.end());
    for (const std::string& name : names) targets.push_back({join_path(path, name), Named::no});
  }
  return targets;
}

Error collision(const std::string& path) {
  return {ErrorCode::invalid_argument, text("source.paths_collide", {{"path", path}})};
}

}  // namespace

class TargetTreeBuilder {
 public:
  explicit TargetTreeBuilder(const ListFolder& list) : list_(list) {}

  void add(TargetNode& tree, const Target& target) {
    const std::vector<std::string> components = snapshot_components(target.path);
    const std::string root = root_of(target.path);
    TargetNode* node = &top_node(tree, components.front(), root);
    std::string folder = join_path(root, components.front());
    for (std::size_t i = 1; i < components.size(); ++i) {
      node->info_path = folder;
      folder = join_path(folder, components[i]);
      auto& child = node->children[components[i]];
      if (!child) child = std::make_unique<TargetNode>();
      node = child.get();
    }
    if (node->is_leaf()) throw collision(target.path);
    node->path = target.path;
    node->named = target.named;
  }

  // Lets only nodes without children be leaves: a leaf with children passes its folder's other
  // entries on to new leaves.
  void unroll(TargetNode& node) {
    if (node.is_leaf() && !node.children.empty()) {
      for (const std::string& name : list_(node.path)) {
        const std::string path = join_path(node.path, name);
        auto& child = node.children[name];
        if (!child) child = std::make_unique<TargetNode>();
        if (child->path.empty()) {
          child->path = path;
        } else if (child->path != path) {
          throw collision(path);
        }
      }
      node.path.clear();
      node.named = Named::no;
    }
    for (auto& [name, child] : node.children) unroll(*child);
  }

 private:
  static TargetNode& top_node(TargetNode& tree, const std::string& name, const std::string& root) {
    std::string free_name = name;
    for (int i = 1;; ++i) {
      auto& node = tree.children[free_name];
      if (!node) {
        node = std::make_unique<TargetNode>();
        node->root_ = root;
      }
      if (node->root_ == root) return *node;
      free_name = name + "-" + std::to_string(i);
    }
  }

  const ListFolder& list_;
};

std::unique_ptr<TargetNode> build_target_tree(const std::vector<std::string>& paths,
                                              const ListFolder& list) {
  auto tree = std::make_unique<TargetNode>();
  TargetTreeBuilder builder(list);
  std::set<std::string> seen;
  for (const Target& target : expand_bare_folders(paths, list)) {
    if (seen.insert(target.path).second) builder.add(*tree, target);
  }
  builder.unroll(*tree);
  return tree;
}

}  // namespace hikae
