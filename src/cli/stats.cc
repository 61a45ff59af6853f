// SPDX-License-Identifier: Apache-2.0
#include "cli/stats.h"

#include <set>
#include <unordered_map>
#include <unordered_set>

#include "concurrency/guarded.h"
#include "crypto/cipher.h"
#include "crypto/hash.h"
#include "repository/tree_walk.h"

namespace hikae::cli {
namespace {

using format::BlobType;

double share(std::uint64_t part, std::uint64_t whole) {
  return whole == 0 ? 0 : static_cast<double>(part) / static_cast<double>(whole);
}

Digest content_of(const format::Node& node) {
  Sha256 hash;
  for (const BlobId& blob : node.content) hash.update(blob.bytes);
  return hash.finish();
}

// Walks each snapshot's whole tree in order, since the same tree counts once for each path.
class FileCounter {
 public:
  FileCounter(Repository& repository,
              const Index& index,
              const std::string& mode,
              const StopToken& stop)
      : repository_(repository), index_(index), mode_(mode), stop_(stop) {}

  Stats run(const std::vector<SnapshotRecord>& records) {
    for (const SnapshotRecord& record : records) {
      links_.clear();
      walk(record.snapshot.tree, "");
    }
    return stats_;
  }

 private:
  void walk(const BlobId& tree, const std::string& folder) {
    throw_if_stopped(stop_);
    const Bytes json = repository_.load_blob(index_, BlobType::tree, tree, stop_);
    for (const format::Node& node : format::decode_tree(json)) {
      const std::string path = folder + "/" + node.name;
      if (mode_ == "restore-size") {
        count_restored(node);
      } else if (contents_.insert(content_of(node)).second) {
        count_content(node, path);
      }
      if (node.subtree) walk(*node.subtree, path);
    }
  }

  // A file with several names is restored once.
  void count_restored(const format::Node& node) {
    ++stats_.files;
    const bool alone = node.links <= 1 || node.type == format::NodeType::dir;
    if (alone || node.inode == 0 || links_.insert({node.device_id, node.inode}).second)
      stats_.size += node.size;
  }

  void count_content(const format::Node& node, const std::string& path) {
    if (mode_ == "files-by-contents") {
      ++stats_.files;
      stats_.size += node.size;
      return;
    }
    for (const BlobId& blob : node.content) {
      const auto [file, is_new] = blobs_of_.try_emplace(path);
      if (is_new) ++stats_.files;
      if (!file->second.insert(blob).second) continue;
      ++stats_.blobs;
      stats_.size += plain_size(blob);
    }
  }

  std::uint64_t plain_size(const BlobId& id) const {
    const auto place = index_.find(BlobType::data, id);
    if (!place) throw Error(ErrorCode::corrupt, text("cli_cat.no_blob", {{"blob", id.hex()}}));
    const format::PackedBlob& blob = place->blob;
    return blob.is_compressed() ? blob.uncompressed_length : blob.length - Cipher::kOverhead;
  }

  Repository& repository_;
  const Index& index_;
  const std::string& mode_;
  const StopToken& stop_;
  Stats stats_;
  std::set<std::pair<std::uint64_t, std::uint64_t>> links_;
  std::unordered_set<Digest> contents_;
  std::unordered_map<std::string, std::unordered_set<BlobId>> blobs_of_;
};

// Every blob that the snapshots need, once.
class RawCounter {
 public:
  RawCounter(Repository& repository, const Index& index)
      : repository_(repository), index_(index), seen_(std::vector<char>(index.blob_count())) {}

  Stats run(const std::vector<BlobId>& roots, const StopToken& stop) {
    TreeWalkHooks hooks;
    hooks.visit = [this](const BlobId& tree, const std::vector<format::Node>& nodes) {
      auto seen = seen_.lock();
      add(*seen, BlobType::tree, tree);
      for (const format::Node& node : nodes) {
        for (const BlobId& blob : node.content) add(*seen, BlobType::data, blob);
      }
    };
    walk_trees(repository_, index_, roots, hooks, stop);
    return stats_;
  }

 private:
  void add(std::vector<char>& seen, BlobType type, const BlobId& id) {
    const auto number = index_.position(type, id);
    if (!number) throw Error(ErrorCode::corrupt, text("cli_cat.no_blob", {{"blob", id.hex()}}));
    if (seen[*number] != 0) return;
    seen[*number] = 1;
    const format::PackedBlob blob = index_.at(*number).blob;
    ++stats_.blobs;
    stats_.size += blob.length;
    if (repository_.config().version < 2) return;
    const std::uint64_t before =
        blob.is_compressed() ? blob.uncompressed_length + Cipher::kOverhead : blob.length;
    stats_.uncompressed_size += before;
    if (!blob.is_compressed()) return;
    stats_.compressed += blob.length;
    stats_.compressed_from += before;
  }

  Repository& repository_;
  const Index& index_;
  Guarded<std::vector<char>> seen_;
  Stats stats_;  // guarded by seen_
};

}  // namespace

double Stats::compression_ratio() const {
  return share(compressed_from, compressed);
}
double Stats::compression_progress() const {
  return 100 * share(compressed_from, uncompressed_size);
}
double Stats::compression_space_saving() const {
  return uncompressed_size == 0 ? 0 : 100 * (1 - share(size, uncompressed_size));
}

Stats compute_stats(Repository& repository,
                    const Index& index,
                    const std::vector<SnapshotRecord>& records,
                    const std::string& mode,
                    const StopToken& stop) {
  Stats stats;
  if (mode == "raw-data") {
    std::vector<BlobId> roots;
    roots.reserve(records.size());
    for (const SnapshotRecord& record : records) roots.push_back(record.snapshot.tree);
    stats = RawCounter(repository, index).run(roots, stop);
  } else {
    stats = FileCounter(repository, index, mode, stop).run(records);
  }
  stats.snapshots = records.size();
  return stats;
}

}  // namespace hikae::cli
