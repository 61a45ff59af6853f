// SPDX-License-Identifier: Apache-2.0
// A restore whose repository fails, at whatever moment, goes on with another one.
#include <filesystem>
#include <fstream>

#include <gmock/gmock.h>

#include "restore/pipeline.h"
#include "support/backup_kit.h"
#include "support/memory_destination.h"
#include "support/nasty_tree.h"
#include "support/scripted_source.h"
#include "support/temp_dir.h"

namespace hikae::testing {
namespace {

using ::testing::IsEmpty;

class FailoverTest : public ::testing::Test {
 protected:
  FailoverTest() {
    for (unsigned i = 0; i < 30; ++i)
      source.file("folder" + std::to_string(i % 3) + "/" + std::to_string(i),
                  random_text(9'000 + i, i));
    source.file("large", random_text(3'000'000, 100));
    kit.plan.blobs.pack_size = 256 * 1024;
    kit.repositories = {&first.repository(), &second.repository()};
    tree = kit.run(source).tree;
    index = first.repository().load_index(StopToken());
  }

  RestoreReport restore() {
    fallback = std::make_unique<FallbackBlobs>(
        std::vector<FallbackRepository>{{"second",
                                         [&](const StopToken&) {
                                           ++opened;
                                           if (fails_to_open)
                                             throw Error(ErrorCode::io, text("storage.injected"));
                                           return std::shared_ptr<Repository>(
                                               std::shared_ptr<void>(), &second.repository());
                                         }}},
        log);
    RestoreOptions options;
    options.target = folder.path() / ("out" + std::to_string(++runs));
    options.others = fallback.get();
    options.workers = 2;
    RestoreProgress progress;
    return run_restore(first.repository(), index, tree, options, progress, log, StopToken());
  }
  std::map<std::string, std::string> restored() const {
    namespace fs = std::filesystem;
    const fs::path base = folder.path() / ("out" + std::to_string(runs));
    std::map<std::string, std::string> contents;
    for (const auto& entry : fs::recursive_directory_iterator(base)) {
      if (!entry.is_regular_file()) continue;
      std::ifstream in(entry.path(), std::ios::binary);
      contents[fs::relative(entry.path(), base)] =
          std::string(std::istreambuf_iterator<char>(in), {});
    }
    return contents;
  }
  void expect_whole(const RestoreReport& report) {
    EXPECT_THAT(report.errors, IsEmpty());
    EXPECT_EQ(restored(), source.contents());
  }

  MemoryDestinations& destinations = MemoryDestinations::fresh();
  MemoryDestination& first = destinations.first;
  MemoryDestination& second = destinations.second;
  ScriptedSource source;
  BackupKit kit;
  TempDir folder;
  NullLog log;
  BlobId tree;
  Index index;
  std::unique_ptr<FallbackBlobs> fallback;
  bool fails_to_open = false;
  int opened = 0;
  int runs = 0;
};

TEST_F(FailoverTest, TheOtherOneIsNotEvenOpenedWhenNothingIsWrong) {
  expect_whole(restore());
  EXPECT_EQ(opened, 0);
}

TEST_F(FailoverTest, EachPackInTurnMissingOrDamaged) {
  const RepositoryFiles good = first.save_state();
  for (const std::string& name : first.names(FileType::pack)) {
    first.restore_state(good);
    first.files().remove({FileType::pack, name}, StopToken());
    expect_whole(restore());
    EXPECT_GT(fallback->uses()[0].blobs, 0);
    Bytes content = good.at({FileType::pack, name});
    for (std::size_t at = 20; at < content.size(); at += 1000) content[at] ^= 1U;
    first.files().save({FileType::pack, name}, content, StopToken());
    expect_whole(restore());
    EXPECT_GT(fallback->uses()[0].blobs, 0);
  }
}

TEST_F(FailoverTest, ADestinationThatGoesAwayMidwayIsAskedNoMore) {
  first.fault().add({Call::load_range,
                     FileType::pack,
                     6,
                     Fault::Effect::fail_before,
                     Fault::Lasting::from_then_on,
                     ErrorCode::timeout,
                     Retry::no});
  const std::size_t before = first.fault().count(Call::load_range);
  expect_whole(restore());
  EXPECT_GT(fallback->uses()[0].blobs, 10);
  // Each call may take long until it fails.
  EXPECT_LT(first.fault().count(Call::load_range) - before, 6 + 3 + 4);
  EXPECT_EQ(opened, 1);
}

TEST_F(FailoverTest, AnIndexThatKnowsNothing) {
  index = Index();
  expect_whole(restore());
  EXPECT_GT(fallback->uses()[0].bytes, 3'000'000);
}

TEST_F(FailoverTest, WhenNobodyGivesItTheItemsFail) {
  fails_to_open = true;
  first.fault().add({Call::load_range,
                     FileType::pack,
                     6,
                     Fault::Effect::fail_before,
                     Fault::Lasting::from_then_on,
                     ErrorCode::timeout,
                     Retry::no});
  const RestoreReport report = restore();
  EXPECT_FALSE(report.errors.empty());
  EXPECT_EQ(opened, 1);
}

}  // namespace
}  // namespace hikae::testing
