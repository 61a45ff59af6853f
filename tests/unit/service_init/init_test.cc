// SPDX-License-Identifier: Apache-2.0
#include <filesystem>

#include <gmock/gmock.h>

#include "support.h"

namespace hikae {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::Field;
using ::testing::IsEmpty;
using ::testing::MatchesRegex;
using testing::mode_of;
using testing::open_repository;
using testing::read_file;
using ::testing::SizeIs;
using testing::write_file;
using State = InitOutcome::State;

class InitTest : public ::testing::Test {
 protected:
  InitReport init(const policy::Policy& policy) {
    return init_policy(policy, machine_.environment(), StopToken());
  }
  std::string at(const std::string& name) { return machine_.folder / name; }
  std::unique_ptr<Repository> open(const std::string& name) {
    return open_repository(at(name), password_file_);
  }

  testing::ServiceMachine machine_;
  std::string password_file_ = at("etc/password");
};

auto state_is(State state) {
  return Field(&InitOutcome::state, state);
}

TEST_F(InitTest, MakesPasswordAndRepositoriesThatShareTheirKey) {
  const InitReport report = init(machine_.policy({"nas", "second"}));
  EXPECT_TRUE(report.password_made);
  ASSERT_THAT(report.destinations, ElementsAre(state_is(State::created), state_is(State::created)));
  EXPECT_THAT(report.destinations[1].notes, IsEmpty());

  EXPECT_THAT(read_file(password_file_), MatchesRegex("[2-9A-Za-z]{32}\n"));
  EXPECT_EQ(mode_of(password_file_), 0600U);
  EXPECT_EQ(mode_of(at("etc")), 0700U);

  const auto nas = open("nas");
  const auto second = open("second");
  EXPECT_TRUE(same_master_key(*nas, *second));
  EXPECT_EQ(nas->config().chunker_polynomial, second->config().chunker_polynomial);
  EXPECT_NE(nas->config().id, second->config().id);
  EXPECT_EQ(testing::stock_restic(at("nas"), password_file_, "check"), 0);
  EXPECT_EQ(testing::stock_restic(at("second"), password_file_, "check"), 0);
}

TEST_F(InitTest, CalledAgainLeavesAllAsItIsAndAddsWhatIsNew) {
  init(machine_.policy({"nas"}));
  const std::string password = read_file(password_file_);
  const std::string config = read_file(at("nas/config"));

  const InitReport report = init(machine_.policy({"later", "nas"}));
  EXPECT_FALSE(report.password_made);
  ASSERT_THAT(report.destinations, ElementsAre(state_is(State::created), state_is(State::existed)));
  EXPECT_EQ(read_file(password_file_), password);
  EXPECT_EQ(read_file(at("nas/config")), config);
  const auto nas = open("nas");
  const auto later = open("later");
  EXPECT_TRUE(same_master_key(*nas, *later));
  EXPECT_EQ(nas->config().chunker_polynomial, later->config().chunker_polynomial);
  EXPECT_EQ(testing::stock_restic(at("later"), password_file_, "check"), 0);
}

TEST_F(InitTest, SeparateKeysAreNotShared) {
  policy::Policy policy = machine_.policy({"nas", "second"});
  policy.encryption.keys = policy::KeySharing::separate;
  const InitReport report = init(policy);
  ASSERT_THAT(report.destinations, ElementsAre(state_is(State::created), state_is(State::created)));
  EXPECT_THAT(report.destinations[1].notes, IsEmpty());
  EXPECT_FALSE(same_master_key(*open("nas"), *open("second")));
}

TEST_F(InitTest, AdoptsARepositoryOfResticWithItsOwnKey) {
  write_file(password_file_, "from before\n");
  fs::permissions(password_file_, fs::perms::owner_read | fs::perms::owner_write);
  ASSERT_EQ(testing::stock_restic(at("old"), password_file_, "init"), 0);
  ASSERT_EQ(testing::stock_restic(at("older"), password_file_, "init"), 0);
  const InitReport report = init(machine_.policy({"old", "fresh", "older"}));
  EXPECT_FALSE(report.password_made);
  ASSERT_THAT(
      report.destinations,
      ElementsAre(state_is(State::existed), state_is(State::created), state_is(State::existed)));
  EXPECT_TRUE(same_master_key(*open("old"), *open("fresh")));
  EXPECT_THAT(report.destinations[1].notes, IsEmpty());
  EXPECT_THAT(report.destinations[2].notes,
              ElementsAre(Field(&Text::key, "service_init.other_key")));
  EXPECT_EQ(read_file(password_file_), "from before\n");
}

TEST_F(InitTest, RefusesAFolderThatHoldsSomethingElseAndMakesTheOthers) {
  write_file(at("nas/holiday.jpg"), "picture");
  const InitReport report = init(machine_.policy({"nas", "second"}));
  ASSERT_THAT(report.destinations, ElementsAre(state_is(State::failed), state_is(State::created)));
  ASSERT_TRUE(report.destinations[0].failure);
  EXPECT_EQ(report.destinations[0].failure->code(), ErrorCode::already_exists);
  EXPECT_TRUE(report.destinations[0].failure->hint());
  EXPECT_FALSE(report.destinations[1].failure);
  std::vector<std::string> left;
  for (const auto& entry : fs::recursive_directory_iterator(at("nas")))
    left.push_back(entry.path().filename().string());
  EXPECT_THAT(left, ElementsAre("holiday.jpg"));
}

TEST_F(InitTest, RefusesAPlaceThatMustBeMountedAndIsNot) {
  policy::Policy policy = machine_.policy({"nas", "second"});
  policy.destinations[0].require_mount = true;
  // The folder itself lies on some mount, but that is the system's.
  const InitReport report = init(policy);
  if (report.destinations[0].state == State::created) GTEST_SKIP() << "the folder is on a mount";
  EXPECT_EQ(report.destinations[0].failure->code(), ErrorCode::not_mounted);
  EXPECT_FALSE(fs::exists(at("nas")));
  // A repository with another key may lie on what is not mounted now.
  EXPECT_THAT(report.destinations[1].notes, ElementsAre(Field(&Text::key, "service_init.new_key")));
}

TEST_F(InitTest, MakesNoNewPasswordForARepositoryThatHasOne) {
  const policy::Policy policy = machine_.policy({"nas"});
  init(policy);
  fs::remove(password_file_);
  try {
    init(policy);
    FAIL() << "a password was made up";
  } catch (const Error& error) {
    EXPECT_EQ(error.message().key, "service_init.password_missing");
    EXPECT_TRUE(error.hint());
  }
  EXPECT_FALSE(fs::exists(password_file_));
}

TEST_F(InitTest, AWrongPasswordFailsThatDestination) {
  const policy::Policy policy = machine_.policy({"nas"});
  init(policy);
  std::ofstream(password_file_) << "wrong\n";
  const InitReport report = init(policy);
  ASSERT_THAT(report.destinations, ElementsAre(state_is(State::failed)));
  EXPECT_EQ(report.destinations[0].failure->code(), ErrorCode::wrong_password);
}

TEST_F(InitTest, DoesNotRunTwiceAtOnce) {
  const auto other = SlotLock::try_acquire(at("state"), "company", "init");
  try {
    init(machine_.policy({"nas"}));
    FAIL() << "ran";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::locked);
  }
  EXPECT_FALSE(fs::exists(at("nas")));
}

TEST_F(InitTest, BeginsAnewWhereAKilledInitLeftNoConfig) {
  const policy::Policy policy = machine_.policy({"nas", "second"});
  init(policy);
  // As if killed before the second config.
  fs::remove(at("second/config"));
  const InitReport report = init(policy);
  ASSERT_THAT(report.destinations, ElementsAre(state_is(State::existed), state_is(State::created)));
  EXPECT_THAT(report.destinations[1].notes,
              ElementsAre(Field(&Text::key, "service_init.completed")));
  EXPECT_TRUE(same_master_key(*open("nas"), *open("second")));
  EXPECT_EQ(testing::stock_restic(at("second"), password_file_, "check"), 0);
}

}  // namespace
}  // namespace hikae
