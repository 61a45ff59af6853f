// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "format/node.h"
#include "repository/blob_writer.h"
#include "repository/repository.h"
#include "restore/pipeline.h"
#include "storage/memory.h"
#include "support/test_password.h"

namespace hikae::testing {

inline constexpr std::int64_t kSomeTime = 1'500'000'000;

// A repository in memory that tests fill with trees made by hand, however odd. Making one costs a
// key derivation, so a test program shares one; what a test stores does not disturb the others.
class HandMade {
 public:
  HandMade() : HandMade(Compression::automatic) {}
  explicit HandMade(Compression compression) : compression_(compression), repository_(shared()) {
    options_.compression = compression;
    // Nothing counts as stored already, so that each test has its own copies.
    writer_ = std::make_unique<BlobWriter>(
        std::vector<BlobTarget>{{&repository_, &nothing_}}, options_, clock_, StopToken{});
  }

  // Content is cut after each `blob_size` bytes.
  format::Node file(const std::string& name,
                    const std::string& content,
                    std::size_t blob_size = 1'000'000) {
    format::Node node = plain(name, format::NodeType::file, 0644);
    node.size = content.size();
    node.links = 1;
    for (std::size_t at = 0; at < content.size(); at += blob_size) {
      node.content.push_back(save(format::BlobType::data, content.substr(at, blob_size)));
    }
    return node;
  }
  format::Node folder(const std::string& name, std::vector<format::Node> entries) {
    format::Node node = plain(name, format::NodeType::dir, 0755);
    node.mode |= format::kModeDir;
    node.subtree = tree(std::move(entries));
    return node;
  }
  static format::Node symlink(const std::string& name, const std::string& target) {
    format::Node node = plain(name, format::NodeType::symlink, 0777);
    node.mode |= format::kModeSymlink;
    node.link_target = target;
    return node;
  }
  static format::Node plain(const std::string& name, format::NodeType type, std::uint32_t mode) {
    format::Node node;
    node.name = name;
    node.type = type;
    node.mode = mode;
    node.uid = geteuid();
    node.gid = getegid();
    node.mtime = {kSomeTime, 123456789, 0};
    node.atime = {kSomeTime + 1, 987654321, 0};
    return node;
  }

  // The entries may come in any order.
  BlobId tree(std::vector<format::Node> entries) {
    std::sort(entries.begin(), entries.end(), [](const auto& a, const auto& b) {
      return a.name < b.name;
    });
    format::TreeEncoder encoder;
    for (const format::Node& node : entries) encoder.add(node);
    return raw_tree(encoder.finish());
  }
  // A tree that the encoder would not write.
  BlobId raw_tree(const std::string& json) { return save(format::BlobType::tree, json); }

  BlobId save(format::BlobType type, const std::string& content) {
    return writer_->save(type, as_bytes(content), scratch_).id;
  }

  // What was saved so far becomes readable.
  const Index& commit() {
    if (writer_) {
      writer_->finish();
      writer_.reset();
      index_ = repository_.load_index(StopToken{});
    }
    return index_;
  }
  Repository& repository() { return repository_; }
  Index& index() { return index_; }

  RestoreReport restore(const BlobId& root,
                        const RestoreOptions& options,
                        const StopToken& stop = {}) {
    commit();
    RestoreProgress progress;
    NullLog log;
    return run_restore(repository_, index_, root, options, progress, log, stop);
  }

 private:
  static Repository& shared() {
    static const std::unique_ptr<Repository> kRepository = Repository::create(
        std::make_unique<MemoryBackend>(), test_password(), {}, std::nullopt, SystemClock(), {});
    return *kRepository;
  }

  SystemClock clock_;
  Compression compression_;
  BlobWriterOptions options_;
  Index nothing_;
  Repository& repository_;
  std::unique_ptr<BlobWriter> writer_;
  BlobScratch scratch_{compression_};
  Index index_;
};

inline RestoreOptions to(const std::string& target) {
  RestoreOptions options;
  options.target = target;
  options.workers = 3;
  return options;
}

// Deterministic and not compressible.
inline std::string noise(std::size_t size, std::uint32_t seed) {
  std::string text(size, '\0');
  std::uint64_t state = seed * 2654435761ULL + 88172645463325252ULL;
  for (char& byte : text) {
    state ^= state << 13U;
    state ^= state >> 7U;
    state ^= state << 17U;
    byte = static_cast<char>(state >> 32U);
  }
  return text;
}

}  // namespace hikae::testing
