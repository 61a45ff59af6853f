// SPDX-License-Identifier: Apache-2.0
// What is taken from the parent snapshot without being read again.
#include "support.h"

namespace hikae::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class ParentTest : public BackupTest {
 protected:
  ParentTest() {
    source.file("a/one", random_text(3000, 1));
    source.file("a/two", random_text(4000, 2));
    source.file("b/c/three", random_text(5000, 3));
    source.file("empty");
  }
};

TEST_F(ParentTest, ReadsEverythingWithoutParent) {
  const BackupReport report = back_up();

  EXPECT_THAT(opened(), ElementsAre("a/one", "a/two", "b/c/three", "empty"));
  EXPECT_EQ(contents(destinations.first, report), source.contents());
}

TEST_F(ParentTest, DoesNotOpenUnchangedFiles) {
  const BackupReport before = back_up();
  opened();
  for (const char* path : {"a/one", "a/two", "b/c/three", "empty"})
    source.file(path).open_failure = unreadable_error();

  const BackupReport after = back_up();

  EXPECT_THAT(opened(), IsEmpty());
  EXPECT_EQ(after.item_error_count, 0);
  EXPECT_EQ(after.tree, before.tree);
  EXPECT_EQ(after.destinations[0].bytes_stored, 0);
  EXPECT_EQ(contents(destinations.first, after), source.contents());
}

TEST_F(ParentTest, ReadsWhatChangedIsNewOrMoved) {
  back_up();
  opened();
  source.file("a/two").write("shorter");
  source.file("b/new", "new");
  source.remove("a/one");
  source.file("a/zero", random_text(3000, 1));

  const BackupReport report = back_up();

  EXPECT_THAT(opened(), ElementsAre("a/two", "a/zero", "b/new"));
  EXPECT_EQ(contents(destinations.first, report), source.contents());
}

TEST_F(ParentTest, ReadsAFileThatReplacedAFolder) {
  back_up();
  opened();
  source.remove("b/c");
  source.file("b/c", "now a file");
  source.remove("empty");
  source.file("empty/now", "a folder");

  const BackupReport report = back_up();

  EXPECT_THAT(opened(), ElementsAre("b/c", "empty/now"));
  EXPECT_EQ(contents(destinations.first, report), source.contents());
}

struct DetectionCase {
  const char* what;
  void (*change)(format::Node&);
  bool strict, ignore_ctime, ignore_inode;  // whether the file is read again
};

class DetectionTest : public ParentTest, public ::testing::WithParamInterface<DetectionCase> {
 protected:
  bool reads_again(ChangeDetection changes) {
    kit.plan.changes = ChangeDetection::strict;
    back_up();
    opened();
    GetParam().change(source.file("a/one").node);
    kit.plan.changes = changes;
    back_up();
    return opened() == std::vector<std::string>{"a/one"};
  }
};

TEST_P(DetectionTest, DecidesByMetadata) {
  EXPECT_EQ(reads_again(ChangeDetection::strict), GetParam().strict);
  EXPECT_EQ(reads_again(ChangeDetection::ignore_ctime), GetParam().ignore_ctime);
  EXPECT_EQ(reads_again(ChangeDetection::ignore_inode), GetParam().ignore_inode);
}

INSTANTIATE_TEST_SUITE_P(
    Metadata,
    DetectionTest,
    ::testing::Values(
        DetectionCase{"Nothing", [](format::Node&) {}, false, false, false},
        DetectionCase{"Mtime", [](format::Node& n) { n.mtime.nanoseconds += 1; }, true, true, true},
        DetectionCase{"Ctime", [](format::Node& n) { n.ctime.seconds += 1; }, true, false, false},
        DetectionCase{"Inode", [](format::Node& n) { n.inode += 1000; }, true, true, false},
        DetectionCase{"Mode", [](format::Node& n) { n.mode ^= 0111; }, false, false, false},
        DetectionCase{
            "Offset", [](format::Node& n) { n.mtime.offset += 3600; }, false, false, false}),
    [](const auto& instance) { return instance.param.what; });

