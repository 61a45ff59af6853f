// SPDX-License-Identifier: Apache-2.0
// Files that another program makes while they are read.
#include "support.h"

namespace hikae::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

class StreamFileTest : public BackupTest {
 protected:
  BackupReport back_up_streams() {
    kit.repositories = {&destinations.first.repository()};
    kit.plan.workers = 1;
    return kit.run(source);
  }
  ScriptedItem& stream(const std::string& path, std::string content) {
    ScriptedItem& item = source.file(path, std::move(content));
    item.is_stream = true;
    item.node.size = 0;
    return item;
  }
};

TEST_F(StreamFileTest, IsStoredOnceWithTheSizeThatItTurnsOutToHave) {
  stream("dump", random_text(9 << 20, 1));
  const BackupReport report = back_up_streams();

  EXPECT_EQ(contents(destinations.first, report), source.contents());
  EXPECT_THAT(report.item_errors, IsEmpty());
  EXPECT_EQ(source.take_opened().size(), 1U);
  EXPECT_EQ(report.summary.total_bytes_processed, 9U << 20U);
}

TEST_F(StreamFileTest, IsReadAnewThoughItsMetadataIsAsBefore) {
  stream("dump", "first");
  const BackupReport first = back_up_streams();
  kit.plan.parent_tree = first.tree;
  source.file("dump").content = "again";
  EXPECT_EQ(contents(destinations.first, back_up_streams()), source.contents());
}

TEST_F(StreamFileTest, MayWaitForWhatEarlierOnesBringWithASingleReader) {
  stream("a", "1");
  stream("b", "22");
  ScriptedItem& facts = stream("c", "");
  source.file("a").during_read = [&](ScriptedItem& item) { facts.content += item.content; };
  source.file("b").during_read = [&](ScriptedItem& item) { facts.content += item.content; };
  EXPECT_EQ(contents(destinations.first, back_up_streams()).at("c"), "122");
}

// Begun last, the longest one would run alone in the end.
TEST_F(StreamFileTest, TheLargestIsOpenedFirstAndEqualOnesByName) {
  for (const auto& [name, expected] : std::map<std::string, std::uint64_t>{
           {"a-small", 10}, {"b-huge", 9000}, {"c-unknown", 0}, {"d-middle", 500}, {"e-none", 0}})
    stream(name, "x").node.size = expected;
  back_up_streams();
  const auto opened = source.take_opened();
  EXPECT_THAT(opened,
              ::testing::ElementsAre(HasSubstr("b-huge"),
                                     HasSubstr("d-middle"),
                                     HasSubstr("a-small"),
                                     HasSubstr("c-unknown"),
                                     HasSubstr("e-none")));
}

TEST_F(StreamFileTest, ThatBreaksSealsNothing) {
  source.file("good", "x");
  stream("dump", random_text(2 << 20, 2)).unreadable_from = 1 << 20;
  EXPECT_THROW(back_up_streams(), Error);
  EXPECT_FALSE(has_snapshot(destinations.first));
}

TEST_F(StreamFileTest, ThatCannotBeOpenedSealsNothing) {
  stream("dump", "x").open_failure = unreadable_error();
  EXPECT_THROW(back_up_streams(), Error);
  EXPECT_FALSE(has_snapshot(destinations.first));
}

TEST_F(StreamFileTest, ASourceThatIsNotWholeAtItsEndSealsNothing) {
  source.file("good", "x");
  source.finish_failure = unreadable_error();
  EXPECT_THROW(back_up_streams(), Error);
  EXPECT_FALSE(has_snapshot(destinations.first));
}

}  // namespace
}  // namespace hikae::testing
