// SPDX-License-Identifier: Apache-2.0
// Forget and prune, killed at each single operation on the store: no snapshot that remains loses
// anything, and the next prune finishes the work.
#include "support.h"

namespace hikae::testing {
namespace {

using ::testing::IsEmpty;

struct CrashCase {
  const char* name;
  Call call;
  Fault::Effect effect;
  Fault::Lasting lasting;
};

class PruneCrashTest : public MaintenanceTest, public ::testing::WithParamInterface<CrashCase> {
 protected:
  static PruneOptions options() {
    PruneOptions result;
    result.max_unused_percent = 0;
    return result;
  }

  // As a new process: locks of the dead one are cleared.
  void come_back() {
    destination.fault().clear();
    for (const std::string& name : destination.names(FileType::lock))
      destination.files().remove({FileType::lock, name}, StopToken());
  }

  // Every snapshot that is listed is whole and is what it was.
  void expect_intact() {
    const CheckReport report = check(destination);
    ASSERT_EQ(report.errors, 0) << describe(report);
    ASSERT_THAT(report.damaged_snapshots, IsEmpty());
    const auto now = read_snapshots(destination.repository());
    ASSERT_TRUE(now.contains(kept_));
    for (const auto& [id, contents] : now) ASSERT_EQ(contents, contents_.at(id));
  }

  // False when nothing went wrong.
  bool dies(std::size_t nth, const std::vector<SnapshotRecord>& to_forget) {
    Fault fault;
    fault.call = GetParam().call;
    fault.effect = GetParam().effect;
    fault.lasting = GetParam().lasting;
    fault.nth = nth;
    destination.fault().add(fault);
    try {
      forget(destination, to_forget);
      prune(destination, options());
      return false;
    } catch (const Error&) {
      return true;
    }
  }

  void make_start() {
    make_generations();
    const auto all = snapshots(destination);
    forgotten_ = {all[0], all[1]};
    kept_ = all[2].id;
    contents_ = read_snapshots(destination.repository());
    start_ = destination.save_state();
  }

  std::vector<SnapshotRecord> forgotten_;
  SnapshotId kept_;
  std::map<SnapshotId, std::map<std::string, std::string>> contents_;
  RepositoryFiles start_;
};

TEST_P(PruneCrashTest, EachOperationMayBeTheLast) {
  make_start();
  std::size_t nth = 1;
  for (;; ++nth) {
    SCOPED_TRACE("operation " + std::to_string(nth));
    destination.restore_state(start_);
    const bool died = dies(nth, forgotten_);
    come_back();
    ASSERT_NO_FATAL_FAILURE(expect_intact());
    if (!died) break;
    // Whoever comes next must not delete more than is unused.
    prune(destination, options());
    ASSERT_NO_FATAL_FAILURE(expect_intact());
  }
  EXPECT_GT(nth, 10);
}

TEST_P(PruneCrashTest, CrashAfterCrash) {
  make_start();
  destination.restore_state(start_);
  // Each attempt gets a little further or not; none may do harm.
  for (std::size_t nth = 1; nth < 40; nth += 3) {
    SCOPED_TRACE("operation " + std::to_string(nth));
    const bool died =
        dies(nth, snapshots(destination).size() == 3 ? forgotten_ : std::vector<SnapshotRecord>());
    come_back();
    ASSERT_NO_FATAL_FAILURE(expect_intact());
    if (!died) break;
  }
}

INSTANTIATE_TEST_SUITE_P(Operations,
                         PruneCrashTest,
                         ::testing::Values(CrashCase{"KilledBefore",
                                                     Call::change,
                                                     Fault::Effect::fail_before,
                                                     Fault::Lasting::from_then_on},
                                           CrashCase{"KilledAfter",
                                                     Call::change,
                                                     Fault::Effect::fail_after,
                                                     Fault::Lasting::from_then_on}),
                         [](const auto& instance) { return instance.param.name; });

}  // namespace
}  // namespace hikae::testing
