// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
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
  // `above` is null for the root.
  Folder(std::shared_ptr<Folder> above,
         std::size_t slot_above,
         std::unique_ptr<SourceDirectory> directory,
         const ParentFolder& parent)
      : above_(std::move(above)),
        slot_above_(slot_above),
        directory_(std::move(directory)),
        parent_(parent) {}

  SourceDirectory& directory() { return *directory_; }
  const std::shared_ptr<Folder>& above() const { return above_; }
  std::size_t slot_above() const { return slot_above_; }
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
  const std::size_t slot_above_;
  const std::unique_ptr<SourceDirectory> directory_;
  const ParentFolder parent_;
  std::vector<SourceEntry> entries_;
  std::vector<Included> included_;
  std::atomic<std::size_t> pending_{0};
};

}  // namespace hikae
