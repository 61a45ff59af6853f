// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "support.h"

namespace hikae {
namespace {

TEST(RecoveryKit, IsConfirmedForTheDestinationsOfThatDay) {
  testing::ServiceMachine machine;
  const Environment environment = machine.environment();
  const policy::Policy policy = machine.policy({"nas"});
  EXPECT_FALSE(recovery_kit_confirmed(policy, environment));

  confirm_recovery_kit(policy, environment);
  const std::string file = machine.folder / "state/recovery-kit-company.confirmed";
  EXPECT_EQ(recovery_kit_confirmed(policy, environment), machine.clock.now());
  EXPECT_EQ(testing::mode_of(file), 0600U);
  EXPECT_NE(testing::read_file(file).find("root"), std::string::npos);

  const policy::Policy more = machine.policy({"nas", "second"});
  EXPECT_FALSE(recovery_kit_confirmed(more, environment));
  machine.clock.advance(std::chrono::hours(24));
  confirm_recovery_kit(more, environment);
  EXPECT_EQ(recovery_kit_confirmed(more, environment), machine.clock.now());
}

TEST(RecoveryKit, DamagedConfirmationCountsForNothing) {
  testing::ServiceMachine machine;
  testing::write_file(machine.folder / "state/recovery-kit-company.confirmed", "yes\n");
  EXPECT_FALSE(recovery_kit_confirmed(machine.policy({"nas"}), machine.environment()));
}

}  // namespace
}  // namespace hikae