TEST_F(ParentTest, ForceReadsEverything) {
  back_up();
  opened();
  kit.plan.changes = ChangeDetection::force_read;

  const BackupReport report = back_up();

  EXPECT_THAT(opened(), ElementsAre("a/one", "a/two", "b/c/three", "empty"));
  EXPECT_EQ(report.summary.data_blobs, 0);
}

TEST_F(ParentTest, StoresNewMetadataWithOldContent) {
  back_up();
  source.file("a/one").node.mode = 0600;
  opened();

  const BackupReport report = back_up();

  EXPECT_THAT(opened(), IsEmpty());
  Repository& repository = destinations.first.repository();
  const Index index = repository.load_index(StopToken());
  const auto node = find_node(repository, index, report.tree, "/a/one", StopToken());
  ASSERT_TRUE(node);
  EXPECT_EQ(node->mode, 0600);
  EXPECT_EQ(contents(destinations.first, report), source.contents());
}

TEST_F(ParentTest, ReadsAgainWhatNoDestinationHolds) {
  back_up();
  opened();
  destinations.first.reset();

  const BackupReport report = back_up();

  EXPECT_THAT(opened(), ElementsAre("a/one", "a/two", "b/c/three", "empty"));
  EXPECT_EQ(contents(destinations.first, report), source.contents());
}

TEST_F(ParentTest, ReadsAgainTheOneFileWhoseBlobIsMissing) {
  kit.plan.blobs.pack_size = 1;  // each blob in a pack of its own
  const BackupReport before = back_up();
  opened();
  Repository& repository = destinations.first.repository();
  const Index index = repository.load_index(StopToken());
  const auto node = find_node(repository, index, before.tree, "/a/two", StopToken());
  const auto lost = index.find(format::BlobType::data, node->content.front());
  std::vector<format::IndexedPack> rest;
  index.for_each_pack([&](const format::IndexedPack& pack) {
    if (pack.id != lost->pack) rest.push_back(pack);
  });
  for (const std::string& name : destinations.first.names(FileType::index))
    destinations.first.files().remove({FileType::index, name}, StopToken());
  repository.save_unpacked(FileType::index, format::encode_index(rest), StopToken());

  const BackupReport after = back_up();

  EXPECT_THAT(opened(), ElementsAre("a/two"));
  EXPECT_EQ(after.tree, before.tree);
  EXPECT_EQ(contents(destinations.first, after), source.contents());
}

TEST_F(ParentTest, ReadsTheFilesOfATreeThatIsDamaged) {
  const BackupReport before = back_up();
  opened();
  // All trees of this small backup lie in one pack.
  Repository& repository = destinations.first.repository();
  const Index index = repository.load_index(StopToken());
  const auto place = index.find(format::BlobType::tree, before.tree);
  destinations.first.replace(FileType::pack, place->pack.hex(), Bytes(100'000, 0));

  const BackupReport after = back_up();

  EXPECT_THAT(opened(), ElementsAre("a/one", "a/two", "b/c/three", "empty"));
  EXPECT_EQ(after.tree, before.tree);
}

TEST_F(ParentTest, OneDestinationWithTheParentIsEnoughAndTheOtherWaits) {
  back_up({&destinations.first});
  opened();
  source.file("a/two").write(random_text(4000, 9));

  const BackupReport report = back_up({&destinations.second, &destinations.first});

  EXPECT_THAT(opened(), ElementsAre("a/two"));
  EXPECT_EQ(report.destinations[0].state, State::needs_catch_up);
  EXPECT_FALSE(report.destinations[0].snapshot);
  EXPECT_FALSE(report.destinations[0].failure);
  EXPECT_FALSE(has_snapshot(destinations.second));
  EXPECT_EQ(report.destinations[1].state, State::sealed);
  EXPECT_EQ(contents(destinations.first, report), source.contents());
  // What was read is in both.
  Repository& repository = destinations.second.repository();
  const Index index = repository.load_index(StopToken());
  EXPECT_TRUE(index.has(format::BlobType::tree, report.tree));
  EXPECT_NO_THROW(
      repository.load_blob(index,
                           format::BlobType::data,
                           id_cast<BlobId>(sha256(as_bytes(source.contents()["a/two"]))),
                           StopToken()));
}

}  // namespace
}  // namespace hikae::testing
