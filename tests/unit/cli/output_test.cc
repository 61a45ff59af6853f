// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/units.h"
#include "cli/completion.h"
#include "cli/console.h"
#include "cli/file_mode.h"
#include "cli/json_pretty.h"
#include "cli/progress.h"
#include "cli/prune_job.h"
#include "cli/snapshot_groups.h"
#include "cli/snapshot_options.h"
#include "format/node.h"

namespace hikae::cli {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

SnapshotRecord snapshot(std::uint8_t number,
                        const std::string& host,
                        std::vector<std::string> tags) {
  SnapshotRecord record;
  record.id.bytes.fill(number);
  record.snapshot.hostname = host;
  record.snapshot.tags = std::move(tags);
  record.snapshot.paths = {"/b", "/a"};
  record.snapshot.time.seconds = 1'700'000'000 + number;
  return record;
}

TEST(FileMode, IsPrintedAsGoDoes) {
  EXPECT_EQ(mode_string(0644), "-rw-r--r--");
  EXPECT_EQ(mode_string(format::kModeDir | 0755), "drwxr-xr-x");
  EXPECT_EQ(mode_string(format::kModeDir | format::kModeSticky | 0777), "dtrwxrwxrwx");
  EXPECT_EQ(mode_string(format::kModeSymlink | 0777), "Lrwxrwxrwx");
  EXPECT_EQ(mode_string(format::kModeDevice | format::kModeCharDevice | 0666), "Dcrw-rw-rw-");
  EXPECT_EQ(mode_string(format::kModeSetuid | 0755), "urwxr-xr-x");
}

TEST(PrettyJson, IndentsByTwoAndLeavesTextsAlone) {
  EXPECT_EQ(pretty_json(R"({"a":[1,2],"b":{},"c":[],"d":"x{,\":"})"),
            "{\n  \"a\": [\n    1,\n    2\n  ],\n  \"b\": {},\n  \"c\": [],\n  \"d\": "
            "\"x{,\\\":\"\n}");
}

TEST(SplitList, LeavesOutEmptyParts) {
  EXPECT_THAT(split_list("a,b"), ElementsAre("a", "b"));
  EXPECT_THAT(split_list(",a,,"), ElementsAre("a"));
  EXPECT_TRUE(split_list("").empty());
}

TEST(SnapshotName, SplitsOffTheSubfolder) {
  EXPECT_EQ(split_snapshot_name("latest").subfolder, "");
  EXPECT_EQ(split_snapshot_name("ab12:/etc:x").name, "ab12");
  EXPECT_EQ(split_snapshot_name("ab12:/etc:x").subfolder, "/etc:x");
}

TEST(SelectSnapshots, TakesEachIdOnce) {
  const std::vector<SnapshotRecord> all{snapshot(1, "a", {}), snapshot(2, "b", {})};
  EXPECT_EQ(select_snapshots(all, {"latest", "02"}, {}).size(), 1U);
  SnapshotFilter filter;
  filter.hosts = {"a"};
  EXPECT_EQ(select_snapshots(all, {}, filter).size(), 1U);
  EXPECT_THROW(select_snapshots(all, {"ff"}, {}), Error);
}

TEST(GroupSnapshots, IgnoresTheOrderOfTags) {
  const std::vector<SnapshotRecord> all{
      snapshot(1, "a", {"x", "y"}), snapshot(2, "b", {"y", "x"}), snapshot(3, "a", {"x"})};
  EXPECT_EQ(group_snapshots(all, parse_grouping("tags")).size(), 2U);
  EXPECT_EQ(group_snapshots(all, parse_grouping("host")).size(), 2U);
  EXPECT_EQ(group_snapshots(all, parse_grouping("host,paths,tags")).size(), 3U);
  EXPECT_EQ(group_snapshots(all, parse_grouping("")).size(), 1U);
  EXPECT_THROW(parse_grouping("owner"), Error);
}

TEST(SnapshotJson, EndsWithItsIds) {
  const std::string json = open_snapshot_json(snapshot(0xab, "a", {}));
  EXPECT_EQ(json.find('}'), std::string::npos);
  EXPECT_TRUE(json.ends_with("\"short_id\":\"abababab\""));
}

TEST(Pace, TellsRateShareAndTimeLeft) {
  const Pace half = pace(50 * kMiB, 100 * kMiB, std::chrono::seconds(5));
  EXPECT_EQ(half.rate, "10.000 MiB");
  EXPECT_EQ(half.percent, "50.0 %");
  EXPECT_EQ(half.left, "0:05");
  EXPECT_EQ(pace(1, 2, std::chrono::milliseconds(10)).rate, "…");
  EXPECT_EQ(pace(5, 0, std::chrono::seconds(1)).left, "…");
}

TEST(PruneFlags, MaxUnusedIsOfWhatStays) {
  PruneFlags flags;
  EXPECT_NEAR(flags.resolve().max_unused_percent, 100.0 * 5 / 95, 1e-9);
  flags.max_unused = "50%";
  EXPECT_NEAR(flags.resolve().max_unused_percent, 100, 1e-9);
  flags.max_unused = "2M";
  EXPECT_EQ(flags.resolve().max_unused_bytes, 2 * kMiB);
  flags.max_unused = "unlimited";
  EXPECT_EQ(flags.resolve().max_unused_bytes, UINT64_MAX);
  for (const char* wrong : {"100%", "-1%", "%", "x", ""}) {
    flags.max_unused = wrong;
    EXPECT_THROW(flags.resolve(), Error) << wrong;
  }
}

TEST(Completion, KnowsThreeShells) {
  const std::vector<CommandLine::Entry> entries{
      {{}, {"--json", "-q"}}, {{"key"}, {}}, {{"key", "list"}, {"--all"}}};
  EXPECT_THAT(*completion_script("bash", entries), HasSubstr("\"key list\")"));
  EXPECT_THAT(*completion_script("zsh", entries), HasSubstr("commands=(list)"));
  EXPECT_THAT(*completion_script("fish", entries),
              HasSubstr("-n '__fish_seen_subcommand_from key; and __fish_seen_subcommand_from "
                        "list' -l all"));
  EXPECT_FALSE(completion_script("tcsh", entries));
}

}  // namespace
}  // namespace hikae::cli
