// SPDX-License-Identifier: Apache-2.0
// Files and folders that cannot be read, or not in one state.
#include "support.h"

namespace hikae::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::StartsWith;
using ::testing::UnorderedElementsAre;

class ItemsTest : public BackupTest {
 protected:
  ItemsTest() {
    kit.plan.unreadable_tag_prefix = "unreadable=";
    source.file("a/good", "good");
    source.file("z", "last");
  }

  static std::vector<std::string> paths(const BackupReport& report, ItemError::Kind kind) {
    std::vector<std::string> result;
    for (const ItemError& error : report.item_errors) {
      if (error.kind == kind) result.push_back(error.path);
    }
    return result;
  }
  std::map<std::string, std::string> contents_without(const std::vector<std::string>& prefixes) {
    auto expected = source.contents();
    for (auto item = expected.begin(); item != expected.end();) {
      const bool gone = std::any_of(prefixes.begin(), prefixes.end(), [&](const auto& prefix) {
        return item->first.starts_with(prefix);
      });
      item = gone ? expected.erase(item) : std::next(item);
    }
    return expected;
  }
};

TEST_F(ItemsTest, LeavesOutAndReportsAFileThatCannotBeOpened) {
  source.file("a/secret", "secret").open_failure = unreadable_error();

  const BackupReport report = back_up();

  EXPECT_THAT(paths(report, ItemError::Kind::unreadable), ElementsAre("a/secret"));
  EXPECT_EQ(report.item_error_count, 1);
  EXPECT_EQ(report.changed_count, 0);
  EXPECT_EQ(report.destinations[0].state, State::sealed);
  EXPECT_THAT(report.snapshot.tags, ElementsAre("unreadable=1"));
  EXPECT_EQ(contents(destinations.first, report), contents_without({"a/secret"}));
}

TEST_F(ItemsTest, LeavesOutAFileThatFailsInTheMiddle) {
  ScriptedItem& broken = source.file("a/broken", random_text(5 << 20, 1));
  broken.unreadable_from = 3 << 20;

  const BackupReport report = back_up();

  EXPECT_THAT(paths(report, ItemError::Kind::unreadable), ElementsAre("a/broken"));
  EXPECT_EQ(contents(destinations.first, report), contents_without({"a/broken"}));
}

TEST_F(ItemsTest, LeavesOutAFolderThatCannotBeListed) {
  source.file("a/closed/inside", "inside");
  source.folder("a/closed").open_failure = unreadable_error();

  const BackupReport report = back_up();

  EXPECT_THAT(paths(report, ItemError::Kind::unreadable), ElementsAre("a/closed"));
  EXPECT_EQ(contents(destinations.first, report), contents_without({"a/closed"}));
}

TEST_F(ItemsTest, SealsAFolderAllOfWhichIsUnreadable) {
  for (const char* path : {"locked/one", "locked/two", "locked/three"})
    source.file(path, "x").open_failure = unreadable_error();

  const BackupReport report = back_up();

  EXPECT_THAT(paths(report, ItemError::Kind::unreadable),
              UnorderedElementsAre("locked/one", "locked/two", "locked/three"));
  EXPECT_THAT(report.snapshot.tags, ElementsAre("unreadable=3"));
  EXPECT_EQ(contents(destinations.first, report), contents_without({"locked"}));
}

TEST_F(ItemsTest, CountsErrorsBeyondThoseItLists) {
  for (int i = 0; i < 1500; ++i)
    source.file("many/" + std::to_string(i), "x").open_failure = unreadable_error();

  const BackupReport report = back_up();

  EXPECT_EQ(report.item_errors.size(), 1000);
  EXPECT_EQ(report.item_error_count, 1500);
  EXPECT_THAT(report.snapshot.tags, ElementsAre("unreadable=1500"));
}

TEST_F(ItemsTest, ReadsAChangingFileAgainUntilItHoldsStill) {
  ScriptedItem& busy = source.file("busy", random_text(4 << 20, 1));
  busy.most_per_read = 1 << 20;
  unsigned changes = 0;
  busy.during_read = [&](ScriptedItem& item) {
    if (++changes <= 2) item.write(random_text(4 << 20, 10 + changes));
  };

  const BackupReport report = back_up();

  EXPECT_EQ(report.item_error_count, 0);
  EXPECT_EQ(opened(), (std::vector<std::string>{"a/good", "busy", "busy", "busy", "z"}));
  EXPECT_EQ(contents(destinations.first, report), source.contents());
}

TEST_F(ItemsTest, KeepsAndMarksAFileThatNeverHoldsStill) {
  ScriptedItem& busy = source.file("busy", std::string(100'000, 'a'));
  busy.most_per_read = 50'000;
  busy.during_read = [](ScriptedItem& item) { item.write(item.content + "more"); };

  const BackupReport report = back_up();

  EXPECT_EQ(opened(), (std::vector<std::string>{"a/good", "busy", "busy", "busy", "z"}));
  EXPECT_THAT(paths(report, ItemError::Kind::changed), ElementsAre("busy"));
  EXPECT_EQ(report.item_error_count, 1);
  EXPECT_EQ(report.changed_count, 1);
  // It is stored, so the snapshot lacks nothing.
  EXPECT_THAT(report.snapshot.tags, IsEmpty());
  EXPECT_THAT(contents(destinations.first, report)["busy"], StartsWith(std::string(100'000, 'a')));
}

TEST_F(ItemsTest, ReadsAFileThatKeptChangingAgainNextTime) {
  ScriptedItem& busy = source.file("busy", random_text(100'000, 1));
  busy.most_per_read = 50'000;
  unsigned seed = 1;
  // The half that was read already changes, so that what is stored is a mix.
  busy.during_read = [&](ScriptedItem& item) {
    item.write(random_text(50'000, ++seed) + item.content.substr(50'000));
  };
  const BackupReport torn = back_up();
  ASSERT_NE(contents(destinations.first, torn), source.contents());
  busy.during_read = nullptr;
  opened();

  const BackupReport report = back_up();

  EXPECT_THAT(opened(), ElementsAre("busy"));
  EXPECT_EQ(report.item_error_count, 0);
  EXPECT_EQ(contents(destinations.first, report), source.contents());
}

TEST_F(ItemsTest, StoresTheSizeThatWasRead) {
  ScriptedItem& growing = source.file("growing", "begin");
  growing.during_read = [](ScriptedItem& item) { item.write(item.content + " and more"); };

  const BackupReport report = back_up();

  Repository& repository = destinations.first.repository();
  const Index index = repository.load_index(StopToken());
  const auto node = find_node(repository, index, report.tree, "/growing", StopToken());
  ASSERT_TRUE(node);
  EXPECT_EQ(node->size, contents(destinations.first, report)["growing"].size());
}

TEST_F(ItemsTest, FailsWhenTheSourceCannotBeOpened) {
  source.root_failure = Error(ErrorCode::not_mounted, text("storage.injected"));

  EXPECT_THROW(back_up(), Error);

  EXPECT_FALSE(has_snapshot(destinations.first));
}

TEST_F(ItemsTest, FailsWhenTheRootCannotBeListed) {
  source.folder("").open_failure = unreadable_error();

  EXPECT_THROW(back_up(), Error);

  EXPECT_FALSE(has_snapshot(destinations.first));
}

}  // namespace
}  // namespace hikae::testing
