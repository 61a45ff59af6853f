// SPDX-License-Identifier: Apache-2.0
#include "backup/parent.h"

namespace hikae {

ParentTrees::ParentTrees(const std::vector<BackupTarget>& targets, Log& log)
    : targets_(targets), log_(log) {
  for (const BackupTarget& target : targets)
    readers_.push_back(std::make_unique<TreeReader>(*target.repository, *target.index));
}

std::vector<format::Node> ParentTrees::load(const std::optional<BlobId>& subtree,
                                            const StopToken& stop) {
  if (!subtree) return {};
  BlobBuffers buffers;
  for (std::size_t i = 0; i < targets_.size(); ++i) {
    const BackupTarget& target = targets_[i];
    if (!target.index->has(format::BlobType::tree, *subtree)) continue;
    try {
      return format::decode_tree(readers_[i]->load(*subtree, buffers, stop));
    } catch (const Error& error) {
      log_.warning(text(
          "backup.parent_tree_unreadable",
          {{"tree", subtree->short_hex()}, {"place", target.repository->backend().location()}}));
    }
  }
  return {};
}

void ParentTrees::report_lost_content() const {
  if (files_lost_ == 0) return;
  log_.warning(text("backup.read_again", {{"count", std::to_string(files_lost_)}}));
}

bool is_unchanged(const format::Node& before, const format::Node& now, ChangeDetection changes) {
  if (changes == ChangeDetection::force_read || before.type != format::NodeType::file) return false;
  if (before.size != now.size || !before.mtime.same_instant(now.mtime)) return false;
  if (changes == ChangeDetection::ignore_inode) return true;
  if (before.inode != now.inode) return false;
  return changes == ChangeDetection::ignore_ctime || before.ctime.same_instant(now.ctime);
}

bool is_same_folder(const format::Node& before, const format::Node& now) {
  format::Node same = before;
  same.subtree = now.subtree;
  for (const auto time : {&format::Node::mtime, &format::Node::atime, &format::Node::ctime}) {
    if (!(same.*time).same_instant(now.*time)) return false;
    same.*time = now.*time;
  }
  return same == now;
}

}  // namespace hikae
