// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "backup/pipeline.h"
#include "repository/tree_reader.h"

namespace hikae {

// The parent snapshot's trees, read from whichever target has them. Thread-safe.
class ParentTrees {
 public:
  ParentTrees(const std::vector<BackupTarget>& targets, Log& log);
  // Nodes in name order. A tree that no target can give is reported once and treated as empty: its
  // files are read.
  std::vector<format::Node> load(const std::optional<BlobId>& subtree, const StopToken& stop);

  // An unchanged file must be read all the same: no destination has its content any more.
  void note_lost_content() { ++files_lost_; }
  // Says, if there were such files, how many are stored again.
  void report_lost_content() const;

 private:
  const std::vector<BackupTarget>& targets_;
  std::vector<std::unique_ptr<TreeReader>> readers_;  // of each target
  Log& log_;
  std::atomic<std::uint64_t> files_lost_{0};
};

// Whether `now` may be taken to hold what `before` held, judged by metadata alone.
bool is_unchanged(const format::Node& before, const format::Node& now, ChangeDetection changes);

// Whether a folder's own metadata is what it was, whatever is in it.
bool is_same_folder(const format::Node& before, const format::Node& now);

}  // namespace hikae
