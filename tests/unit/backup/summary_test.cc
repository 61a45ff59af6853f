// SPDX-License-Identifier: Apache-2.0
// The numbers of a backup, as restic counts them.
#include "support.h"

namespace hikae::testing {
namespace {

class SummaryTest : public BackupTest {
 protected:
  SummaryTest() {
    source.file("a/one", random_text(1000, 1));
    source.file("a/two", random_text(2000, 2));
    source.file("b/three", random_text(3000, 3));
    source.folder("b/empty");
    format::Node& link = source.folder("b/link").node;
    link.type = format::NodeType::symlink;
    link.link_target = "three";
  }
};

TEST_F(SummaryTest, OfAFirstBackup) {
  const BackupReport report = back_up();

  const format::SnapshotSummary& summary = report.summary;
  EXPECT_EQ(summary.files_new, 3);
  EXPECT_EQ(summary.files_changed, 0);
  EXPECT_EQ(summary.files_unmodified, 0);
  EXPECT_EQ(summary.dirs_new, 3);  // the snapshot's root is none
  EXPECT_EQ(summary.dirs_changed, 0);
  EXPECT_EQ(summary.dirs_unmodified, 0);
  EXPECT_EQ(summary.data_blobs, 3);
  EXPECT_EQ(summary.tree_blobs, 4);  // root, a, b, empty
  EXPECT_EQ(summary.total_files_processed, 3);
  EXPECT_EQ(summary.total_bytes_processed, 6000);
  EXPECT_GT(summary.data_added, 6000);
  EXPECT_GT(summary.data_added_packed, 6000);
  EXPECT_EQ(*report.snapshot.summary, summary);
  EXPECT_FALSE(summary.backup_end.seconds < summary.backup_start.seconds);
}

TEST_F(SummaryTest, OfAnUnchangedSource) {
  back_up();
  const BackupReport report = back_up();

  const format::SnapshotSummary& summary = report.summary;
  EXPECT_EQ(summary.files_unmodified, 3);
  EXPECT_EQ(summary.dirs_unmodified, 3);
  EXPECT_EQ(summary.files_new + summary.files_changed + summary.dirs_new + summary.dirs_changed, 0);
  EXPECT_EQ(summary.data_blobs + summary.tree_blobs, 0);
  EXPECT_EQ(summary.data_added + summary.data_added_packed, 0);
  EXPECT_EQ(summary.total_files_processed, 3);
  EXPECT_EQ(summary.total_bytes_processed, 6000);
}

TEST_F(SummaryTest, OfChanges) {
  back_up();
  source.file("a/one").write(random_text(1500, 9));
  source.file("b/new", "new");
  source.remove("a/two");

  const format::SnapshotSummary summary = back_up().summary;

  EXPECT_EQ(summary.files_new, 1);
  EXPECT_EQ(summary.files_changed, 1);
  EXPECT_EQ(summary.files_unmodified, 1);
  EXPECT_EQ(summary.dirs_new, 0);
  EXPECT_EQ(summary.dirs_changed, 2);
  EXPECT_EQ(summary.dirs_unmodified, 1);
  EXPECT_EQ(summary.data_blobs, 2);
  EXPECT_EQ(summary.tree_blobs, 3);
  EXPECT_EQ(summary.total_files_processed, 3);
  EXPECT_EQ(summary.total_bytes_processed, 1500 + 3 + 3000);
}

TEST_F(SummaryTest, AFolderThatWasOnlyTouchedHasChanged) {
  back_up();
  source.folder("b").node.mtime.seconds += 1;

  const format::SnapshotSummary summary = back_up().summary;

  EXPECT_EQ(summary.dirs_changed, 1);
  EXPECT_EQ(summary.dirs_unmodified, 2);
  EXPECT_EQ(summary.files_unmodified, 3);
  EXPECT_EQ(summary.tree_blobs, 1);
}

TEST_F(SummaryTest, EqualContentIsStoredOnce) {
  source.file("copy", source.contents()["b/three"]);

  const format::SnapshotSummary summary = back_up().summary;

  EXPECT_EQ(summary.files_new, 4);
  EXPECT_EQ(summary.data_blobs, 3);
  EXPECT_EQ(summary.total_bytes_processed, 9000);
}

TEST_F(SummaryTest, UnreadableFilesAreNotProcessed) {
  source.file("a/two").open_failure = unreadable_error();

  const format::SnapshotSummary summary = back_up().summary;

  EXPECT_EQ(summary.files_new, 2);
  EXPECT_EQ(summary.total_files_processed, 2);
  EXPECT_EQ(summary.total_bytes_processed, 4000);
}

TEST_F(SummaryTest, ProgressEndsWhereTheSummaryDoes) {
  source.file("large", random_text(10 << 20, 5));

  const BackupReport report = back_up();

  EXPECT_EQ(kit.progress.files_found, 4);
  EXPECT_EQ(kit.progress.files_done, 4);
  EXPECT_EQ(kit.progress.bytes_found, report.summary.total_bytes_processed);
  EXPECT_EQ(kit.progress.bytes_done, report.summary.total_bytes_processed);
}

}  // namespace
}  // namespace hikae::testing
