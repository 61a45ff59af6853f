// SPDX-License-Identifier: Apache-2.0
#include "source/files_source.h"

#include <fcntl.h>

#include <algorithm>
#include <cerrno>

#include "base/error.h"
#include "source/files_directory.h"
#include "source/folder_names.h"
#include "source/guards.h"
#include "source/paths.h"

namespace hikae {
namespace {

// Beyond that, keeping folders open could exhaust the process's descriptors.
constexpr std::size_t kMaximumPinned = 64;

void add_anchors(FilesTree& tree, const TargetNode& node) {
  for (const auto& [name, child] : node.children) {
    if (child->is_leaf()) {
      tree.anchors.emplace(child.get(), Anchor(tree.system_path(child->path)));
    } else {
      add_anchors(tree, *child);
    }
  }
}

std::vector<std::string> list_folder(const std::string& system_path, const std::string& path) {
  const os::Fd folder = os::try_open(system_path, O_RDONLY | O_DIRECTORY);
  if (!folder) throw system_error(errno, text("source.folder_open_failed", {{"path", path}}));
  const FolderNames list(folder.get(), path);
  return {list.names().begin(), list.names().end()};
}

class FilesSource final : public Source {
 public:
  explicit FilesSource(FilesOptions options) : options_(std::move(options)), selection_(options_) {
    facts_.access_times = options_.access_times;
  }

  std::unique_ptr<SourceDirectory> open_root() override {
    auto tree = std::make_shared<FilesTree>(options_, selection_, facts_);
    check_paths(*tree);
    tree->root = build_target_tree(options_.paths, [&](const std::string& path) {
      return list_folder(tree->system_path(path), tree->shown_path(path));
    });
    add_anchors(*tree, *tree->root);
    if (tree->anchors.size() <= kMaximumPinned) {
      for (auto& [node, anchor] : tree->anchors) anchor.pin();
    }
    tree_ = tree;
    const TargetNode& root_node = *tree->root;
    auto root = std::make_unique<TargetsDirectory>(std::move(tree), root_node);
    if (options_.allow_empty == AllowEmpty::no && !root->holds_entry()) throw empty();
    return root;
  }

  // A generation without all that one of the paths held would push out those that have it.
  void finish() override {
    if (const auto lost = tree_->lost()) throw Error(*lost);
  }

  std::vector<std::string> paths() const override {
    std::vector<std::string> result;
    for (const std::string& path : options_.paths)
      result.push_back(absolute_path(options_.working_directory, path));
    return result;
  }

  std::vector<std::string> excludes() const override { return options_.exclude; }

 private:
  Error empty() const {
    std::string list;
    for (const std::string& path : paths()) list += (list.empty() ? "" : ", ") + path;
    return Error(ErrorCode::empty_source, text("source.empty", {{"paths", list}}))
        .with_hint(text("source.empty_hint"));
  }

  FilesOptions options_;
  Selection selection_;
  HostFacts facts_;
  std::shared_ptr<const FilesTree> tree_;  // once the root is open
};

}  // namespace

std::unique_ptr<Source> make_files_source(FilesOptions options) {
  const bool has_empty = std::any_of(options.paths.begin(),
                                     options.paths.end(),
                                     [](const std::string& path) { return path.empty(); });
  if (options.paths.empty() || has_empty)
    throw Error(ErrorCode::invalid_argument, text("source.no_paths"));
  return std::make_unique<FilesSource>(std::move(options));
}

}  // namespace hikae
