// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "source/files_tree.h"
#include "source/source.h"

namespace hikae {

// A folder of the host below one leaf of the target tree.
class FilesDirectory final : public SourceDirectory {
 public:
  // `relative` is the path below the anchor ("": the leaf itself), `path` the shown one.
  FilesDirectory(std::shared_ptr<const FilesTree> tree,
                 const Anchor& anchor,
                 std::string relative,
                 std::string path,
                 dev_t allowed_device);

  std::vector<SourceEntry> read(ItemErrorSink& errors) override;
  std::unique_ptr<SourceDirectory> open_directory(const SourceEntry& entry) override;
  std::unique_ptr<SourceFile> open_file(const SourceEntry& entry) override;

  // Whether read() would return anything; stops at the first entry. Throws as read() does.
  bool holds_entry();

 private:
  // False to stop.
  using Visit = std::function<bool(int folder, std::string_view name, const struct stat& status)>;

  os::Fd open() const;
  std::string relative_to(const std::string& name) const;
  // Visits what is to be stored, ascending by name. Names end with NUL.
  void visit_entries(ItemErrorSink& errors, const Visit& visit) const;

  std::shared_ptr<const FilesTree> tree_;
  const Anchor& anchor_;  // in *tree_
  std::string relative_;
  std::string path_;
  dev_t allowed_device_;
};

// A folder in the upper part of the snapshot, which holds only what leads to the given paths.
class TargetsDirectory final : public SourceDirectory {
 public:
  TargetsDirectory(std::shared_ptr<const FilesTree> tree, const TargetNode& node);

  std::vector<SourceEntry> read(ItemErrorSink& errors) override;
  std::unique_ptr<SourceDirectory> open_directory(const SourceEntry& entry) override;
  std::unique_ptr<SourceFile> open_file(const SourceEntry& entry) override;

  // Whether any of the given paths here or below is something other than an empty folder.
  bool holds_entry();

 private:
  const TargetNode& child(const SourceEntry& entry) const;
  std::unique_ptr<FilesDirectory> files_directory(const SourceEntry& entry,
                                                  const TargetNode& target) const;
  bool rejects(const std::string& path, const struct stat& status) const;

  std::shared_ptr<const FilesTree> tree_;
  const TargetNode& node_;  // in *tree_
};

}  // namespace hikae
