// SPDX-License-Identifier: Apache-2.0
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <map>

#include <gmock/gmock.h>

#include "concurrency/guarded.h"
#include "crypto/crc32c.h"
#include "crypto/hash.h"
#include "storage/forward.h"
#include "support.h"
#include "support/compare_trees.h"
#include "support/temp_dir.h"

namespace hikae::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

namespace fs = std::filesystem;

TEST(Restore, MakesFilesFoldersAndLinks) {
  HandMade made;
  const BlobId root = made.tree({
      made.file("a", "hello"),
      made.file("empty", ""),
      made.folder("sub", {made.file("b", noise(300'000, 1), 65'536), made.folder("deep", {})}),
      HandMade::symlink("link", "sub/b"),
  });
  const TempDir folder;
  const RestoreReport report = made.restore(root, to(folder / "out/of/nothing"));
  const std::string out = folder / "out/of/nothing";
  EXPECT_THAT(report.errors, IsEmpty());
  EXPECT_EQ(report.files_restored, 3U);
  EXPECT_EQ(report.directories, 2U);
  EXPECT_EQ(report.others, 1U);
  EXPECT_EQ(report.bytes_written, 300'005U);
  EXPECT_EQ(read_file(out + "/a"), "hello");
  EXPECT_EQ(fs::file_size(out + "/empty"), 0U);
  EXPECT_EQ(read_file(out + "/sub/b"), noise(300'000, 1));
  EXPECT_EQ(read_link(out + "/link"), "sub/b");
  EXPECT_TRUE(fs::is_directory(out + "/sub/deep"));
}

TEST(Restore, OneBlobServesManyFilesAndManyPlaces) {
  HandMade made;
  const std::string block(50'000, 'x');
  std::vector<format::Node> files;
  for (int i = 0; i < 2500; ++i) files.push_back(made.file("f" + std::to_string(i), "same"));
  files.push_back(made.file("repeated", block + block + block + "end", block.size()));
  const BlobId root = made.tree(files);
  const TempDir folder;
  const RestoreReport report = made.restore(root, to(folder / "out"));
  EXPECT_THAT(report.errors, IsEmpty());
  EXPECT_EQ(report.files_restored, 2501U);
  EXPECT_EQ(read_file(folder / "out/f2499"), "same");
  EXPECT_EQ(read_file(folder / "out/repeated"), block + block + block + "end");
}

TEST(Restore, ManyLargeFilesShareTheOpenFiles) {
  HandMade made(Compression::off);
  std::vector<format::Node> files;
  for (std::uint32_t i = 0; i < 300; ++i) {
    files.push_back(made.file("f" + std::to_string(i), noise(40'000, i), 1'000));
  }
  const BlobId root = made.tree(files);
  const TempDir folder;
  RestoreOptions options = to(folder / "out");
  options.verify = VerifyAfter::yes;
  const RestoreReport report = made.restore(root, options);
  EXPECT_THAT(report.errors, IsEmpty());
  EXPECT_EQ(report.files_verified, 300U);
  EXPECT_EQ(read_file(folder / "out/f299"), noise(40'000, 299));
}

class Collected final : public WrittenFiles {
 public:
  void add(const std::string& path, std::uint64_t size, std::uint32_t crc32c) override {
    files.lock()->emplace(path, std::pair(size, crc32c));
  }
  Guarded<std::map<std::string, std::pair<std::uint64_t, std::uint32_t>>> files;
};

TEST(Restore, TellsTheChecksumOfEachFileThatItWrote) {
  HandMade made;
  const std::map<std::string, std::string> contents = {
      {"/pieces", noise(300'001, 1)},
      {"/folder/zeros", std::string(200'000, '\0')},
      {"/folder/empty", ""},
      {"/whole", "123456789"}};
  const BlobId root =
      made.tree({made.file("pieces", contents.at("/pieces"), 4'096),
                 made.folder("folder",
                             {made.file("zeros", contents.at("/folder/zeros"), 65'536),
                              made.file("empty", "")}),
                 made.file("whole", contents.at("/whole"))});
  const TempDir folder;
  Collected written;
  RestoreOptions options = to(folder / "out");
  options.written = &written;

  EXPECT_THAT(made.restore(root, options).errors, IsEmpty());

  std::map<std::string, std::pair<std::uint64_t, std::uint32_t>> expected;
  for (const auto& [path, content] : contents) {
    Crc32c sum;
    sum.update(as_bytes(content));
    expected.emplace(path, std::pair(content.size(), sum.value()));
  }
  EXPECT_EQ(*written.files.lock(), expected);
}

TEST(Restore, TellsNoChecksumOfAFileThatLacksABlob) {
  HandMade made;
  format::Node broken = made.file("broken", noise(20'000, 5), 10'000);
  broken.content.push_back(id_cast<BlobId>(sha256(as_bytes("nobody has it"))));
  const BlobId root = made.tree({broken, made.file("good", "x")});
  const TempDir folder;
  Collected written;
  RestoreOptions options = to(folder / "out");
  options.written = &written;

  EXPECT_EQ(made.restore(root, options).errors.size(), 1U);

  EXPECT_EQ(written.files.lock()->count("/broken"), 0U);
  EXPECT_EQ(written.files.lock()->count("/good"), 1U);
}

TEST(Restore, IncludesAndExcludesByPath) {
  HandMade made;
  const BlobId root =
      made.tree({made.folder("etc",
                             {made.file("passwd", "p"),
                              made.file("shadow", "s"),
                              made.folder("ssh", {made.file("config", "c"), made.file("key", "k")}),
                              made.folder("empty", {})})});
  const TempDir folder;
  RestoreOptions options = to(folder / "some");
  options.include = {"/etc/ssh", "passwd"};
  options.exclude = {"key"};
  EXPECT_THAT(made.restore(root, options).errors, IsEmpty());
  EXPECT_TRUE(fs::exists(folder / "some/etc/passwd"));
  EXPECT_TRUE(fs::exists(folder / "some/etc/ssh/config"));
  EXPECT_FALSE(fs::exists(folder / "some/etc/ssh/key"));
  EXPECT_FALSE(fs::exists(folder / "some/etc/shadow"));
  EXPECT_FALSE(fs::exists(folder / "some/etc/empty"));
  // A folder that is only on the way gets its metadata, too.
  struct stat status {};
  ASSERT_EQ(stat((folder / "some/etc").c_str(), &status), 0);
  EXPECT_EQ(status.st_mtim.tv_sec, kSomeTime);
}

TEST(Restore, IncludesAndExcludesWithoutRegardToCase) {
  HandMade made;
  const BlobId root = made.tree({made.folder("Photos",
                                             {made.file("A.JPG", "a"),
                                              made.file("b.jpg", "b"),
                                              made.file("c.TXT", "c"),
                                              made.folder("Cache", {made.file("d.jpg", "d")})}),
                                 made.file("E.Jpg", "e"),
                                 made.file("f.png", "f")});
  const TempDir folder;
  RestoreOptions options = to(folder / "some");
  options.include = {"*.png"};
  options.include_any_case = {"*.jPG", "!b.*"};
  options.exclude_any_case = {"/photos/CACHE"};
  EXPECT_THAT(made.restore(root, options).errors, IsEmpty());
  EXPECT_TRUE(fs::exists(folder / "some/Photos/A.JPG"));
  EXPECT_TRUE(fs::exists(folder / "some/E.Jpg"));
  EXPECT_TRUE(fs::exists(folder / "some/f.png"));
  EXPECT_FALSE(fs::exists(folder / "some/Photos/b.jpg"));
  EXPECT_FALSE(fs::exists(folder / "some/Photos/c.TXT"));
  EXPECT_FALSE(fs::exists(folder / "some/Photos/Cache"));
}

TEST(Restore, SubfolderLandsInTheTarget) {
  HandMade made;
  const BlobId root = made.tree(
      {made.folder("etc", {made.file("passwd", "p"), made.folder("x", {made.file("y", "z")})}),
       made.file("other", "o")});
  const TempDir folder;
  RestoreOptions options = to(folder / "out");
  options.subfolder = "/etc";
  options.include = {"/x"};
  EXPECT_THAT(made.restore(root, options).errors, IsEmpty());
  EXPECT_EQ(read_file(folder / "out/x/y"), "z");
  EXPECT_FALSE(fs::exists(folder / "out/passwd"));

  options.subfolder = "/nowhere";
  EXPECT_THROW(made.restore(root, options), Error);
  options.subfolder = "/other";
  EXPECT_THROW(made.restore(root, options), Error);
}

TEST(Restore, DeletesOnlyWhatTheSelectionCovers) {
  HandMade made;
  const BlobId root = made.tree(
      {made.folder("work", {made.file("a", "1")}), made.folder("other", {made.file("b", "2")})});
  const TempDir folder;
  const std::string out = folder / "out";
  write_file(out + "/work/extra", "x");
  write_file(out + "/work/extra_folder/deep/file", "x");
  write_file(out + "/work/kept.log", "x");
  write_file(out + "/work/mixed/kept.log", "x");
  write_file(out + "/work/mixed/gone", "x");
  write_file(out + "/other/extra", "x");
  write_file(out + "/top", "x");
  RestoreOptions options = to(out);
  options.delete_extra = DeleteExtra::yes;
  options.include = {"/work"};
  options.exclude = {"*.log"};

  const RestorePlanSummary plan = plan_restore(made.repository(), made.commit(), root, options, {});
  std::vector<std::string> planned;
  for (const RestorePlanItem& item : plan.items) {
    if (item.action == RestorePlanItem::Action::remove) planned.push_back(item.path);
  }
  EXPECT_THAT(planned,
              ElementsAre("/work/extra",
                          "/work/extra_folder",
                          "/work/extra_folder/deep",
                          "/work/extra_folder/deep/file",
                          "/work/mixed/gone"));
  EXPECT_TRUE(fs::exists(out + "/work/extra"));

  const RestoreReport report = made.restore(root, options);
  EXPECT_THAT(report.errors, IsEmpty());
  EXPECT_EQ(report.deleted, planned.size());
  EXPECT_FALSE(fs::exists(out + "/work/extra"));
  EXPECT_FALSE(fs::exists(out + "/work/extra_folder"));
  EXPECT_TRUE(fs::exists(out + "/work/kept.log"));
  EXPECT_TRUE(fs::exists(out + "/work/mixed/kept.log"));
  EXPECT_TRUE(fs::exists(out + "/other/extra"));
  EXPECT_TRUE(fs::exists(out + "/top"));
}

TEST(Restore, DeletesAllExtrasWithoutPatterns) {
  HandMade made;
  const BlobId root = made.tree({made.file("a", "1")});
  const TempDir folder;
  write_file(folder / "out/extra/file", "x");
  fs::create_symlink(folder / "elsewhere", folder / "out/link");
  write_file(folder / "elsewhere/precious", "x");
  RestoreOptions options = to(folder / "out");
  options.delete_extra = DeleteExtra::yes;
  EXPECT_THAT(made.restore(root, options).errors, IsEmpty());
  EXPECT_FALSE(fs::exists(folder / "out/extra"));
  EXPECT_FALSE(fs::is_symlink(folder / "out/link"));
  EXPECT_TRUE(fs::exists(folder / "elsewhere/precious"));
}

TEST(Restore, RefusesToEmptyTheWholeMachine) {
  HandMade made;
  const BlobId root = made.tree({});
  RestoreOptions options = to("//");
  options.delete_extra = DeleteExtra::yes;
  try {
    made.restore(root, options);
    FAIL() << "was not refused";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::invalid_argument);
    EXPECT_TRUE(error.hint().has_value());
  }
  EXPECT_THROW(made.restore(root, to("relative/path")), Error);
}

TEST(Restore, PlanWritesNothing) {
  HandMade made;
  const BlobId root = made.tree({made.file("a", "12345"),
                                 made.folder("sub", {made.file("b", "678")}),
                                 HandMade::symlink("s", "a")});
  const TempDir folder;
  const RestorePlanSummary plan =
      plan_restore(made.repository(), made.commit(), root, to(folder / "out"), {});
  EXPECT_FALSE(fs::exists(folder / "out"));
  EXPECT_EQ(plan.files, 2U);
  EXPECT_EQ(plan.directories, 1U);
  EXPECT_EQ(plan.others, 1U);
  EXPECT_EQ(plan.bytes, 8U);
  EXPECT_EQ(plan.bytes_to_write, 8U);
  std::vector<std::string> paths;
  for (const RestorePlanItem& item : plan.items) {
    EXPECT_EQ(item.action, RestorePlanItem::Action::create) << item.path;
    paths.push_back(item.path);
  }
  EXPECT_THAT(paths, ElementsAre("/a", "/s", "/sub", "/sub/b"));
}

TEST(Restore, LeavesHolesWhereOnlyZerosAre) {
  HandMade made;
  const std::string zeros(1'000'000, '\0');
  const std::string mixed = "begin" + zeros + "end";
  const BlobId root = made.tree({made.file("zeros", zeros, 300'000),
                                 made.file("mixed", mixed, 300'000),
                                 made.file("one", zeros),
                                 made.file("dense", noise(100'000, 7))});
  const TempDir folder;
  RestoreOptions options = to(folder / "out");
  options.sparse = Sparse::yes;
  options.verify = VerifyAfter::yes;
  const RestoreReport report = made.restore(root, options);
  EXPECT_THAT(report.errors, IsEmpty());
  EXPECT_EQ(report.files_verified, 4U);
  const auto blocks = [&](const std::string& name) {
    struct stat status {};
    stat((folder / ("out/" + name)).c_str(), &status);
    return status.st_blocks * 512;
  };
  EXPECT_EQ(read_file(folder / "out/mixed"), mixed);
  EXPECT_EQ(read_file(folder / "out/zeros"), zeros);
  EXPECT_EQ(read_file(folder / "out/one"), zeros);
  EXPECT_EQ(blocks("zeros"), 0);
  EXPECT_EQ(blocks("one"), 0);
  EXPECT_LE(blocks("mixed"), 16384);
  EXPECT_GE(blocks("dense"), 100'000);
}

TEST(Restore, StopsWhenAsked) {
  HandMade made;
  const BlobId root = made.tree({made.file("a", "1")});
  std::stop_source source;
  source.request_stop();
  const TempDir folder;
  EXPECT_THROW(made.restore(root, to(folder / "out"), source.get_token()), Cancelled);
  EXPECT_FALSE(fs::exists(folder / "out/a"));
}

// Requests a stop when content is read for the first time.
class StoppingBackend final : public ForwardingBackend {
 public:
  StoppingBackend(std::unique_ptr<Backend> inner, std::stop_source& source)
      : ForwardingBackend(std::move(inner)), source_(source) {}
  void load_range(const FileHandle& file,
                  std::uint64_t offset,
                  MutableByteView out,
                  const StopToken& stop) override {
    if (out.size() > 100'000) source_.request_stop();
    ForwardingBackend::load_range(file, offset, out, stop);
  }

 private:
  std::stop_source& source_;
};

TEST(Restore, StopsInTheMiddle) {
  HandMade made;
  std::vector<format::Node> files;
  for (std::uint32_t i = 0; i < 10; ++i) {
    files.push_back(made.file("f" + std::to_string(i), noise(1'000'000, 500 + i)));
  }
  const BlobId root = made.tree(files);
  const Index& index = made.commit();
  std::stop_source source;
  auto& memory = dynamic_cast<MemoryBackend&>(made.repository().backend());
  const auto repository = Repository::open(
      std::make_unique<StoppingBackend>(memory.reopen(AccessMode::read_only), source),
      test_password(),
      {});
  const TempDir folder;
  RestoreProgress progress;
  NullLog log;
  EXPECT_THROW(
      run_restore(*repository, index, root, to(folder / "out"), progress, log, source.get_token()),
      Cancelled);
  EXPECT_LT(progress.files_done, 10U);
}

TEST(Restore, TellsItsProgress) {
  HandMade made;
  const BlobId root = made.tree({made.file("a", noise(10'000, 3), 999), made.file("b", "x")});
  made.commit();
  const TempDir folder;
  RestoreProgress progress;
  NullLog log;
  run_restore(made.repository(), made.index(), root, to(folder / "out"), progress, log, {});
  EXPECT_EQ(progress.files_total, 2U);
  EXPECT_EQ(progress.files_done, 2U);
  EXPECT_EQ(progress.bytes_total, 10'001U);
  EXPECT_EQ(progress.bytes_done, 10'001U);
}

}  // namespace
}  // namespace hikae::testing
