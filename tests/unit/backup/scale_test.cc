// SPDX-License-Identifier: Apache-2.0
// Large files, deep and wide trees, and stopping in the middle of them.
#include <atomic>

#include "chunker/chunker.h"
#include "crypto/hash.h"
#include "support.h"

namespace hikae::testing {
namespace {

using ScaleTest = BackupTest;

TEST_F(ScaleTest, ChunksOfALargeFileKeepTheirOrder) {
  kit.plan.workers = 8;
  kit.plan.blobs.pack_size = 1 << 20;
  kit.plan.blobs.compression = Compression::off;
  source.file("large", random_text(20 << 20, 1)).most_per_read = 300'001;
  source.file("repeats", std::string(18 << 20, 'r'));
  source.file("another", random_text(9 << 20, 2));

  const BackupReport report = back_up();

  EXPECT_TRUE(contents(destinations.first, report) == source.contents());
  Repository& repository = destinations.first.repository();
  const auto node =
      find_node(repository, repository.load_index(StopToken()), report.tree, "/large", StopToken());
  EXPECT_GE(node->content.size(), 3);
}

TEST_F(ScaleTest, SizesAroundTheChunkLimits) {
  for (const std::size_t limit : {kMinChunkSize, kMaxChunkSize}) {
    for (const int off : {-1, 0, 1}) {
      const std::size_t size = limit + static_cast<std::size_t>(off);
      // Zeroes are cut at the smallest size, noise hardly ever before the largest.
      source.file("zeroes-" + std::to_string(size), std::string(size, '\0'));
      source.file("noise-" + std::to_string(size), random_text(size, size));
    }
  }

  const BackupReport report = back_up();

  EXPECT_TRUE(contents(destinations.first, report) == source.contents());
}

// Runs of zeroes take a short cut, which must lead to the same chunks.
TEST_F(ScaleTest, ZeroesAreCutAsTheDefinitionCutsThem) {
  const std::size_t zeroes = 5 * kMinChunkSize;
  const std::string noise = random_text(kMinChunkSize + 1000, 1);
  const std::map<std::string, std::string> files{
      {"all", std::string(zeroes, '\0')},
      {"one-more", std::string(zeroes + 1, '\0')},
      {"begin", std::string(zeroes + 17, '\0') + noise},
      {"end", noise + std::string(zeroes + 17, '\0')},
      {"middle", noise + std::string(2 * kMaxChunkSize + 5, '\0') + noise},
      {"nearly", std::string(kMinChunkSize - 1, '\0') + "x" + std::string(zeroes, '\0')},
  };
  for (const auto& [name, content] : files) source.file(name, content).most_per_read = 700'001;

  const BackupReport report = back_up();

  Repository& repository = destinations.first.repository();
  const Index index = repository.load_index(StopToken());
  const ChunkerTables tables(repository.config().chunker_polynomial);
  for (const auto& [name, content] : files) {
    std::vector<BlobId> expected;
    for (ByteView rest = as_bytes(content); !rest.empty();) {
      const std::size_t cut =
          tables.next_cut_reference(rest.first(std::min(rest.size(), kMaxChunkSize)));
      expected.push_back(BlobId{sha256(rest.first(cut)).bytes});
      rest = rest.subspan(cut);
    }
    const auto node = find_node(repository, index, report.tree, "/" + name, StopToken());
    EXPECT_EQ(node->content, expected) << name;
  }
  EXPECT_TRUE(contents(destinations.first, report) == source.contents());
}

TEST_F(ScaleTest, TwoThousandLevels) {
  std::string path = "d";
  for (int level = 1; level < 2000; ++level) path += "/d";
  source.file(path + "/bottom", "bottom");

  const BackupReport report = back_up();
  const BackupReport again = back_up();

  EXPECT_EQ(report.summary.dirs_new, 2000);
  EXPECT_EQ(again.summary.dirs_unmodified, 2000);
  EXPECT_EQ(again.tree, report.tree);
  EXPECT_EQ(contents(destinations.first, report), source.contents());
}

TEST_F(ScaleTest, AFolderOfTwentyThousandFiles) {
  for (int i = 0; i < 20'000; ++i) {
    const std::string number = std::to_string(i);
    source.file("wide/" + number, number);
  }

  const BackupReport report = back_up();
  opened();
  source.file("wide/777").write("changed");
  const BackupReport again = back_up();

  EXPECT_EQ(report.summary.files_new, 20'000);
  EXPECT_EQ(opened(), std::vector<std::string>{"wide/777"});
  EXPECT_EQ(again.summary.files_unmodified, 19'999);
  EXPECT_EQ(again.summary.files_changed, 1);
  EXPECT_EQ(contents(destinations.first, again), source.contents());
}

class CancelTest : public BackupTest, public ::testing::WithParamInterface<int> {};

TEST_P(CancelTest, LeavesNoSnapshot) {
  std::stop_source stop;
  kit.stop = stop.get_token();
  std::atomic<int> reads{0};
  for (unsigned i = 0; i < 100; ++i) {
    ScriptedItem& file =
        source.file(std::to_string(i % 7) + "/" + std::to_string(i), random_text(5'000, i));
    file.during_read = [&](ScriptedItem&) {
      if (++reads == GetParam()) stop.request_stop();
    };
  }

  EXPECT_THROW(back_up({&destinations.first, &destinations.second}), Cancelled);

  EXPECT_FALSE(has_snapshot(destinations.first));
  EXPECT_FALSE(has_snapshot(destinations.second));

  kit.stop = StopToken();
  const BackupReport report = back_up({&destinations.first, &destinations.second});
  EXPECT_EQ(contents(destinations.first, report), source.contents());
}

INSTANTIATE_TEST_SUITE_P(Reads, CancelTest, ::testing::Values(1, 30, 99));

TEST_F(ScaleTest, CancelledWhileALargeFileIsRead) {
  std::stop_source stop;
  kit.stop = stop.get_token();
  ScriptedItem& large = source.file("large", random_text(30 << 20, 1));
  large.most_per_read = 1 << 20;
  large.during_read = [&](ScriptedItem&) { stop.request_stop(); };

  EXPECT_THROW(back_up(), Cancelled);

  EXPECT_FALSE(has_snapshot(destinations.first));
}

TEST_F(ScaleTest, StoppedBeforeItBegins) {
  std::stop_source stop;
  stop.request_stop();
  kit.plan.workers = 1;
  source.file("file", "content");
  Index index = destinations.first.repository().load_index(StopToken());
  BackupTarget target;
  target.repository = &destinations.first.repository();
  target.index = &index;

  EXPECT_THROW(
      run_backup(
          source, {target}, kit.plan, SystemClock(), kit.progress, kit.log, stop.get_token()),
      Cancelled);

  EXPECT_FALSE(has_snapshot(destinations.first));
}

}  // namespace
}  // namespace hikae::testing
