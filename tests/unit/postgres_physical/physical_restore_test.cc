// SPDX-License-Identifier: Apache-2.0
// Our own restore of a physical backup: started, verified, and refused where it would harm.
#include "service/physical_restore.h"

#include "crypto/crc32c.h"
#include "service/verify_manifest.h"
#include "support.h"

namespace hikae::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class PhysicalRestoreTest : public PhysicalTest {
 protected:
  PhysicalRestoreTest() { std::filesystem::create_directory(dir_ / "copy"); }

  // As a policy's source lays it: /postgres/physical.
  void back_up_in_place() {
    class Folder final : public SourceDirectory {
     public:
      using Open = std::function<std::unique_ptr<SourceDirectory>()>;
      Folder(std::string name, Open open) : name_(std::move(name)), open_(std::move(open)) {}
      std::vector<SourceEntry> read(ItemErrorSink&) override {
        SourceEntry entry;
        entry.node.name = name_;
        entry.node.type = format::NodeType::dir;
        entry.node.mode = format::kModeDir | 0755;
        return {entry};
      }
      std::unique_ptr<SourceDirectory> open_directory(const SourceEntry&) override {
        return open_();
      }
      std::unique_ptr<SourceFile> open_file(const SourceEntry&) override { return nullptr; }

     private:
      std::string name_;
      Open open_;
    };
    class Placed final : public Source {
     public:
      explicit Placed(Source& physical) : physical_(physical) {}
      std::unique_ptr<SourceDirectory> open_root() override {
        return std::make_unique<Folder>("postgres", [this] {
          return std::make_unique<Folder>("physical", [this] { return physical_.open_root(); });
        });
      }
      std::vector<std::string> paths() const override { return {"/postgres"}; }
      std::vector<std::string> excludes() const override { return {}; }

     private:
      Source& physical_;
    };
    PhysicalSource physical(options(), StopToken());
    Placed placed(physical);
    tree_ = kit_.run(placed).tree;
    index_.emplace(repository_->load_index(StopToken()));
  }

  PhysicalRestoreOptions to(const std::string& name) const {
    PhysicalRestoreOptions options;
    options.target = dir_ / ("copy/" + name);
    return options;
  }
  PhysicalRestorePlan plan(const PhysicalRestoreOptions& options) {
    PhysicalRestorePlan made =
        plan_physical_restore(*repository_, *index_, tree_, options, StopToken());
    require_free_places(made);
    return made;
  }
  PhysicalRestoreReport restore_to(const PhysicalRestoreOptions& options) {
    RestoreProgress progress;
    NullLog log;
    return apply_physical_restore(
        *repository_, *index_, tree_, plan(options), options, progress, log, StopToken());
  }
  void expect_verified(const std::string& data) const {
    EXPECT_THAT(server_.run({PostgresServer::programs() + "/pg_verifybackup", data}),
                HasSubstr("successfully verified"));
  }

  BlobId tree_;
  std::optional<Index> index_;
};

