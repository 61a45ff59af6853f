// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "backup/stages.h"

namespace hikae {
namespace {

// A stream brings a folder's entries in its own order.
std::vector<const SourceEntry*> sorted_by_name(const std::deque<SourceEntry>& entries) {
  std::vector<const SourceEntry*> sorted;
  sorted.reserve(entries.size());
  for (const SourceEntry& entry : entries) sorted.push_back(&entry);
  std::sort(sorted.begin(), sorted.end(), [](const SourceEntry* a, const SourceEntry* b) {
    return a->node.name < b->node.name;
  });
  return sorted;
}

BlobId save_tree(BackupState& state, const Folder& folder, BlobScratch& scratch) {
  format::TreeEncoder encoder;
  for (std::size_t slot = 0; slot < folder.entries().size(); ++slot) {
    if (folder.is_included(slot)) encoder.add(folder.entries()[slot].node);
  }
  for (const SourceEntry* entry : sorted_by_name(folder.streamed_entries()))
    encoder.add(entry->node);
  return state.writer.save(format::BlobType::tree, as_bytes(encoder.finish()), scratch).id;
}

void count(BackupState& state, const Folder& folder, const BlobId& tree) {
  const ParentFolder& parent = folder.parent();
  if (!parent.subtree) {
    ++state.counters.dirs_new;
  } else if (parent.same_metadata && *parent.subtree == tree) {
    ++state.counters.dirs_unmodified;
  } else {
    ++state.counters.dirs_changed;
  }
}

}  // namespace

void complete_folder(BackupState& state, std::shared_ptr<Folder> folder, BlobScratch& scratch) {
  // A loop, not a recursion: the last file of a deep path completes all folders above it.
  while (true) {
    const BlobId tree = save_tree(state, *folder, scratch);
    const std::shared_ptr<Folder> above = folder->above();
    if (!above) {
      state.root = tree;
      state.root_done = true;
      state.folders.close();
      state.files.close();
      state.chunks.close();
      return;
    }
    count(state, *folder, tree);
    folder->entry_above()->node.subtree = tree;
    if (!above->finish_entry()) return;
    folder = above;
  }
}

void finish_entry(BackupState& state, const std::shared_ptr<Folder>& folder, BlobScratch& scratch) {
  if (folder->finish_entry()) complete_folder(state, folder, scratch);
}

void leave_out_entry(BackupState& state,
                     const std::shared_ptr<Folder>& folder,
                     std::size_t slot,
                     BlobScratch& scratch) {
  if (folder->leave_out(slot)) complete_folder(state, folder, scratch);
}

}  // namespace hikae
