// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "backup/stages.h"

namespace hikae {
namespace {

using format::BlobType;
using format::Node;
using format::NodeType;

// Both lists are sorted by raw name, so one pass finds every pair.
class ParentNodes {
 public:
  explicit ParentNodes(std::vector<Node> nodes) : nodes_(std::move(nodes)) {}
  Node* find(const std::string& name) {
    while (next_ < nodes_.size() && nodes_[next_].name < name) ++next_;
    return next_ < nodes_.size() && nodes_[next_].name == name ? &nodes_[next_] : nullptr;
  }

 private:
  std::vector<Node> nodes_;
  std::size_t next_ = 0;
};

// Whether every chunk can still be had from some destination; remembers which destinations lack
// one.
bool content_is_reachable(BackupState& state, const std::vector<BlobId>& content) {
  DestinationSet incomplete = 0;
  for (const BlobId& id : content) {
    const DestinationSet lacking = state.writer.lacking(BlobType::data, id);
    // Asked afterwards: a destination that fails meanwhile is in neither, and is no place to have
    // it from.
    if ((state.writer.live() & ~lacking) == 0) return false;
    incomplete |= lacking;
  }
  if (incomplete != 0) state.incomplete |= incomplete;
  return true;
}

// Takes the content of an unchanged file from the parent; false when it must be read.
bool take_from_parent(BackupState& state, Node& node, Node* before) {
  if (before == nullptr || !is_unchanged(*before, node, state.plan.changes)) return false;
  if (!content_is_reachable(state, before->content)) {
    state.parents.note_lost_content();
    return false;
  }
  node.content = std::move(before->content);
  ++state.counters.files_unmodified;
  ++state.counters.files;
  state.counters.bytes += node.size;
  ++state.progress.files_done;
  state.progress.bytes_done += node.size;
  return true;
}

// Collects the files of one folder that must be read, and passes them on before they are too much
// for one reader.
class ReadList {
 public:
  ReadList(BackupState& state, const StopToken& stop) : state_(state), stop_(stop) {}

  void add(FileJob job, std::uint64_t size) {
    jobs_.push_back(std::move(job));
    bytes_ += size;
    if (jobs_.size() >= kMostFiles || bytes_ >= kMostBytes) pass_on();
  }
  // Not together with others: whoever reads it is busy for long.
  void add_stream(FileJob job) {
    pass_on();
    jobs_.push_back(std::move(job));
    pass_on();
  }
  void pass_on() {
    if (jobs_.empty()) return;
    state_.files.push(std::exchange(jobs_, {}), stop_);
    bytes_ = 0;
  }

 private:
  static constexpr std::size_t kMostFiles = 32;
  static constexpr std::uint64_t kMostBytes = std::uint64_t{1024} * 1024;
  BackupState& state_;
  const StopToken& stop_;
  FileJobs jobs_;
  std::uint64_t bytes_ = 0;
};

void scan_file(BackupState& state,
               const std::shared_ptr<Folder>& folder,
               std::size_t slot,
               Node* before,
               ReadList& to_read,
               BlobScratch& scratch) {
  Node& node = folder->entry(slot).node;
  // Once the file is passed on, its node belongs to the reader.
  const std::uint64_t size = node.size;
  ++state.progress.files_found;
  state.progress.bytes_found += size;
  if (take_from_parent(state, node, before)) {
    finish_entry(state, folder, scratch);
    return;
  }
  const bool existed = before != nullptr && before->type == NodeType::file;
  to_read.add({folder, &folder->entry(slot), slot, existed, nullptr}, size);
}

// The longest one first: begun last, it would run alone in the end.
void scan_streams(BackupState& state, std::vector<FileJob> streams, ReadList& to_read) {
  std::stable_sort(streams.begin(), streams.end(), [](const FileJob& a, const FileJob& b) {
    return a.entry->node.size > b.entry->node.size;
  });
  for (const FileJob& job : streams) {
    ++state.progress.files_found;
    state.progress.bytes_found += job.entry->node.size;
  }
  for (FileJob& job : streams) to_read.add_stream(std::move(job));
}

std::shared_ptr<Folder> open_subfolder(const std::shared_ptr<Folder>& folder,
                                       std::size_t slot,
                                       const Node* before) {
  const SourceEntry& entry = folder->entry(slot);
  ParentFolder parent;
  if (before != nullptr && before->type == NodeType::dir) {
    parent.subtree = before->subtree;
    parent.same_metadata = is_same_folder(*before, entry.node);
  }
  return std::make_shared<Folder>(folder, slot, folder->directory().open_directory(entry), parent);
}

void scan_folder(BackupState& state,
                 const std::shared_ptr<Folder>& folder,
                 BlobScratch& scratch,
                 const StopToken& stop) {
  if (const auto stream = folder->directory().open_stream(state.errors)) {
    save_stream(state, folder, *stream, scratch, stop);
    return;
  }
  try {
    folder->set_entries(folder->directory().read(state.errors));
  } catch (const Error& error) {
    // The root's failure is the source's; a folder's below is an item's, and the folder is left
    // out, as restic does.
    if (!folder->above()) throw;
    const SourceEntry& entry = folder->above()->entry(folder->slot_above());
    state.errors.report({ItemError::Kind::unreadable, entry.path, error.message()});
    leave_out_entry(state, folder->above(), folder->slot_above(), scratch);
    return;
  }
  ParentNodes parent(state.parents.load(folder->parent().subtree, stop));
  std::vector<std::shared_ptr<Folder>> subfolders;
  std::vector<FileJob> streams;
  ReadList to_read(state, stop);
  for (std::size_t slot = 0; slot < folder->entries().size(); ++slot) {
    Node& node = folder->entry(slot).node;
    Node* before = parent.find(node.name);
    if (node.type == NodeType::dir) {
      subfolders.push_back(open_subfolder(folder, slot, before));
    } else if (folder->entry(slot).content == SourceEntry::Content::stream) {
      const bool existed = before != nullptr && before->type == NodeType::file;
      streams.push_back({folder, &folder->entry(slot), slot, existed, nullptr});
    } else if (node.type == NodeType::file) {
      scan_file(state, folder, slot, before, to_read, scratch);
    } else {
      finish_entry(state, folder, scratch);
    }
  }
  scan_streams(state, std::move(streams), to_read);
  to_read.pass_on();
  // The first subfolder ends up on top, so that the walk follows the order of names.
  for (auto subfolder = subfolders.rbegin(); subfolder != subfolders.rend(); ++subfolder) {
    state.folders.push(std::move(*subfolder));
  }
  if (folder->release_scan()) complete_folder(state, folder, scratch);
}

}  // namespace

void scan_folders(BackupState& state, const StopToken& stop) {
  BlobScratch scratch(state.plan.blobs.compression);
  while (auto folder = state.folders.pop(stop)) {
    throw_if_stopped(stop);
    scan_folder(state, folder, scratch, stop);
  }
}

}  // namespace hikae