TEST_F(PhysicalRestoreTest, BringsTheClusterWithItsTablespacesToNewPlaces) {
  const std::string old_place = server_.own_folder() + "/slow";
  std::filesystem::create_directory(old_place);
  server_.own(old_place);
  server_.sql("CREATE TABLESPACE slow LOCATION '" + old_place + "'");
  server_.sql("CREATE TABLE moved TABLESPACE slow AS SELECT generate_series(1, 500) AS i");
  back_up_in_place();
  server_.sql("DROP TABLE moved");
  server_.sql("DROP TABLESPACE slow");
  PhysicalRestoreOptions options = to("made/by-us/data");
  options.tablespaces = {{old_place, dir_ / "copy/new place"}};

  const mode_t before = umask(0077);
  const PhysicalRestoreReport report = restore_to(options);
  umask(before);

  EXPECT_THAT(report.restore.errors, IsEmpty());
  EXPECT_GT(report.files_verified, 900U);
  expect_verified(options.target);
  server_.own(dir_ / "copy");
  EXPECT_EQ(start_and_ask(options.target, "SELECT sum(i) FROM moved"), "125250");
  EXPECT_THAT(read_file(options.target + "/global/pg_control"), ::testing::Not(IsEmpty()));
  struct stat status {};
  ASSERT_EQ(stat(options.target.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777U, 0700U);
  // The server's user gets there.
  for (const char* above : {"copy/made", "copy/made/by-us"}) {
    ASSERT_EQ(stat((dir_ / above).c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 07777U, 0755U) << above;
  }
}

TEST_F(PhysicalRestoreTest, IsTakenBackWithoutFollowingLinks) {
  const std::string old_place = server_.own_folder() + "/fast";
  std::filesystem::create_directory(old_place);
  server_.own(old_place);
  server_.sql("CREATE TABLESPACE fast LOCATION '" + old_place + "'");
  server_.sql("CREATE TABLE t TABLESPACE fast AS SELECT 1 AS i");
  back_up_in_place();
  server_.sql("DROP TABLE t");
  server_.sql("DROP TABLESPACE fast");
  PhysicalRestoreOptions options = to("data");
  options.tablespaces = {{old_place, dir_ / "copy/there before"}};
  std::filesystem::create_directory(dir_ / "copy/there before");
  const PhysicalRestorePlan planned = plan(options);
  RestoreProgress progress;
  NullLog log;
  apply_physical_restore(
      *repository_, *index_, tree_, planned, options, progress, log, StopToken());
  write_file(dir_ / "copy/elsewhere/kept", "x");
  std::filesystem::create_symlink(dir_ / "copy/elsewhere", options.target + "/base/link");

  discard_physical_restore(planned);

  EXPECT_FALSE(std::filesystem::exists(options.target));
  EXPECT_TRUE(std::filesystem::is_empty(dir_ / "copy/there before"));
  EXPECT_EQ(read_file(dir_ / "copy/elsewhere/kept"), "x");
}

TEST_F(PhysicalRestoreTest, RefusesPlacesThatAreInUse) {
  back_up_in_place();
  PhysicalRestoreOptions live;
  live.target = server_.data();
  EXPECT_THROW(plan(live), Error);
  write_file(dir_ / "copy/used/something", "x");
  EXPECT_THROW(plan(to("used")), Error);
  PhysicalRestoreOptions unknown = to("data");
  unknown.tablespaces = {{"/nowhere", dir_ / "copy/x"}};
  EXPECT_THROW(plan(unknown), Error);
}

TEST_F(PhysicalRestoreTest, RefusesTheOldPlaceOfATablespaceAsLongAsItIsUsed) {
  const std::string place = server_.own_folder() + "/busy";
  std::filesystem::create_directory(place);
  server_.own(place);
  server_.sql("CREATE TABLESPACE busy LOCATION '" + place + "'");
  back_up_in_place();
  EXPECT_THROW(plan(to("data")), Error);
  server_.sql("DROP TABLESPACE busy");
  EXPECT_EQ(plan(to("data")).places.at(1).target, place);
  PhysicalRestoreOptions inside = to("data");
  inside.tablespaces = {{place, inside.target + "/tablespace"}};
  EXPECT_THROW(plan(inside), Error);
}

TEST_F(PhysicalRestoreTest, FindsWhatDiffersFromTheManifest) {
  back_up_in_place();
  const PhysicalRestoreOptions options = to("data");
  EXPECT_THAT(restore_to(options).restore.errors, IsEmpty());

  std::filesystem::remove(options.target + "/PG_VERSION");
  write_file(options.target + "/global/pg_filenode.map", "short");
  std::string control = read_file(options.target + "/global/pg_control");
  control[100] ^= 1;
  write_file(options.target + "/global/pg_control", control);

  std::vector<std::string> paths;
  for (const auto& error : verify_manifest(options.target, PassedFiles(), 2, StopToken()).errors)
    paths.push_back(error.path);
  EXPECT_THAT(paths, ElementsAre("PG_VERSION", "global/pg_control", "global/pg_filenode.map"));
}

TEST_F(PhysicalRestoreTest, ReadsOnlyWhatWasNotWrittenAsTheManifestSays) {
  back_up_in_place();
  const PhysicalRestoreOptions options = to("data");
  EXPECT_THAT(restore_to(options).restore.errors, IsEmpty());
  const std::string version = read_file(options.target + "/PG_VERSION");
  Crc32c sum;
  sum.update(as_bytes(version));
  write_file(options.target + "/PG_VERSION", "99\n");

  PassedFiles right;
  right.add("PG_VERSION", version.size(), sum.value());
  EXPECT_THAT(verify_manifest(options.target, right, 2, StopToken()).errors, IsEmpty());
  PassedFiles other;
  other.add("PG_VERSION", version.size(), sum.value() + 1);
  EXPECT_EQ(verify_manifest(options.target, other, 2, StopToken()).errors.size(), 1U);
}

TEST_F(PhysicalRestoreTest, SaysWhatTheBackupIsOf) {
  back_up_in_place();
  const PhysicalFacts facts = plan(to("data")).facts;
  EXPECT_EQ(facts.system_identifier,
            server_.sql("SELECT system_identifier FROM pg_control_system()"));
  EXPECT_THAT(facts.server_version, ::testing::StartsWith(server_.sql("SHOW server_version")));
  EXPECT_EQ(facts.timeline, 1U);
  EXPECT_EQ(facts.damaged_pages, 0U);
}

}  // namespace
}  // namespace hikae::testing
