// SPDX-License-Identifier: Apache-2.0
// Stock restic as the oracle: for the same files and polynomial, hikae writes the very same blobs.
#include <gtest/gtest.h>

#include "repository/snapshots.h"
#include "support/backup_kit.h"
#include "support/nasty_tree.h"
#include "support/stock_restic.h"

namespace hikae::testing {
namespace {

class ByteOracle : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(StockRestic::installed()) << "scripts/setup test installs restic";
    make_nasty_tree(folder_ / "tree");
  }

  std::string restic(const std::string& repository, const std::string& arguments) const {
    const std::string command = "cd '" + folder_.path().string() +
                                "' && RESTIC_PASSWORD=secret restic --no-cache -r '" + repository +
                                "' " + arguments + " 2>&1";
    FILE* pipe = popen(command.c_str(), "re");
    std::string output;
    char buffer[4096];
    for (std::size_t got = 0; (got = fread(buffer, 1, sizeof buffer, pipe)) > 0;)
      output.append(buffer, got);
    const int status = pclose(pipe);
    EXPECT_EQ(status, 0) << command << "\n" << output;
    return output;
  }

  BackupReport back_up(Repository& repository) {
    BackupKit kit;
    kit.repositories = {&repository};
    kit.folder = folder_.path().string();
    kit.paths = {"tree"};
    return kit.run();
  }

  BlobId latest_tree(Repository& repository) {
    NullLog log;
    return repository.load_snapshots(log, StopToken()).back().snapshot.tree;
  }

  TempDir folder_;
};

TEST_F(ByteOracle, AddsNoBlobAfterRestic) {
  const std::string place = folder_ / "repository";
  restic(place, "init");
  restic(place, "backup tree");
  const auto repository = open_repository(place, "secret");
  const BlobId tree = latest_tree(*repository);

  const BackupReport report = back_up(*repository);

  EXPECT_EQ(report.item_error_count, 0);
  EXPECT_EQ(report.tree.hex(), tree.hex());
  EXPECT_EQ(report.summary.data_blobs, 0);
  EXPECT_EQ(report.summary.tree_blobs, 0);
  restic(place, "check --read-data");
}

TEST_F(ByteOracle, ResticAddsNoBlobAfterUs) {
  const std::string place = folder_ / "repository";
  const auto repository = create_repository(place, "secret");
  const BackupReport report = back_up(*repository);
  ASSERT_EQ(report.destinations.front().state, DestinationOutcome::State::sealed);
  restic(place, "check --read-data");

  const std::string summary = restic(place, "backup --json --force tree");

  EXPECT_NE(summary.find("\"data_blobs\":0,\"tree_blobs\":0"), std::string::npos) << summary;
  EXPECT_EQ(latest_tree(*repository).hex(), report.tree.hex());
  restic(place, "check --read-data");
}

}  // namespace
}  // namespace hikae::testing
