// SPDX-License-Identifier: Apache-2.0
#include "service/unfinished_init.h"

#include <gmock/gmock.h>

#include "storage/memory.h"

namespace hikae {
namespace {

constexpr const char* kFile = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

Identity host(const std::string& name) {
  Identity identity;
  identity.hostname = name;
  return identity;
}

// A key file as "host1" wrote it, without the cost of deriving a real one.
void save_key(Backend& backend) {
  format::KeyFile key;
  key.hostname = "host1";
  key.n = 32768;
  key.r = 8;
  key.p = 1;
  key.salt.assign(64, 1);
  key.data.assign(100, 2);
  backend.save({FileType::key, kFile}, as_bytes(format::encode(key)), StopToken());
}

TEST(UnfinishedInit, OfThisHostIsCleared) {
  MemoryBackend backend;
  save_key(backend);
  EXPECT_EQ(clear_unfinished_init(backend, host("host1"), StopToken()), UnfinishedInit::cleared);
  EXPECT_TRUE(backend.is_empty(StopToken()));
}

TEST(UnfinishedInit, OfAnotherHostIsLeft) {
  MemoryBackend backend;
  save_key(backend);
  EXPECT_EQ(clear_unfinished_init(backend, host("host2"), StopToken()), UnfinishedInit::none);
  EXPECT_TRUE(backend.size({FileType::key, kFile}, StopToken()));
}

TEST(UnfinishedInit, KeyThatNobodyUnderstandsIsLeft) {
  MemoryBackend backend;
  backend.save({FileType::key, kFile}, as_bytes("not JSON"), StopToken());
  EXPECT_EQ(clear_unfinished_init(backend, host("host1"), StopToken()), UnfinishedInit::none);
  EXPECT_TRUE(backend.size({FileType::key, kFile}, StopToken()));
}

TEST(UnfinishedInit, RepositoryIsLeft) {
  MemoryBackend backend;
  save_key(backend);
  backend.save({FileType::config, ""}, as_bytes("config"), StopToken());
  EXPECT_EQ(clear_unfinished_init(backend, host("host1"), StopToken()), UnfinishedInit::none);
  EXPECT_TRUE(backend.size({FileType::key, kFile}, StopToken()));
}

class WithData : public ::testing::TestWithParam<FileType> {};

// A repository that lost its config still needs its keys.
TEST_P(WithData, IsLeft) {
  MemoryBackend backend;
  save_key(backend);
  backend.save({GetParam(), kFile}, as_bytes("data"), StopToken());
  EXPECT_EQ(clear_unfinished_init(backend, host("host1"), StopToken()), UnfinishedInit::none);
  EXPECT_TRUE(backend.size({FileType::key, kFile}, StopToken()));
}

INSTANTIATE_TEST_SUITE_P(UnfinishedInit,
                         WithData,
                         ::testing::Values(FileType::pack,
                                           FileType::index,
                                           FileType::snapshot,
                                           FileType::lock,
                                           FileType::policy,
                                           FileType::evidence,
                                           FileType::forgotten));

TEST(UnfinishedInit, EmptyPlaceIsNone) {
  MemoryBackend backend;
  EXPECT_EQ(clear_unfinished_init(backend, host("host1"), StopToken()), UnfinishedInit::none);
}

}  // namespace
}  // namespace hikae
