// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>

#include <gmock/gmock.h>

#include "restore/load_tree.h"
#include "restore/verify_files.h"
#include "support.h"
#include "support/temp_dir.h"

namespace hikae::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

namespace fs = std::filesystem;

std::vector<std::string> paths(const RestoreReport& report) {
  std::vector<std::string> result;
  for (const RestoreItemError& error : report.errors) result.push_back(error.path);
  return result;
}

// Changes one byte in the middle of a blob as it is stored.
void damage(HandMade& made, const BlobLocation& place) {
  Backend& backend = made.repository().backend();
  const FileHandle file{FileType::pack, place.pack.hex()};
  Bytes pack = backend.load(file, {});
  pack[place.blob.offset + place.blob.length / 2] ^= 1U;
  backend.remove(file, {});
  backend.save(file, pack, {});
}

TEST(RestoreDamage, ADamagedBlobIsTheErrorOfItsFileOnly) {
  HandMade made;
  const format::Node bad = made.file("bad", noise(40'000, 11), 10'000);
  const BlobId root = made.tree(
      {bad, made.file("good", noise(40'000, 12), 10'000), made.file("small", "still here")});
  made.commit();
  damage(made, *made.index().find(format::BlobType::data, bad.content[2]));
  const TempDir folder;
  const RestoreReport report = made.restore(root, to(folder / "out"));
  EXPECT_THAT(paths(report), ElementsAre("/bad"));
  EXPECT_EQ(report.errors[0].message.key, "restore.content_damaged");
  EXPECT_EQ(report.files_restored, 2U);
  EXPECT_EQ(read_file(folder / "out/good"), noise(40'000, 12));
  EXPECT_EQ(read_file(folder / "out/small"), "still here");
}

TEST(RestoreDamage, AnotherCopyOfTheBlobIsUsed) {
  HandMade first;
  const format::Node node = first.file("f", noise(10'000, 21));
  const BlobId root = first.tree({node});
  first.commit();
  HandMade second;
  second.file("f", noise(10'000, 21));
  const Index& index = second.commit();
  const auto places = index.find_all(format::BlobType::data, node.content[0]);
  ASSERT_THAT(places, SizeIs(2));
  damage(second, *index.find(format::BlobType::data, node.content[0]));
  const TempDir folder;
  EXPECT_THAT(second.restore(root, to(folder / "out")).errors, IsEmpty());
  EXPECT_EQ(read_file(folder / "out/f"), noise(10'000, 21));
}

// An entry that is wrong comes first: by it the places of all blobs of the file are reckoned.
TEST(RestoreDamage, AWrongLengthInTheIndexIsNoticedAlthoughThereIsAGoodCopy) {
  HandMade made;
  const format::Node node = made.file("f", noise(30'000, 22), 10'000);
  const BlobId root = made.tree({node, made.file("g", noise(10'000, 23))});
  made.commit();
  BlobLocation wrong = *made.index().find(format::BlobType::data, node.content[0]);
  wrong.blob.length += 500;
  Index index;
  index.add({wrong.pack, {wrong.blob}});
  made.index().for_each_pack([&](const format::IndexedPack& pack) { index.add(pack); });
  made.index() = std::move(index);
  const TempDir folder;
  const RestoreReport report = made.restore(root, to(folder / "out"));
  EXPECT_THAT(paths(report), ElementsAre("/f"));
  EXPECT_EQ(report.errors[0].message.key, "restore.content_damaged");
  EXPECT_EQ(read_file(folder / "out/g"), noise(10'000, 23));
}

TEST(RestoreDamage, AMissingPackIsTheErrorOfItsFiles) {
  HandMade made;
  const format::Node a = made.file("a", noise(5'000, 31));
  const BlobId root = made.tree({a, made.file("empty", ""), made.folder("sub", {})});
  made.commit();
  const auto place = made.index().find(format::BlobType::data, a.content[0]);
  made.repository().backend().remove({FileType::pack, place->pack.hex()}, {});
  const TempDir folder;
  const RestoreReport report = made.restore(root, to(folder / "out"));
  EXPECT_THAT(paths(report), ElementsAre("/a"));
  EXPECT_TRUE(fs::exists(folder / "out/empty"));
  EXPECT_TRUE(fs::exists(folder / "out/sub"));
}

TEST(RestoreDamage, ABlobThatTheIndexDoesNotKnow) {
  HandMade made;
  format::Node node = made.file("f", "x");
  node.content.push_back(BlobId::parse(std::string(64, 'a')).value());
  const BlobId root = made.tree({node, made.file("g", "y")});
  const TempDir folder;
  const RestoreReport report = made.restore(root, to(folder / "out"));
  EXPECT_THAT(paths(report), ElementsAre("/f"));
  EXPECT_EQ(report.errors[0].message.key, "restore.blob_unknown");
  EXPECT_FALSE(fs::exists(folder / "out/f"));
  EXPECT_EQ(read_file(folder / "out/g"), "y");
}

TEST(RestoreDamage, ADamagedFolderKeepsWhatTheTargetHolds) {
  HandMade made;
  format::Node folder_node = made.folder("sub", {});
  folder_node.subtree = made.raw_tree("{\"nodes\":[nonsense");
  const BlobId root = made.tree({folder_node, made.file("f", "x")});
  const TempDir folder;
  write_file(folder / "out/sub/kept", "kept");
  RestoreOptions options = to(folder / "out");
  options.delete_extra = DeleteExtra::yes;
  const RestoreReport report = made.restore(root, options);
  EXPECT_THAT(paths(report), ElementsAre("/sub"));
  EXPECT_EQ(read_file(folder / "out/sub/kept"), "kept");
  EXPECT_EQ(read_file(folder / "out/f"), "x");
}

TEST(RestoreDamage, AFullDiskStopsTheRestore) {
  const TempDir folder;
  const std::string out = folder / "small";
  fs::create_directories(out);
  if (geteuid() != 0 || mount("tmpfs", out.c_str(), "tmpfs", 0, "size=256k") != 0) {
    GTEST_SKIP() << "needs the right to mount";
  }
  HandMade made;
  std::vector<format::Node> files;
  for (std::uint32_t i = 0; i < 20; ++i) {
    files.push_back(made.file("f" + std::to_string(i), noise(50'000, 40 + i), 20'000));
  }
  const BlobId root = made.tree(files);
  try {
    made.restore(root, to(out));
    ADD_FAILURE() << "was not noticed";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::no_space);
    EXPECT_TRUE(error.hint().has_value());
    EXPECT_THAT(render(error, Language::en), ::testing::HasSubstr(out));
  }
  EXPECT_EQ(umount(out.c_str()), 0);
}

TEST(RestoreDamage, VerifiesWhatItWroteAndNothingElse) {
  HandMade made;
  const BlobId root = made.tree({made.file("f", noise(30'000, 61), 10'000)});
  const TempDir folder;
  RestoreOptions options = to(folder / "out");
  options.overwrite = Overwrite::if_changed;
  options.verify = VerifyAfter::yes;
  // What is trusted is not read, so nothing is claimed about it either.
  write_file(folder / "out/f", std::string(30'000, 'x'));
  const timespec times[2] = {{kSomeTime, 123456789}, {kSomeTime, 123456789}};
  ASSERT_EQ(utimensat(AT_FDCWD, (folder / "out/f").c_str(), times, 0), 0);
  const RestoreReport trusted = made.restore(root, options);
  EXPECT_EQ(trusted.files_verified, 0U);
  EXPECT_EQ(trusted.files_unchanged, 1U);

  options.overwrite = Overwrite::always;
  const RestoreReport checked = made.restore(root, options);
  EXPECT_THAT(checked.errors, IsEmpty());
  EXPECT_EQ(checked.files_verified, 1U);
}

TEST(RestoreDamage, VerificationNamesTheOffset) {
  HandMade made;
  const BlobId root = made.tree({made.file("changed", noise(30'000, 71), 10'000),
                                 made.file("short", noise(30'000, 72), 10'000),
                                 made.file("long", noise(30'000, 73), 10'000),
                                 made.file("good", noise(30'000, 74), 10'000)});
  const TempDir folder;
  const RestoreOptions options = to(folder / "out");
  ASSERT_THAT(made.restore(root, options).errors, IsEmpty());
  std::string content = noise(30'000, 71);
  content[15'000] ^= 1;
  write_file(folder / "out/changed", content);
  fs::resize_file(folder / "out/short", 29'999);
  fs::resize_file(folder / "out/long", 30'001);

  RestoreProgress progress;
  NullLog log;
  restore::Context context{made.repository(), made.index(), options, progress, log, {}, {}};
  const restore::PathSelection everything(options);
  restore::TreeLoader loader(context, everything, root);
  loader.work({});
  const restore::RestoreTree tree = loader.finish();
  restore::Folders folders(tree, os::open_file(options.target, O_RDONLY | O_DIRECTORY));
  restore::FileVerifier verifier(context, tree, folders);
  for (const restore::FileItem& file : tree.files) verifier.verify(file, {});
  const std::vector<RestoreItemError> errors = context.errors.take();
  ASSERT_THAT(errors, SizeIs(3));
  EXPECT_EQ(errors[0].path, "/changed");
  EXPECT_EQ(errors[0].message, text("restore.verify_failed", {{"offset", "10000"}}));
  EXPECT_EQ(errors[1].message.key, "restore.verify_size");
  EXPECT_EQ(errors[2].message.key, "restore.verify_failed");
  EXPECT_EQ(context.counters.files_verified, 1U);
}

}  // namespace
}  // namespace hikae::testing
