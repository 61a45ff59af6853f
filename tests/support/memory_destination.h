// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "format/node.h"
#include "repository/lock.h"
#include "repository/repository.h"
#include "storage/fault.h"
#include "storage/memory.h"
#include "support/test_password.h"

namespace hikae::testing {

inline constexpr FileType kAllFileTypes[] = {FileType::config,
                                             FileType::key,
                                             FileType::lock,
                                             FileType::snapshot,
                                             FileType::index,
                                             FileType::pack,
                                             FileType::policy,
                                             FileType::evidence,
                                             FileType::forgotten};

// Every file of a repository.
using RepositoryFiles = std::map<std::pair<FileType, std::string>, Bytes>;

// A repository in memory whose calls can be made to fail, and which can be taken back to an earlier
// state, so that tests of many cases need only one key derivation.
class MemoryDestination {
 public:
  explicit MemoryDestination(const std::optional<Repository::Shared>& shared = std::nullopt) {
    auto backend = std::make_unique<MemoryBackend>();
    files_ = backend->reopen(AccessMode::read_write);
    auto fault = std::make_unique<FaultBackend>(std::move(backend));
    fault_ = fault.get();
    repository_ = Repository::create(
        std::move(fault), test_password(), Identity(), shared, SystemClock(), StopToken());
    fresh_ = save_state();
  }

  Repository& repository() { return *repository_; }
  FaultBackend& fault() { return *fault_; }
  // The same files, past the faults.
  MemoryBackend& files() { return *files_; }
  Repository::Shared shared() const {
    return {repository_->cipher().key(), repository_->config().chunker_polynomial};
  }

  RepositoryFiles save_state() {
    RepositoryFiles state;
    for (const FileType type : kAllFileTypes) {
      for (const std::string& name : names(type))
        state[{type, name}] = files_->load({type, name}, StopToken());
    }
    return state;
  }
  // Faults are cleared too.
  void restore_state(const RepositoryFiles& state) {
    fault_->clear();
    for (const FileType type : kAllFileTypes) {
      for (const std::string& name : names(type)) files_->remove({type, name}, StopToken());
    }
    for (const auto& [file, content] : state)
      files_->save({file.first, file.second}, content, StopToken());
  }
  // As it was made.
  void reset() { restore_state(fresh_); }

  std::vector<std::string> names(FileType type) {
    std::vector<std::string> result;
    files_->list(
        type, [&](const FileInfo& file) { result.push_back(file.name); }, StopToken());
    return result;
  }
  std::uint64_t bytes(FileType type) {
    std::uint64_t sum = 0;
    files_->list(
        type, [&](const FileInfo& file) { sum += file.size; }, StopToken());
    return sum;
  }
  void replace(FileType type, const std::string& name, const Bytes& content) {
    files_->remove({type, name}, StopToken());
    files_->save({type, name}, content, StopToken());
  }

 private:
  std::unique_ptr<MemoryBackend> files_;
  FaultBackend* fault_ = nullptr;  // owned by the repository
  std::unique_ptr<Repository> repository_;
  RepositoryFiles fresh_;
};

// Three repositories for a whole test program, empty again on each call: two with one key, one with
// another.
struct MemoryDestinations {
  MemoryDestination first;
  MemoryDestination second{first.shared()};
  MemoryDestination separate;

  static MemoryDestinations& fresh() {
    static MemoryDestinations destinations;
    destinations.first.reset();
    destinations.second.reset();
    destinations.separate.reset();
    return destinations;
  }
};

// The content of each file of a snapshot by path ("a/b"). Every blob is read and verified; throws
// Error when one is missing or damaged.
inline std::map<std::string, std::string> read_contents(Repository& repository,
                                                        const Index& index,
                                                        const BlobId& tree) {
  std::map<std::string, std::string> contents;
  std::vector<std::pair<std::string, BlobId>> waiting{{"", tree}};
  while (!waiting.empty()) {
    const auto [folder, id] = waiting.back();
    waiting.pop_back();
    for (const format::Node& node : format::decode_tree(
             repository.load_blob(index, format::BlobType::tree, id, StopToken()))) {
      const std::string path = folder + node.name;
      if (node.subtree) waiting.emplace_back(path + "/", *node.subtree);
      if (node.type != format::NodeType::file) continue;
      std::string& content = contents[path];
      for (const BlobId& blob : node.content)
        content += as_text(repository.load_blob(index, format::BlobType::data, blob, StopToken()));
    }
  }
  return contents;
}
inline std::map<std::string, std::string> read_contents(Repository& repository,
                                                        const BlobId& tree) {
  return read_contents(repository, repository.load_index(StopToken()), tree);
}

// read_contents() of every snapshot, by its id.
inline std::map<SnapshotId, std::map<std::string, std::string>> read_snapshots(
    Repository& repository) {
  NullLog log;
  const Index index = repository.load_index(StopToken());
  std::map<SnapshotId, std::map<std::string, std::string>> result;
  for (const SnapshotRecord& record : repository.load_snapshots(log, StopToken()))
    result[record.id] = read_contents(repository, index, record.snapshot.tree);
  return result;
}

// The clock outlives the lock.
inline std::unique_ptr<RepositoryLock> lock_exclusively(Repository& repository,
                                                        const Clock& clock) {
  static NullLog log;  // outlives the lock
  LockOptions options;
  options.settle = std::chrono::milliseconds(0);
  return RepositoryLock::acquire(
      repository, LockMode::exclusive, Identity(), clock, options, log, StopToken());
}

}  // namespace hikae::testing
