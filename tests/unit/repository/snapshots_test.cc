// SPDX-License-Identifier: Apache-2.0
#include "repository/snapshots.h"

#include <gtest/gtest.h>

#include "repository/blob_writer.h"
#include "support/memory_repository.h"

namespace hikae::testing {
namespace {

SnapshotRecord make_record(char digit,
                           const std::string& host,
                           std::vector<std::string> tags,
                           std::vector<std::string> paths) {
  SnapshotRecord record;
  record.id = *SnapshotId::parse(std::string(64, digit));
  record.snapshot.hostname = host;
  record.snapshot.tags = std::move(tags);
  record.snapshot.paths = std::move(paths);
  return record;
}

TEST(Snapshots, FilterMatchesAsResticDoes) {
  const SnapshotRecord record = make_record('1', "alpha", {"a", "b"}, {"/etc", "/srv"});
  const auto match = [&](const SnapshotFilter& filter) { return matches(record.snapshot, filter); };
  EXPECT_TRUE(match({}));
  EXPECT_TRUE(match({{"beta", "alpha"}, {}, {}}));
  EXPECT_FALSE(match({{"beta"}, {}, {}}));
  EXPECT_TRUE(match({{}, {{"a", "b"}}, {}}));
  EXPECT_FALSE(match({{}, {{"a", "c"}}, {}}));
  EXPECT_TRUE(match({{}, {{"c"}, {"b"}}, {}}));
  EXPECT_TRUE(match({{}, {}, {"/etc"}}));
  EXPECT_FALSE(match({{}, {}, {"/etc", "/home"}}));
}

TEST(Snapshots, FindsByBeginningAndByLatest) {
  const std::vector<SnapshotRecord> records = {make_record('1', "alpha", {}, {}),
                                               make_record('2', "beta", {}, {}),
                                               make_record('3', "alpha", {}, {})};
  EXPECT_EQ(find_snapshot(records, "22", {}).id, records[1].id);
  EXPECT_EQ(find_snapshot(records, "latest", {}).id, records[2].id);
  EXPECT_EQ(find_snapshot(records, "latest~1", {{"alpha"}, {}, {}}).id, records[0].id);
  EXPECT_EQ(find_snapshot(records, "latest", {{"beta"}, {}, {}}).id, records[1].id);
  EXPECT_THROW(find_snapshot(records, "4", {}), Error);
  EXPECT_THROW(find_snapshot(records, "latest~x", {}), Error);
  EXPECT_THROW(find_snapshot(records, "latest~9", {}), Error);
  EXPECT_THROW(find_snapshot({records[0], records[0]}, "1", {}), Error);
}

TEST(Snapshots, ReadsTagValues) {
  const SnapshotRecord record = make_record('1', "h", {"x", "hikae:source=config"}, {});
  EXPECT_EQ(tag_value(record.snapshot, kSourceTag), "config");
  EXPECT_FALSE(tag_value(record.snapshot, kPolicyTag));
}

TEST(Snapshots, FindsANodeByItsPath) {
  MemoryRepository repository;
  const Index empty;
  BlobWriter writer({{repository.get(), &empty}}, {}, repository.clock(), StopToken());
  BlobScratch scratch(Compression::automatic);
  format::TreeEncoder encoder;
  format::Node file;
  file.name = "inner";
  encoder.add(file);
  format::Node folder;
  folder.name = "outer";
  folder.type = format::NodeType::dir;
  folder.subtree = writer.save(format::BlobType::tree, as_bytes(encoder.finish()), scratch).id;
  encoder.add(folder);
  const BlobId root = writer.save(format::BlobType::tree, as_bytes(encoder.finish()), scratch).id;
  writer.finish();
  const Index index = repository->load_index(StopToken());
  const auto find = [&](const std::string& path) {
    return find_node(*repository, index, root, path, StopToken());
  };
  EXPECT_EQ(find("/outer/inner")->name, "inner");
  EXPECT_EQ(find("outer//inner/")->name, "inner");
  EXPECT_EQ(find("/")->subtree, root);
  EXPECT_FALSE(find("/outer/missing"));
  EXPECT_FALSE(find("/outer/inner/deeper"));
}

}  // namespace
}  // namespace hikae::testing
