// SPDX-License-Identifier: Apache-2.0
#include "repository/blob_writer.h"

#include <random>
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/memory_repository.h"

namespace hikae::testing {
namespace {

using format::BlobType;

Bytes random_bytes(std::size_t size, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  Bytes bytes(size);
  for (auto& byte : bytes) byte = static_cast<std::uint8_t>(random());
  return bytes;
}

std::set<std::string> names(MemoryRepository& repository, FileType type) {
  std::set<std::string> found;
  repository.store().list(
      type, [&](const FileInfo& file) { found.insert(file.name); }, StopToken());
  return found;
}

BlobWriterOptions small_packs() {
  BlobWriterOptions options;
  options.pack_size = 256 * kKiB;
  return options;
}

TEST(BlobWriter, StoresWhatCanBeLoadedAgain) {
  MemoryRepository repository;
  const Index empty;
  const Bytes text = to_bytes(std::string(50'000, 'a'));
  const Bytes noise = random_bytes(100'000, 1);
  BlobWriter writer({{repository.get(), &empty}}, small_packs(), repository.clock(), StopToken());
  BlobScratch scratch(Compression::automatic);
  const auto first = writer.save(BlobType::data, text, scratch);
  const auto second = writer.save(BlobType::data, noise, scratch);
  const auto tree = writer.save(BlobType::tree, text, scratch);
  writer.finish();

  const Index index = repository->load_index(StopToken());
  EXPECT_EQ(repository->load_blob(index, BlobType::data, first.id, StopToken()), text);
  EXPECT_EQ(repository->load_blob(index, BlobType::data, second.id, StopToken()), noise);
  EXPECT_EQ(repository->load_blob(index, BlobType::tree, tree.id, StopToken()), text);
  // What does not shrink is kept as it is; trees and data do not share a pack.
  EXPECT_FALSE(index.find(BlobType::data, second.id)->blob.is_compressed());
  EXPECT_TRUE(index.find(BlobType::data, first.id)->blob.is_compressed());
  EXPECT_NE(index.find(BlobType::data, first.id)->pack, index.find(BlobType::tree, tree.id)->pack);
}

TEST(BlobWriter, StoresEachBlobOnceHoweverManyThreadsBringIt) {
  MemoryRepository repository;
  const Index empty;
  BlobWriter writer({{repository.get(), &empty}}, small_packs(), repository.clock(), StopToken());
  TaskGroup tasks{StopToken()};
  for (int thread = 0; thread < 4; ++thread) {
    tasks.spawn("save", [&](const StopToken&) {
      BlobScratch scratch(Compression::automatic);
      for (std::uint64_t i = 0; i < 100; ++i)
        writer.save(BlobType::data, random_bytes(3000, i), scratch);
    });
  }
  tasks.join();
  writer.finish();
  EXPECT_EQ(writer.totals().data_blobs, 100);
  EXPECT_EQ(repository->load_index(StopToken()).blob_count(), 100);
}

TEST(BlobWriter, RefusesWhatItsIndexCouldNotTell) {
  MemoryRepository repository;
  const Index empty;
  BlobWriter writer({{repository.get(), &empty}}, small_packs(), repository.clock(), StopToken());
  BlobScratch scratch(Compression::automatic);
  const Bytes small(1);
  // Refused by its length; nothing of it is read.
  const ByteView large(small.data(), std::size_t{2} * kGiB);
  try {
    writer.save(BlobType::tree, large, scratch);
    FAIL() << "must throw";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::unsupported);
    EXPECT_TRUE(error.hint());
  }
}

TEST(BlobWriter, WritesNothingThatTheIndexKnows) {
  MemoryRepository repository;
  const Index empty;
  BlobScratch scratch(Compression::automatic);
  {
    BlobWriter writer({{repository.get(), &empty}}, small_packs(), repository.clock(), StopToken());
    writer.save(BlobType::data, as_bytes("known"), scratch);
    writer.finish();
  }
  const Index index = repository->load_index(StopToken());
  const auto before = names(repository, FileType::pack);
  BlobWriter writer({{repository.get(), &index}}, small_packs(), repository.clock(), StopToken());
  EXPECT_TRUE(writer.save(BlobType::data, as_bytes("known"), scratch).known);
  writer.finish();
  EXPECT_EQ(names(repository, FileType::pack), before);
  EXPECT_EQ(repository.count(FileType::index), 1);
}

TEST(BlobWriter, GivesDestinationsOfOneKeyTheSamePacks) {
  MemoryRepository first;
  MemoryRepository second(first.shared());
  const Index empty;
  BlobWriter writer(
      {{first.get(), &empty}, {second.get(), &empty}}, small_packs(), first.clock(), StopToken());
  BlobScratch scratch(Compression::automatic);
  for (std::uint64_t i = 0; i < 50; ++i)
    writer.save(BlobType::data, random_bytes(20'000, i), scratch);
  writer.finish();
  EXPECT_GT(names(first, FileType::pack).size(), 1);
  EXPECT_EQ(names(first, FileType::pack), names(second, FileType::pack));
}

TEST(BlobWriter, SealsForEachKeyOfItsOwn) {
  MemoryRepository first;
  MemoryRepository second;
  const Index empty;
  BlobWriter writer(
      {{first.get(), &empty}, {second.get(), &empty}}, small_packs(), first.clock(), StopToken());
  BlobScratch scratch(Compression::automatic);
  const auto saved = writer.save(BlobType::data, as_bytes("both can read me"), scratch);
  writer.finish();
  for (Repository* repository : {first.get(), second.get()}) {
    const Index index = repository->load_index(StopToken());
    EXPECT_EQ(as_text(repository->load_blob(index, BlobType::data, saved.id, StopToken())),
              "both can read me");
  }
}

TEST(BlobWriter, SendsToEachDestinationOnlyWhatItLacks) {
  MemoryRepository first;
  MemoryRepository second(first.shared());
  const Index empty;
  BlobScratch scratch(Compression::automatic);
  {
    BlobWriter writer({{first.get(), &empty}}, small_packs(), first.clock(), StopToken());
    writer.save(BlobType::data, as_bytes("only in the first"), scratch);
    writer.finish();
  }
  const Index index = first->load_index(StopToken());
  BlobWriter writer(
      {{first.get(), &index}, {second.get(), &empty}}, small_packs(), first.clock(), StopToken());
  const BlobId id = id_cast<BlobId>(sha256(as_bytes("only in the first")));
  EXPECT_EQ(writer.lacking(BlobType::data, id), 2U);
  EXPECT_FALSE(writer.save(BlobType::data, as_bytes("only in the first"), scratch).known);
  EXPECT_EQ(writer.lacking(BlobType::data, id), 0U);
  writer.finish();
  EXPECT_EQ(first.count(FileType::pack), 1);
  EXPECT_EQ(second->load_index(StopToken()).blob_count(), 1);
}

TEST(BlobWriter, OneDestinationMayFailAtAnyWriteAndTheOtherIsWhole) {
  MemoryRepository shared_key;
  for (std::size_t nth = 1;; ++nth) {
    MemoryRepository good(shared_key.shared());
    MemoryRepository bad(shared_key.shared());
    bad.faults().add({Call::save,
                      std::nullopt,
                      nth,
                      Fault::Effect::fail_before,
                      Fault::Lasting::from_then_on,
                      ErrorCode::no_space,
                      Retry::no});
    const Index empty;
    BlobWriter writer(
        {{good.get(), &empty}, {bad.get(), &empty}}, small_packs(), good.clock(), StopToken());
    BlobScratch scratch(Compression::automatic);
    for (std::uint64_t i = 0; i < 20; ++i)
      writer.save(BlobType::data, random_bytes(50'000, i), scratch);
    writer.finish();
    EXPECT_FALSE(writer.failure(0));
    EXPECT_EQ(good->load_index(StopToken()).blob_count(), 20);
    if (!writer.failure(1)) break;  // the fault lay beyond the last write
    EXPECT_EQ(writer.failure(1)->code(), ErrorCode::no_space);
    EXPECT_EQ(writer.live(), 1U);
    ASSERT_LT(nth, 100);
  }
}

TEST(BlobWriter, ThrowsTheFirstFailureWhenNoDestinationIsLeft) {
  MemoryRepository repository;
  repository.faults().add({Call::save,
                           FileType::pack,
                           1,
                           Fault::Effect::fail_before,
                           Fault::Lasting::from_then_on,
                           ErrorCode::no_space,
                           Retry::no});
  const Index empty;
  BlobWriter writer({{repository.get(), &empty}}, small_packs(), repository.clock(), StopToken());
  BlobScratch scratch(Compression::automatic);
  const auto fill = [&] {
    for (std::uint64_t i = 0; i < 1000; ++i)
      writer.save(BlobType::data, random_bytes(50'000, i), scratch);
    writer.finish();
  };
  try {
    fill();
    FAIL() << "a full disk went unnoticed";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::no_space);
  }
  EXPECT_EQ(repository.count(FileType::index), 0);
}

TEST(BlobWriter, MovesAPackedBlobWithoutCompressingAgain) {
  MemoryRepository repository;
  const Index empty;
  const std::string content(10'000, 'z');
  const BlobId id = id_cast<BlobId>(sha256(as_bytes(content)));
  format::Compressor compressor;
  Bytes frame;
  compressor.compress(as_bytes(content), frame);
  BlobWriter writer({{repository.get(), &empty}}, small_packs(), repository.clock(), StopToken());
  BlobScratch scratch(Compression::automatic);
  writer.save_packed(
      BlobType::data, id, frame, static_cast<std::uint32_t>(content.size()), scratch);
  writer.finish();
  const Index index = repository->load_index(StopToken());
  EXPECT_EQ(as_text(repository->load_blob(index, BlobType::data, id, StopToken())), content);
  EXPECT_EQ(index.find(BlobType::data, id)->blob.length, frame.size() + Cipher::kOverhead);
}

}  // namespace
}  // namespace hikae::testing
