// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace hikae {

// Whether the caller named a path, or it was found while a folder was taken apart. Exclusion does
// not apply to what was named.
enum class Named { no, yes };

struct Target {
  std::string path;  // cleaned; absolute or relative to the working directory
  Named named = Named::yes;
};

// The upper part of a snapshot: the components of the paths that were given.
struct TargetNode {
  std::map<std::string, std::unique_ptr<TargetNode>> children;  // by name in the snapshot
  std::string path;  // of what is stored here with all below it; empty for a folder of children
  std::string info_path;  // of the folder whose metadata a folder of children gets
  Named named = Named::no;

  bool is_leaf() const { return !path.empty(); }

 private:
  friend class TargetTreeBuilder;
  std::string root_;  // where a relative path begins: "/", ".", "../.."
};

// The names in a folder, in any order. Throws Error.
using ListFolder = std::function<std::vector<std::string>(const std::string& path)>;

// The tree that restic builds for the same arguments:
// - "/a/b" gives a/b, "../x/y" gives x/y; "/", "." and ".." give what these folders hold.
// - Components that are equal but begin in different places ("/a" and "a") are kept apart as "a"
//   and "a-1".
// - A path inside another one splits the outer folder into its entries.
// REQUIRES: no path is empty. Throws Error, also what `list` throws.
std::unique_ptr<TargetNode> build_target_tree(const std::vector<std::string>& paths,
                                              const ListFolder& list);

}  // namespace hikae
