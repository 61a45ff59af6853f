// SPDX-License-Identifier: Apache-2.0
#include "repository/repository.h"

#include <gtest/gtest.h>

#include "repository/blob_writer.h"
#include "support/memory_repository.h"

namespace hikae::testing {
namespace {

using format::BlobType;

template <typename Action>
std::optional<ErrorCode> code_of(Action action) {
  try {
    action();
  } catch (const Error& error) {
    return error.code();
  }
  return std::nullopt;
}

// Replaces a stored file by something else, as a bad disk does.
void replace(MemoryRepository& repository, const FileHandle& file, ByteView content) {
  repository.store().remove(file, StopToken());
  repository.store().save(file, content, StopToken());
}

TEST(Repository, OpensNothingWhereNothingIs) {
  MemoryBackend empty;
  EXPECT_EQ(code_of([&] {
              Repository::open(empty.reopen(AccessMode::read_write), Secret("x"), StopToken());
            }),
            ErrorCode::no_repository);
}

TEST(Repository, IsNotMadeWhereSomethingLies) {
  MemoryRepository there;
  EXPECT_EQ(code_of([&] {
              Repository::create(
                  there.backend(), Secret("x"), {}, std::nullopt, there.clock(), StopToken());
            }),
            ErrorCode::already_exists);
}

TEST(Repository, WhoIsSecondToMakeItLeavesNoKeyBehind) {
  MemoryBackend store;
  auto backend = std::make_unique<FaultBackend>(store.reopen(AccessMode::read_write));
  // The other one's config came after we had looked.
  Fault fault;
  fault.type = FileType::config;
  fault.code = ErrorCode::already_exists;
  backend->add(fault);
  const FakeClock clock;
  EXPECT_EQ(code_of([&] {
              Repository::create(
                  std::move(backend), test_password(), {}, std::nullopt, clock, StopToken());
            }),
            ErrorCode::already_exists);
  store.list(
      FileType::key, [](const FileInfo& file) { ADD_FAILURE() << file.name; }, StopToken());
}

TEST(Repository, EveryTruncationOfTheConfigIsDamage) {
  MemoryRepository repository;
  const FileHandle config{FileType::config, ""};
  const Bytes whole = repository.store().load(config, StopToken());
  // Key derivation makes each opening slow: the interesting lengths only.
  for (const std::size_t length :
       {std::size_t{0}, std::size_t{31}, std::size_t{32}, whole.size() - 1}) {
    replace(repository, config, ByteView(whole).first(length));
    EXPECT_EQ(
        code_of([&] { Repository::open(repository.backend(), test_password(), StopToken()); }),
        ErrorCode::corrupt)
        << length;
  }
}

TEST(Repository, UnpackedFilesRoundTripAndDamageIsNamed) {
  MemoryRepository repository;
  const std::string json = R"({"packs":[]})";
  const std::string name = repository->save_unpacked(FileType::index, json, StopToken()).hex();
  EXPECT_EQ(repository->load_unpacked(FileType::index, name, StopToken()), json);
  const FileHandle file{FileType::index, name};
  const Bytes whole = repository.store().load(file, StopToken());
  for (std::size_t length = 0; length < whole.size(); ++length) {
    replace(repository, file, ByteView(whole).first(length));
    EXPECT_EQ(code_of([&] { repository->load_unpacked(FileType::index, name, StopToken()); }),
              ErrorCode::corrupt);
  }
  for (std::size_t at = 0; at < whole.size(); ++at) {
    Bytes flipped = whole;
    flipped[at] ^= 1;
    replace(repository, file, flipped);
    EXPECT_EQ(code_of([&] { repository->load_unpacked(FileType::index, name, StopToken()); }),
              ErrorCode::corrupt);
  }
}

TEST(Repository, ASpareCopyStandsInForADamagedBlob) {
  MemoryRepository repository;
  const Index empty;
  BlobId id;
  std::vector<FileHandle> packs;
  for (int copy = 0; copy < 2; ++copy) {
    BlobWriter writer({{repository.get(), &empty}}, {}, repository.clock(), StopToken());
    BlobScratch scratch(Compression::automatic);
    id = writer.save(BlobType::data, as_bytes("twice stored"), scratch).id;
    writer.finish();
  }
  const Index index = repository->load_index(StopToken());
  const auto places = index.find_all(BlobType::data, id);
  ASSERT_EQ(places.size(), 2);
  for (std::size_t damaged = 0; damaged < 2; ++damaged) {
    const FileHandle file{FileType::pack, places[damaged].pack.hex()};
    const Bytes whole = repository.store().load(file, StopToken());
    Bytes flipped = whole;
    flipped[20] ^= 1;
    replace(repository, file, flipped);
    EXPECT_EQ(as_text(repository->load_blob(index, BlobType::data, id, StopToken())),
              "twice stored");
    replace(repository, file, whole);
  }
  for (const BlobLocation& place : places)
    repository.store().remove({FileType::pack, place.pack.hex()}, StopToken());
  EXPECT_EQ(code_of([&] { repository->load_blob(index, BlobType::data, id, StopToken()); }),
            ErrorCode::not_found);
}

TEST(Repository, ReadsAPackHeaderFromItsEnd) {
  MemoryRepository repository;
  const Index empty;
  BlobWriter writer({{repository.get(), &empty}}, {}, repository.clock(), StopToken());
  BlobScratch scratch(Compression::automatic);
  writer.save(BlobType::data, as_bytes("one"), scratch);
  writer.save(BlobType::data, as_bytes("two, which is longer"), scratch);
  writer.finish();
  const Index index = repository->load_index(StopToken());
  const PackId pack = index.packs().front();
  const auto size = repository.store().size({FileType::pack, pack.hex()}, StopToken());
  std::vector<format::PackedBlob> indexed;
  index.for_each_pack([&](const format::IndexedPack& one) { indexed = one.blobs; });
  EXPECT_EQ(repository->load_pack_header(pack, *size, StopToken()), indexed);
}

TEST(Repository, UpdatesAnIndexByWhatIsNew) {
  MemoryRepository repository;
  Index index;
  std::unordered_set<std::string> loaded;
  for (std::size_t round = 1; round <= 3; ++round) {
    BlobWriter writer({{repository.get(), &index}}, {}, repository.clock(), StopToken());
    BlobScratch scratch(Compression::automatic);
    writer.save(BlobType::data, as_bytes("round " + std::to_string(round)), scratch);
    writer.finish();
    repository->update_index(index, loaded, StopToken());
    EXPECT_EQ(index.blob_count(), round);
    EXPECT_EQ(loaded.size(), round);
  }
}

TEST(Repository, LeavesADamagedSnapshotOutAndSaysSo) {
  class Counting final : public Log {
   public:
    void write(LogLevel, const Text&) override { ++count; }
    int count = 0;
  };
  MemoryRepository repository;
  format::Snapshot snapshot;
  snapshot.paths = {"/x"};
  snapshot.tree = id_cast<BlobId>(sha256(as_bytes("a tree")));
  repository->save_snapshot(snapshot, StopToken());
  repository.store().save(
      {FileType::snapshot, std::string(64, 'b')}, as_bytes("not a snapshot"), StopToken());
  Counting log;
  EXPECT_EQ(repository->load_snapshots(log, StopToken()).size(), 1);
  EXPECT_EQ(log.count, 1);
}

}  // namespace
}  // namespace hikae::testing
