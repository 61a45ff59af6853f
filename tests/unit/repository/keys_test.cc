// SPDX-License-Identifier: Apache-2.0
#include "repository/keys.h"

#include <gtest/gtest.h>

#include "support/memory_repository.h"

namespace hikae::testing {
namespace {

ErrorCode code_of_open(MemoryRepository& repository, const std::string& password) {
  try {
    Repository::open(repository.backend(), Secret(password), StopToken());
  } catch (const Error& error) {
    return error.code();
  }
  ADD_FAILURE() << "opened with " << password;
  return ErrorCode::io;
}

TEST(Keys, EveryPasswordOpensTheSameMasterKey) {
  MemoryRepository repository;
  add_key(repository->backend(),
          repository->cipher().key(),
          Secret("second"),
          {},
          repository.clock(),
          StopToken());
  const auto first = Repository::open(repository.backend(), test_password(), StopToken());
  const auto second = Repository::open(repository.backend(), Secret("second"), StopToken());
  EXPECT_TRUE(same_master_key(*first, *second));
  EXPECT_NE(first->key_id(), second->key_id());
  EXPECT_EQ(load_keys(repository->backend(), StopToken()).size(), 2);
  EXPECT_EQ(code_of_open(repository, "third"), ErrorCode::wrong_password);
}

TEST(Keys, OnlyAPasswordThatCanBeGuessedCostsMoreThanTheFloor) {
  EXPECT_TRUE(is_unguessable(Secret("aHqhb8zv9JDD3cw8nRqzr2J9P3gdWX9h"))) << "as init makes";
  for (const char* weak :
       {"", "short", "aHqhb8zv9JDD3cw8nRqzr2J9P3gdWX9", "aaaaaaaaaaaaaaaabbbbbbbbbbbbbbbb"}) {
    EXPECT_FALSE(is_unguessable(Secret(weak))) << weak;
  }
  MemoryRepository repository;
  const Secret strong("aHqhb8zv9JDD3cw8nRqzr2J9P3gdWX9h");
  change_password(*repository, strong, {}, repository.clock(), StopToken());
  const format::KeyFile key = load_keys(repository->backend(), StopToken()).front().key;
  EXPECT_EQ((std::array{key.n, key.r, key.p}), (std::array{32768U, 8U, 1U}));
  EXPECT_TRUE(Repository::open(repository.backend(), strong, StopToken()));
}

TEST(Keys, ARemovedPasswordOpensNothing) {
  MemoryRepository repository;
  const KeyId second = add_key(repository->backend(),
                               repository->cipher().key(),
                               Secret("second"),
                               {},
                               repository.clock(),
                               StopToken());
  remove_key(*repository, second, StopToken());
  EXPECT_EQ(code_of_open(repository, "second"), ErrorCode::wrong_password);
  EXPECT_THROW(remove_key(*repository, second, StopToken()), Error);
}

TEST(Keys, AKnownKeyIsNotDerivedAgain) {
  MemoryRepository repository;
  KnownKeys known;
  const auto first = Repository::open(repository.backend(), test_password(), known, StopToken());
  const auto again = Repository::open(repository.backend(), test_password(), known, StopToken());
  EXPECT_TRUE(same_master_key(*first, *again));
  EXPECT_EQ(first->key_id(), again->key_id());
  EXPECT_EQ(known.find(first->key_id(), test_password()), first->cipher().key());
  // What it gives is what is used: another one opens nothing.
  known.remember(first->key_id(), test_password(), MasterKey::random());
  EXPECT_THROW(Repository::open(repository.backend(), test_password(), known, StopToken()), Error);
}

TEST(Keys, AKnownKeyOpensNothingThatThePasswordWouldNot) {
  MemoryRepository repository;
  KnownKeys known;
  const KeyId second = add_key(repository->backend(),
                               repository->cipher().key(),
                               Secret("second"),
                               {},
                               repository.clock(),
                               StopToken());
  const auto opened = Repository::open(repository.backend(), Secret("second"), known, StopToken());
  ASSERT_EQ(opened->key_id(), second);
  EXPECT_EQ(known.find(second, Secret("another")), std::nullopt);
  EXPECT_EQ(known.find(repository->key_id(), Secret("second")), std::nullopt);
  remove_key(*repository, second, StopToken());
  try {
    Repository::open(repository.backend(), Secret("second"), known, StopToken());
    ADD_FAILURE() << "a removed key opened";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::wrong_password);
  }
}

TEST(Keys, TheKeyInUseCannotRemoveItself) {
  MemoryRepository repository;
  EXPECT_THROW(remove_key(*repository, repository->key_id(), StopToken()), Error);
  EXPECT_EQ(repository.count(FileType::key), 1);
}

TEST(Keys, ChangingThePasswordLeavesOneKey) {
  MemoryRepository repository;
  change_password(*repository, Secret("new"), {}, repository.clock(), StopToken());
  EXPECT_EQ(repository.count(FileType::key), 1);
  EXPECT_TRUE(Repository::open(repository.backend(), Secret("new"), StopToken()));
  EXPECT_EQ(code_of_open(repository, test_password().reveal()), ErrorCode::wrong_password);
}

TEST(Keys, ADamagedKeyFileIsNamedAndDoesNotStopAnother) {
  MemoryRepository repository;
  const std::string damaged(64, 'a');
  repository.store().save({FileType::key, damaged}, as_bytes("{\"created\":"), StopToken());
  EXPECT_TRUE(Repository::open(repository.backend(), test_password(), StopToken()));
  repository.store().remove({FileType::key, repository->key_id().hex()}, StopToken());
  EXPECT_EQ(code_of_open(repository, test_password().reveal()), ErrorCode::corrupt);
}

TEST(Keys, AnEmptyPasswordIsRefused) {
  MemoryRepository repository;
  EXPECT_THROW(add_key(repository->backend(),
                       repository->cipher().key(),
                       Secret(""),
                       {},
                       repository.clock(),
                       StopToken()),
               Error);
}

}  // namespace
}  // namespace hikae::testing
