// SPDX-License-Identifier: Apache-2.0
#include "maintenance/lacking_files.h"

#include <algorithm>
#include <unordered_set>

#include "format/node.h"

namespace hikae {
namespace {

using format::BlobType;

class Lister {
 public:
  Lister(Repository& repository, const Index& index, std::size_t most, const StopToken& stop)
      : repository_(repository), index_(index), most_(most), stop_(stop) {}

  void list(const SnapshotRecord& record) {
    snapshot_ = record.id;
    std::vector<Pending> waiting{{record.snapshot.tree, ""}};
    while (!waiting.empty() && found_.size() < most_) {
      const Pending next = std::move(waiting.back());
      waiting.pop_back();
      visit(next, waiting);
    }
  }
  std::vector<LackingFile> take() { return std::move(found_); }

 private:
  struct Pending {
    BlobId tree;
    std::string path;
  };

  void visit(const Pending& folder, std::vector<Pending>& waiting) {
    throw_if_stopped(stop_);
    std::vector<format::Node> nodes;
    try {
      nodes =
          format::decode_tree(repository_.load_blob(index_, BlobType::tree, folder.tree, stop_));
    } catch (const Error&) {  // what it held is lost, and that is what is listed
      add(folder.path.empty() ? "/" : folder.path);
      return;
    }
    // A folder that lacks nothing itself need not be looked at again; those below are asked apart.
    bool is_whole = true;
    for (auto node = nodes.rbegin(); node != nodes.rend(); ++node) {
      const std::string path = folder.path + "/" + node->name;
      if (lacks_content(*node)) {
        is_whole = false;
        add(path);
      }
      if (!node->subtree || whole_.contains(*node->subtree)) continue;
      waiting.push_back({*node->subtree, path});
      is_whole = false;
    }
    if (is_whole) whole_.insert(folder.tree);
  }

  bool lacks_content(const format::Node& node) const {
    return std::any_of(node.content.begin(), node.content.end(), [&](const BlobId& id) {
      return !index_.has(BlobType::data, id);
    });
  }

  void add(const std::string& path) {
    if (found_.size() < most_) found_.push_back({snapshot_, path});
  }

  Repository& repository_;
  const Index& index_;
  const std::size_t most_;
  const StopToken& stop_;
  SnapshotId snapshot_;
  std::unordered_set<BlobId> whole_;  // without subfolders, and lacking nothing
  std::vector<LackingFile> found_;
};

}  // namespace

std::vector<LackingFile> list_lacking_files(Repository& repository,
                                            const Index& index,
                                            const std::vector<SnapshotRecord>& snapshots,
                                            std::size_t most,
                                            const StopToken& stop) {
  Lister lister(repository, index, most, stop);
  for (const SnapshotRecord& record : snapshots) lister.list(record);
  auto found = lister.take();
  std::sort(found.begin(), found.end(), [](const LackingFile& a, const LackingFile& b) {
    return a.path != b.path ? a.path < b.path : a.snapshot < b.snapshot;
  });
  return found;
}

}  // namespace hikae
