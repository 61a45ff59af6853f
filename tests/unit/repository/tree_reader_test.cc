// SPDX-License-Identifier: Apache-2.0
#include "repository/tree_reader.h"

#include <atomic>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "repository/blob_writer.h"
#include "repository/tree_walk.h"
#include "storage/forward.h"
#include "support/memory_repository.h"

namespace hikae::testing {
namespace {

constexpr std::size_t kFolders = 300;

// Far away: counts what is asked of it, and says that a request is dear.
class FarBackend final : public ForwardingBackend {
 public:
  using ForwardingBackend::ForwardingBackend;
  std::size_t read_ahead() const override { return kReadAhead; }
  void load_range(const FileHandle& file,
                  std::uint64_t offset,
                  MutableByteView out,
                  const StopToken& stop) override {
    ++requests;
    ForwardingBackend::load_range(file, offset, out, stop);
  }
  std::atomic<std::size_t> requests{0};
};

class TreeReaderTest : public ::testing::Test {
 protected:
  TreeReaderTest()
      : repository_(std::nullopt, [this](std::unique_ptr<Backend> inner) {
          auto far = std::make_unique<FarBackend>(std::move(inner));
          far_ = far.get();
          return far;
        }) {
    const Index empty;
    BlobWriter writer({{repository_.get(), &empty}}, {}, repository_.clock(), StopToken());
    BlobScratch scratch(Compression::automatic);
    format::TreeEncoder root;
    for (std::size_t number = 0; number < kFolders; ++number) {
      format::TreeEncoder folder;
      format::Node file;
      file.name = "file-" + std::to_string(number);
      folder.add(file);
      format::Node node;
      node.name = "folder-" + std::to_string(1000 + number);
      node.type = format::NodeType::dir;
      node.subtree = writer.save(format::BlobType::tree, as_bytes(folder.finish()), scratch).id;
      trees_.push_back(*node.subtree);
      root.add(node);
    }
    root_ = writer.save(format::BlobType::tree, as_bytes(root.finish()), scratch).id;
    writer.finish();
    index_ = repository_->load_index(StopToken());
    far_->requests = 0;
  }

  // What a walk from the root found, by the way it found it.
  std::size_t walk() {
    std::atomic<std::size_t> visited{0};
    TreeWalkHooks hooks;
    hooks.visit = [&](const BlobId&, const std::vector<format::Node>&) { ++visited; };
    hooks.failed = [&](const BlobId& tree, const Error&) { failed_.push_back(tree); };
    walk_trees(*repository_, index_, {root_}, hooks, StopToken());
    return visited;
  }

  void spoil(const BlobId& tree) {
    const auto place = *index_.find(format::BlobType::tree, tree);
    const FileHandle pack{FileType::pack, place.pack.hex()};
    Bytes content = repository_.store().load(pack, StopToken());
    content[place.blob.offset + place.blob.length / 2] ^= 1U;
    replace(pack, content);
  }
  void replace(const FileHandle& file, const Bytes& content) {
    repository_.store().remove(file, StopToken());
    repository_.store().save(file, content, StopToken());
  }

  FarBackend* far_ = nullptr;
  MemoryRepository repository_;
  std::vector<BlobId> trees_;
  BlobId root_;
  Index index_;
  std::vector<BlobId> failed_;
};

TEST_F(TreeReaderTest, AWalkFarAwayTakesAFewRequests) {
  EXPECT_EQ(walk(), kFolders + 1);
  EXPECT_THAT(failed_, ::testing::IsEmpty());
  // One for what they lie in, and at most one more for each thread that came before it was there.
  EXPECT_LE(far_->requests, 16U);
}

TEST_F(TreeReaderTest, ADamagedTreeIsNamedAndItsNeighboursAreRead) {
  spoil(trees_[7]);
  EXPECT_EQ(walk(), kFolders);
  EXPECT_THAT(failed_, ::testing::ElementsAre(trees_[7]));
}

TEST_F(TreeReaderTest, APackThatIsCutOffLosesOnlyWhatIsGone) {
  const auto place = *index_.find(format::BlobType::tree, trees_[100]);
  const FileHandle pack{FileType::pack, place.pack.hex()};
  Bytes content = repository_.store().load(pack, StopToken());
  content.resize(place.blob.offset);
  replace(pack, content);
  TreeReader reader(*repository_, index_);
  BlobBuffers buffers;
  for (std::size_t number = 0; number < kFolders; ++number) {
    if (number < 100) {
      EXPECT_FALSE(reader.load(trees_[number], buffers, StopToken()).empty()) << number;
    } else {
      EXPECT_THROW(reader.load(trees_[number], buffers, StopToken()), Error) << number;
    }
  }
}

TEST_F(TreeReaderTest, ALaterWalkSeesWhatHappenedSince) {
  EXPECT_EQ(walk(), kFolders + 1);
  spoil(trees_[0]);
  EXPECT_EQ(walk(), kFolders);
  EXPECT_THAT(failed_, ::testing::ElementsAre(trees_[0]));
}

TEST_F(TreeReaderTest, AFailureOfTheWayIsNoDamage) {
  Fault fault;
  fault.call = Call::load_range;
  fault.code = ErrorCode::timeout;
  repository_.faults().add(fault);
  TreeReader reader(*repository_, index_);
  BlobBuffers buffers;
  try {
    reader.load(trees_[1], buffers, StopToken());
    FAIL() << "it was read";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::timeout);
  }
  // Nothing of it stays behind.
  repository_.faults().clear();
  EXPECT_FALSE(reader.load(trees_[1], buffers, StopToken()).empty());
}

}  // namespace
}  // namespace hikae::testing
