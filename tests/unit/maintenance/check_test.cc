// SPDX-License-Identifier: Apache-2.0
// Each kind of damage gives its finding and names the snapshots that it hurts, and no others.
#include "support.h"

namespace hikae::testing {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Not;

// Two snapshots: both hold "both", each has a file of its own.
class CheckTest : public MaintenanceTest {
 protected:
  void SetUp() override {
    kit.plan.blobs.pack_size = 1;  // each blob in a pack of its own
    source.file("folder/both", random_text(5'000, 1));
    source.file("own", random_text(6'000, 2));
    first_tree_ = back_up().tree;
    source.file("own").write(random_text(7'000, 3));
    second_tree_ = back_up().tree;
    for (const SnapshotRecord& record : snapshots(destination))
      (record.snapshot.tree == first_tree_ ? first_ : second_) = record.id;
    ASSERT_FALSE(first_.is_null());
    ASSERT_FALSE(second_.is_null());
  }

  std::string pack_of(format::BlobType type, const BlobId& id) {
    const Index index = destination.repository().load_index(StopToken());
    return index.find(type, id)->pack.hex();
  }
  std::string pack_of_file(const BlobId& tree, const std::string& path) {
    Repository& repository = destination.repository();
    const Index index = repository.load_index(StopToken());
    const auto node = find_node(repository, index, tree, path, StopToken());
    return pack_of(format::BlobType::data, node->content.front());
  }
  std::string pack_of_both() { return pack_of_file(first_tree_, "/folder/both"); }
  std::string pack_of_second() { return pack_of_file(second_tree_, "/own"); }

  Bytes load(FileType type, const std::string& name) {
    return destination.files().load({type, name}, StopToken());
  }
  void remove(FileType type, const std::string& name) {
    destination.files().remove({type, name}, StopToken());
  }
  void flip(FileType type, const std::string& name, std::ptrdiff_t position) {
    Bytes content = load(type, name);
    content.at(static_cast<std::size_t>(
        position >= 0 ? position : static_cast<std::ptrdiff_t>(content.size()) + position)) ^= 1U;
    destination.replace(type, name, content);
  }

  BlobId first_tree_;
  BlobId second_tree_;
  SnapshotId first_;
  SnapshotId second_;
};

TEST_F(CheckTest, AWholeRepositoryHasNoFindings) {
  const CheckReport report = check(destination);

  EXPECT_THAT(report.findings, IsEmpty()) << describe(report);
  EXPECT_EQ(report.errors, 0);
  EXPECT_EQ(report.snapshots, 2);
  EXPECT_EQ(report.trees, 3);  // two roots and one folder
  EXPECT_EQ(report.packs, destination.names(FileType::pack).size());
  EXPECT_EQ(report.packs_read, report.packs);
  EXPECT_EQ(report.bytes_read, destination.bytes(FileType::pack));
  EXPECT_THAT(report.damaged_snapshots, IsEmpty());
}

TEST_F(CheckTest, WithoutReadDataNoPackIsRead) {
  const CheckReport report = check_structure(destination);

  EXPECT_EQ(report.errors, 0);
  EXPECT_EQ(report.packs_read, 0);
}

TEST_F(CheckTest, MissingPack) {
  remove(FileType::pack, pack_of_second());

  const CheckReport report = check_structure(destination);

  EXPECT_THAT(keys(report), ElementsAre("maintenance.pack_missing"));
  EXPECT_EQ(report.errors, 1);
  EXPECT_THAT(report.damaged_snapshots, ElementsAre(second_));
}

TEST_F(CheckTest, TruncatedPack) {
  const std::string name = pack_of_second();
  Bytes content = load(FileType::pack, name);
  content.resize(content.size() / 2);
  destination.replace(FileType::pack, name, content);

  const CheckReport structure = check_structure(destination);
  EXPECT_THAT(keys(structure), ElementsAre("maintenance.pack_size_differs"));
  EXPECT_THAT(structure.damaged_snapshots, ElementsAre(second_));

  const CheckReport report = check(destination);
  EXPECT_THAT(keys(report),
              AllOf(Contains("maintenance.pack_size_differs"),
                    Contains("maintenance.pack_hash_differs"),
                    Contains("maintenance.pack_header_damaged"),
                    Contains("maintenance.blob_damaged")));
  EXPECT_THAT(report.damaged_snapshots, ElementsAre(second_));
}

TEST_F(CheckTest, EmptyPack) {
  destination.replace(FileType::pack, pack_of_second(), Bytes());

  const CheckReport report = check(destination);

  EXPECT_GT(report.errors, 0);
  EXPECT_THAT(report.damaged_snapshots, ElementsAre(second_));
}

TEST_F(CheckTest, FlippedByteInABlobThatBothNeed) {
  flip(FileType::pack, pack_of_both(), 100);

  EXPECT_EQ(check_structure(destination).errors, 0);
  const CheckReport report = check(destination);

  EXPECT_THAT(
      keys(report),
      ::testing::UnorderedElementsAre("maintenance.pack_hash_differs", "maintenance.blob_damaged"));
  EXPECT_THAT(report.damaged_snapshots, ::testing::UnorderedElementsAre(first_, second_));
}

TEST_F(CheckTest, FlippedByteInAHeaderHurtsNoSnapshot) {
  flip(FileType::pack, pack_of_second(), -10);

  const CheckReport report = check(destination);

  EXPECT_THAT(keys(report),
              ::testing::UnorderedElementsAre("maintenance.pack_hash_differs",
                                              "maintenance.pack_header_damaged"));
  EXPECT_THAT(report.damaged_snapshots, IsEmpty());
}

TEST_F(CheckTest, FlippedByteInATree) {
  flip(FileType::pack, pack_of(format::BlobType::tree, second_tree_), 20);

  const CheckReport report = check_structure(destination);

  EXPECT_EQ(report.errors, 1) << describe(report);
  EXPECT_THAT(report.damaged_snapshots, ElementsAre(second_));
}

TEST_F(CheckTest, MissingIndex) {
  for (const std::string& name : destination.names(FileType::index)) remove(FileType::index, name);

  const CheckReport report = check(destination);

  EXPECT_THAT(keys(report), Contains("maintenance.pack_not_indexed"));
  EXPECT_GT(report.errors, 0);
  EXPECT_THAT(report.damaged_snapshots, ::testing::UnorderedElementsAre(first_, second_));
}

TEST_F(CheckTest, DamagedIndexIsReportedAndTheRestIsChecked) {
  // The second backup's index names only what it added.
  const std::string second_pack = pack_of_second();
  for (const std::string& name : destination.names(FileType::index)) {
    bool names_second = false;
    format::decode_index(destination.repository().load_unpacked(FileType::index, name, StopToken()),
                         [&](format::IndexedPack&& pack) {
                           names_second = names_second || pack.id.hex() == second_pack;
                         });
    if (names_second) flip(FileType::index, name, 40);
  }

  const CheckReport report = check(destination);

  EXPECT_THAT(keys(report), Contains("repository.file_damaged"));
  EXPECT_THAT(report.damaged_snapshots, ElementsAre(second_));
}

TEST_F(CheckTest, ABlobThatNoIndexNames) {
  Repository& repository = destination.repository();
  const Index index = repository.load_index(StopToken());
  const std::string gone = pack_of_second();
  std::vector<format::IndexedPack> rest;
  index.for_each_pack([&](const format::IndexedPack& pack) {
    if (pack.id.hex() != gone) rest.push_back(pack);
  });
  for (const std::string& name : destination.names(FileType::index)) remove(FileType::index, name);
  repository.save_unpacked(FileType::index, format::encode_index(rest), StopToken());

  const CheckReport report = check_structure(destination);

  EXPECT_THAT(keys(report),
              ElementsAre("maintenance.pack_not_indexed", "maintenance.file_lacks_blob"));
  EXPECT_EQ(report.errors, 1);
  EXPECT_THAT(report.damaged_snapshots, ElementsAre(second_));
}

TEST_F(CheckTest, AnExtraPackIsAHint) {
  const Bytes content = to_bytes(std::string_view("left by a killed run"));
  destination.files().save({FileType::pack, sha256(content).hex()}, content, StopToken());

  const CheckReport report = check(destination);

  EXPECT_THAT(keys(report), ElementsAre("maintenance.pack_not_indexed"));
  EXPECT_EQ(report.errors, 0);
  EXPECT_THAT(report.damaged_snapshots, IsEmpty());
}

TEST_F(CheckTest, APackNamedTwiceIsAHintAndReadOnce) {
  Repository& repository = destination.repository();
  std::vector<format::IndexedPack> all;
  repository.load_index(StopToken()).for_each_pack([&](const format::IndexedPack& pack) {
    all.push_back(pack);
  });
  repository.save_unpacked(FileType::index, format::encode_index(all), StopToken());

  const CheckReport report = check(destination);

  EXPECT_THAT(keys(report), Each("maintenance.pack_indexed_twice"));
  EXPECT_EQ(report.findings.size(), all.size());
  EXPECT_EQ(report.errors, 0);
  EXPECT_EQ(report.packs_read, all.size());
}

TEST_F(CheckTest, ASecondCopyOfALostBlobSavesTheSnapshots) {
  Repository& repository = destination.repository();
  const Index nothing;
  const SystemClock clock;
  BlobWriter writer({{&repository, &nothing}}, kit.plan.blobs, clock, StopToken());
  BlobScratch scratch(Compression::automatic);
  const std::string lost = pack_of_both();
  writer.save(format::BlobType::data, as_bytes(source.contents()["folder/both"]), scratch);
  writer.finish();
  remove(FileType::pack, lost);

  const CheckReport report = check(destination);

  EXPECT_THAT(keys(report), ElementsAre("maintenance.pack_missing"));
  EXPECT_THAT(report.damaged_snapshots, IsEmpty());
}

TEST_F(CheckTest, DamagedSnapshotFile) {
  flip(FileType::snapshot, first_.hex(), 50);

  const CheckReport report = check(destination);

  EXPECT_THAT(keys(report), ElementsAre("repository.file_damaged"));
  EXPECT_EQ(report.errors, 1);
  EXPECT_EQ(report.snapshots, 1);
}

TEST_F(CheckTest, DamagedKeyFile) {
  flip(FileType::key, destination.names(FileType::key).front(), 50);

  const CheckReport report = check(destination);

  EXPECT_THAT(keys(report), ElementsAre("repository.key_damaged"));
  EXPECT_EQ(report.errors, 1);
}

TEST_F(CheckTest, ReadsOnlyTheChosenPart) {
  CheckOptions options;
  std::uint64_t read = 0;
  for (unsigned part = 1; part <= 3; ++part) {
    options.read_data = PackSubset{PackSubset::Part{part, 3}};
    CheckProgress progress;
    read += run_check(destination.repository(), options, progress, StopToken()).packs_read;
  }
  EXPECT_EQ(read, destination.names(FileType::pack).size());
}

TEST_F(CheckTest, AStoreThatFailsForOnePackIsAFindingNotTheEnd) {
  Fault fault;
  fault.call = Call::load;
  fault.type = FileType::pack;
  destination.fault().add(fault);

  const CheckReport report = check(destination);

  EXPECT_THAT(keys(report), ElementsAre("storage.injected"));
  EXPECT_EQ(report.packs_read, report.packs - 1);
}

TEST_F(CheckTest, Stops) {
  std::stop_source stop;
  stop.request_stop();
  CheckOptions options;
  options.read_data = PackSubset();
  CheckProgress progress;

  EXPECT_THROW(run_check(destination.repository(), options, progress, stop.get_token()), Cancelled);
}

}  // namespace
}  // namespace hikae::testing
