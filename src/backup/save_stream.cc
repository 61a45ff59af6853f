// SPDX-License-Identifier: Apache-2.0
#include <map>

#include "backup/file_reader.h"
#include "backup/stages.h"

namespace hikae {
namespace {

using format::Node;
using format::NodeType;

// The folders of one stream that may still bring something. Memory: their nodes; of a folder that
// is complete nothing stays but its tree's id.
class StreamSaver {
 public:
  StreamSaver(BackupState& state,
              const std::shared_ptr<Folder>& root,
              SourceStream& stream,
              BlobScratch& scratch,
              const StopToken& stop)
      : state_(state),
        stream_(stream),
        scratch_(scratch),
        stop_(stop),
        reader_(state, scratch),
        expected_(stream.expected_bytes()) {
    root->set_parent_nodes(state.parents.load(root->parent().subtree, stop));
    open_.emplace("", root);
    state_.progress.bytes_found += expected_;
  }

  void save_all() {
    while (std::optional<StreamedItem> item = stream_.next()) {
      throw_if_stopped(stop_);
      if (item->entry) {
        add(*item);
      } else {
        close(item->folder);
      }
    }
    // Deepest first: in the order of names what is below a folder stands behind it.
    while (!open_.empty()) {
      const std::shared_ptr<Folder> folder = open_.rbegin()->second;
      open_.erase(std::prev(open_.end()));
      release(folder);
    }
  }

 private:
  [[noreturn]] static void reject(const std::string& path) {
    throw Error(ErrorCode::corrupt, text("backup.stream_out_of_order", {{"path", path}}));
  }

  void add(StreamedItem& item) {
    const auto found = open_.find(item.folder);
    if (found == open_.end()) reject(item.entry->path);
    const std::shared_ptr<Folder> folder = found->second;
    SourceEntry& entry = folder->add_entry(std::move(*item.entry));
    const Node* before = folder->find_parent_node(entry.node.name);
    if (entry.node.type == NodeType::dir) {
      open(item.folder, folder, entry, before);
    } else if (entry.node.type == NodeType::file) {
      save({folder, &entry, 0, before != nullptr && before->type == NodeType::file, before},
           *item.content);
    } else {
      finish_entry(state_, folder, scratch_);
    }
  }

  void open(const std::string& above_path,
            const std::shared_ptr<Folder>& above,
            SourceEntry& entry,
            const Node* before) {
    ParentFolder parent;
    if (before != nullptr && before->type == NodeType::dir) {
      parent.subtree = before->subtree;
      parent.same_metadata = is_same_folder(*before, entry.node);
    }
    const std::string path =
        above_path.empty() ? entry.node.name : above_path + "/" + entry.node.name;
    const auto folder = std::make_shared<Folder>(above, entry, parent);
    folder->set_parent_nodes(state_.parents.load(parent.subtree, stop_));
    if (!open_.emplace(path, folder).second) reject(entry.path);
  }

  void save(const FileJob& job, SourceFile& content) {
    const auto file = std::make_shared<FileInProgress>();
    file->job = job;
    file->node = job.entry->node;
    announce(file->node.size);
    const std::uint64_t size = reader_.read(content, file->node.size, file, stop_);
    if (reader_.failure()) throw Error(*reader_.failure());
    file->node = content.stat();
    if (size != file->node.size) reject(job.entry->path);
    release_hold(state_, *file, scratch_);
  }

  // What comes beyond the expected bytes is found only now.
  void announce(std::uint64_t size) {
    ++state_.progress.files_found;
    const std::uint64_t covered = std::min(expected_, size);
    expected_ -= covered;
    state_.progress.bytes_found += size - covered;
  }

  void close(const std::string& path) {
    const auto found = open_.find(path);
    if (path.empty() || found == open_.end()) reject(path);
    const auto below = open_.lower_bound(path + "/");
    if (below != open_.end() && below->first.starts_with(path + "/")) reject(path);
    const std::shared_ptr<Folder> folder = found->second;
    open_.erase(found);
    release(folder);
  }

  void release(const std::shared_ptr<Folder>& folder) {
    if (folder->release_scan()) complete_folder(state_, folder, scratch_);
  }

  BackupState& state_;
  SourceStream& stream_;
  BlobScratch& scratch_;
  const StopToken& stop_;
  FileReader reader_;
  std::uint64_t expected_;  // bytes that were announced and have not come yet
  std::map<std::string, std::shared_ptr<Folder>> open_;  // by path
};

}  // namespace

void save_stream(BackupState& state,
                 const std::shared_ptr<Folder>& folder,
                 SourceStream& stream,
                 BlobScratch& scratch,
                 const StopToken& stop) {
  StreamSaver(state, folder, stream, scratch, stop).save_all();
}

}  // namespace hikae
