// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <atomic>
#include <deque>
#include <memory>
#include <optional>
#include <vector>

#include "format/node.h"
#include "source/source.h"

namespace hikae {

// A folder as the parent snapshot has it.
struct ParentFolder {
  std::optional<BlobId> subtree;
  bool same_metadata = false;  // as the source's now
};

// A folder whose tree blob is not stored yet. Its entries finish in any order on any thread; each
// has a slot, and whoever finishes the last one stores the tree and thereby one entry of the folder
// above. Nobody ever waits for a child, so a bounded number of threads cannot deadlock.
class Folder {
 public:
  // One that its source lists. `above` is null for the root.
  Folder(std::shared_ptr<Folder> above,
         std::size_t slot_above,
         std::unique_ptr<SourceDirectory> directory,
         const ParentFolder& parent)
      : above_(std::move(above)),
        slot_above_(slot_above),
        entry_above_(above_ ? &above_->entry(slot_above) : nullptr),
        directory_(std::move(directory)),
        parent_(parent) {}
  // One below a streamed folder. `entry_above` is an entry of `above`.
  Folder(std::shared_ptr<Folder> above, SourceEntry& entry_above, const ParentFolder& parent)
      : above_(std::move(above)), entry_above_(&entry_above), parent_(parent) {}

  // REQUIRES: not below a streamed folder.
  SourceDirectory& directory() { return *directory_; }
  const std::shared_ptr<Folder>& above() const { return above_; }
  std::size_t slot_above() const { return slot_above_; }  // of one that its source lists
  SourceEntry* entry_above() const { return entry_above_; }
  const ParentFolder& parent() const { return parent_; }

  // REQUIRES: called once, before any entry can finish; one more than the entries is pending, see
  // release_scan().
  void set_entries(std::vector<SourceEntry> entries) {
    entries_ = std::move(entries);
    included_.assign(entries_.size(), Included::yes);
    pending_ = entries_.size() + 1;
  }
  // Each slot belongs to one thread until it is finished.
  SourceEntry& entry(std::size_t slot) { return entries_[slot]; }
  const std::vector<SourceEntry>& entries() const { return entries_; }
  bool is_included(std::size_t slot) const { return included_[slot] == Included::yes; }

  // Instead of set_entries(): the folder's entries come one by one, on one thread, in any order.
  // The guard of release_scan() is there until the last has come.
  SourceEntry& add_entry(SourceEntry entry) {
    ++pending_;
    return streamed_.emplace_back(std::move(entry));
  }
  const std::deque<SourceEntry>& streamed_entries() const { return streamed_; }

  // What the parent snapshot has in this folder, ascending by name; for a streamed one, whose files
  // are compared when they are stored. REQUIRES: called once, before any entry comes.
  void set_parent_nodes(std::vector<format::Node> nodes) { parent_nodes_ = std::move(nodes); }
  const format::Node* find_parent_node(const std::string& name) const {
    const auto found = std::lower_bound(
        parent_nodes_.begin(),
        parent_nodes_.end(),
        name,
        [](const format::Node& node, const std::string& wanted) { return node.name < wanted; });
    return found != parent_nodes_.end() && found->name == name ? &*found : nullptr;
  }

  // An entry is complete, or is left out of the tree. True for the one caller who finished the last
  // of them.
  bool finish_entry() { return pending_.fetch_sub(1, std::memory_order_acq_rel) == 1; }
  bool leave_out(std::size_t slot) {
    included_[slot] = Included::no;
    return finish_entry();
  }
  // The scanner has dealt with every entry; the guard of set_entries() falls.
  bool release_scan() { return finish_entry(); }

 private:
  enum class Included : char {
    no,
    yes
  };  // not vector<bool>: slots are written by different threads

  const std::shared_ptr<Folder> above_;  // shared: the last child to finish keeps it alive
  const std::size_t slot_above_ = 0;
  SourceEntry* const entry_above_;  // in *above_
  const std::unique_ptr<SourceDirectory> directory_;
  const ParentFolder parent_;
  std::vector<SourceEntry> entries_;
  std::vector<Included> included_;
  std::deque<SourceEntry> streamed_;  // a deque: its elements stay where they are
  std::vector<format::Node> parent_nodes_;
  std::atomic<std::size_t> pending_{1};
};

}  // namespace hikae
