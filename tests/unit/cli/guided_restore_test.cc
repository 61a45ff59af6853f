// SPDX-License-Identifier: Apache-2.0
#include "cli/guided_restore.h"

#include <deque>
#include <filesystem>
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "backup/pipeline.h"
#include "repository/snapshots.h"
#include "source/files_source.h"
#include "support/memory_repository.h"
#include "support/temp_dir.h"

namespace hikae::cli {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using ::testing::Not;

void write(const fs::path& path, const std::string& content) {
  fs::create_directories(path.parent_path());
  std::ofstream(path) << content;
}

std::string read(const fs::path& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

// Two generations of a folder, in a repository in memory; the answers are typed by the test.
class GuidedRestoreTest : public ::testing::Test {
 protected:
  // Making a repository costs a key derivation: one serves all tests, each with a folder of its
  // own.
  static void SetUpTestSuite() { shared_ = std::make_unique<testing::MemoryRepository>(); }
  static void TearDownTestSuite() { shared_.reset(); }

  GuidedRestoreTest() : folder_(fs::path(temp_.path()) / "source") {
    write(folder_ / "a[1]*.txt", "first");
    write(folder_ / "a1x.txt", "no pattern");
    write(folder_ / "sub" / "deep.txt", "deep");
    back_up(1'700'000'000);
    write(folder_ / "a[1]*.txt", "second");
    back_up(1'700'086'400);
    index_.emplace(repository_->load_index(StopToken()));
    make_world();
  }

  void back_up(std::int64_t seconds) {
    FilesOptions options;
    options.paths = {folder_.string()};
    const auto source = make_files_source(std::move(options));
    BackupPlan plan;
    plan.identity.hostname = "fileserver";
    plan.time.seconds = seconds;
    plan.tags = {"hikae:source=shares"};
    const Index before = repository_->load_index(StopToken());
    BackupProgress progress;
    NullLog log;
    BackupTarget target;
    target.repository = repository_.get();
    target.index = &before;
    run_backup(*source, {target}, plan, SystemClock(), progress, log, StopToken());
  }

  void make_world() {
    NullLog log;
    for (const SnapshotRecord& record : repository_->load_snapshots(log, StopToken())) {
      if (record.snapshot.paths.front() == folder_) world_.snapshots.push_back(record);
    }
    world_.working_directory = temp_.path().string();
    world_.local_time = [](const format::Timestamp& time) { return format::to_rfc3339(time); };
    world_.find = [this](const BlobId& tree, const std::string& path) {
      return find_node(*repository_, *index_, tree, path, StopToken());
    };
    world_.list = [this](const BlobId& tree) {
      return format::decode_tree(
          repository_->load_blob(*index_, format::BlobType::tree, tree, StopToken()));
    };
    world_.plan = [this](const BlobId& tree, const RestoreOptions& options) {
      return plan_restore(*repository_, *index_, tree, options, StopToken());
    };
    world_.exists = [](const std::string& path) { return fs::exists(path); };
    world_.free_space = [this](const std::string&) { return free_space_; };
    world_.estimate = [](std::uint64_t, std::uint64_t) { return std::chrono::seconds(65); };
  }

  std::optional<GuidedChoice> talk(std::deque<std::string> answers,
                                   Language language = Language::en) {
    printed_.clear();
    Dialogue dialogue;
    dialogue.language = language;
    dialogue.read_line = [&answers]() -> std::optional<std::string> {
      if (answers.empty()) return std::nullopt;
      const std::string answer = answers.front();
      answers.pop_front();
      return answer;
    };
    dialogue.print = [this](const std::string& words) { printed_ += words; };
    const auto choice = guide_restore(dialogue, world_);
    EXPECT_TRUE(answers.empty()) << "not all answers were asked for: " << printed_;
    return choice;
  }

  RestoreReport restore(const GuidedChoice& choice) {
    RestoreProgress progress;
    NullLog log;
    return run_restore(*repository_,
                       *index_,
                       choice.record.snapshot.tree,
                       choice.options,
                       progress,
                       log,
                       StopToken());
  }

  testing::TempDir temp_;
  fs::path folder_;
  static inline std::unique_ptr<testing::MemoryRepository> shared_;
  testing::MemoryRepository& repository_ = *shared_;
  std::optional<Index> index_;
  GuidedWorld world_;
  std::optional<std::uint64_t> free_space_ = std::uint64_t{1} << 40;
  std::string printed_;
};

TEST_F(GuidedRestoreTest, SaysBeforeTheQuestionWhatCannotBeRestored) {
  const auto plan = world_.plan;
  world_.plan = [plan](const BlobId& tree, const RestoreOptions& options) {
    RestorePlanSummary summary = plan(tree, options);
    summary.errors.push_back({"/sub", text("base.cancelled")});
    return summary;
  };
  EXPECT_FALSE(talk({"1", "1", "", "", "n"}));
  const std::size_t said = printed_.find("1 item cannot be restored");
  EXPECT_NE(said, std::string::npos) << printed_;
  EXPECT_LT(printed_.find("/sub: Interrupted."), said);
  EXPECT_LT(said, printed_.find("Restore now?"));
}

TEST_F(GuidedRestoreTest, EnterAllTheWayRestoresTheNewestBesideTheOriginal) {
  const auto choice = talk({"", "", "", "", "y"});
  ASSERT_TRUE(choice);
  EXPECT_EQ(choice->record.snapshot.time.seconds, 1'700'086'400);
  EXPECT_EQ(choice->options.target,
            temp_.path().string() + "/restored-" + choice->record.id.short_hex());
  EXPECT_THAT(printed_, HasSubstr("shares  (fileserver)  2 generations"));
  EXPECT_THAT(printed_, HasSubstr("3 files"));
  EXPECT_THAT(printed_, HasSubstr("takes about 1:05"));
  EXPECT_THAT(printed_, HasSubstr("free there  1.000 TiB"));
  EXPECT_TRUE(restore(*choice).errors.empty());
  EXPECT_EQ(read(choice->options.target + (folder_ / "a[1]*.txt").string()), "second");
}

TEST_F(GuidedRestoreTest, AnEarlierGenerationAndATypedFolder) {
  const std::string target = temp_.path().string() + "/elsewhere";
  const auto choice = talk({"1", "2", folder_.string() + "/sub", ".", "elsewhere", "yes"});
  ASSERT_TRUE(choice);
  EXPECT_EQ(choice->record.snapshot.time.seconds, 1'700'000'000);
  EXPECT_EQ(choice->options.target, target);
  EXPECT_TRUE(restore(*choice).errors.empty());
  EXPECT_EQ(read(target + "/deep.txt"), "deep");
  EXPECT_EQ(std::distance(fs::directory_iterator(target), {}), 1);
}

TEST_F(GuidedRestoreTest, BrowsingToAFileByNumbers) {
  // "a1x.txt" stands before "a[1]*.txt", since names are in byte order.
  const auto choice = talk({"1", "1", folder_.string(), "2", "", "y"});
  ASSERT_TRUE(choice);
  EXPECT_TRUE(restore(*choice).errors.empty());
  EXPECT_EQ(read(choice->options.target + "/a[1]*.txt"), "second");
  EXPECT_FALSE(fs::exists(choice->options.target + "/a1x.txt"));
}

TEST_F(GuidedRestoreTest, InPlaceTakesAFileByItsVeryName) {
  write(folder_ / "a[1]*.txt", "lost");
  write(folder_ / "a1x.txt", "newer than the backup");
  const std::string file = folder_.string() + "/a[1]*.txt";
  EXPECT_FALSE(talk({"", "", file, "/", "y", "q"})) << "in place wants the whole word";
  const auto choice = talk({"", "", file, "/", "yes"});
  ASSERT_TRUE(choice);
  EXPECT_THAT(printed_, HasSubstr("This restores in place"));
  EXPECT_THAT(printed_, HasSubstr("1 file that is there will be overwritten"));
  EXPECT_TRUE(restore(*choice).errors.empty());
  EXPECT_EQ(read(file), "second");
  EXPECT_EQ(read(folder_ / "a1x.txt"), "newer than the backup");
}

TEST_F(GuidedRestoreTest, EveryStepGoesBack) {
  const auto choice =
      talk({"1", "b", "1", "1", "b", "2", "", "b", "", "elsewhere", "b", "other", "y"});
  ASSERT_TRUE(choice);
  EXPECT_EQ(choice->record.snapshot.time.seconds, 1'700'000'000);
  EXPECT_EQ(choice->options.target, temp_.path().string() + "/other");
}

TEST_F(GuidedRestoreTest, EveryStepQuits) {
  EXPECT_FALSE(talk({"q"}));
  EXPECT_FALSE(talk({"", "q"}));
  EXPECT_FALSE(talk({"", "", "q"}));
  EXPECT_FALSE(talk({"", "", "", "q"}));
  EXPECT_FALSE(talk({"", "", "", "", "n"}));
  EXPECT_FALSE(talk({"", ""})) << "the end of the input quits too";
}

TEST_F(GuidedRestoreTest, WrongAnswersAreAskedAgain) {
  const auto choice = talk({"0", "7", "x", "1", "3", "", "/no/such", "", "", "perhaps", "y"});
  ASSERT_TRUE(choice);
  EXPECT_THAT(printed_, HasSubstr("That is none of the answers."));
  EXPECT_THAT(printed_, HasSubstr("This generation holds no /no/such."));
}

TEST_F(GuidedRestoreTest, TooLittleSpaceIsSaidBeforeTheQuestion) {
  free_space_ = 3;
  talk({"", "", "", "", "q"});
  EXPECT_THAT(printed_, HasSubstr("The target has too little free space."));
  free_space_ = 1000;
  talk({"", "", "", "", "q"});
  EXPECT_THAT(printed_, Not(HasSubstr("too little free space")));
}

TEST_F(GuidedRestoreTest, TheDefaultTargetIsAlwaysNew) {
  const std::string taken =
      temp_.path().string() + "/restored-" + world_.snapshots.back().id.short_hex();
  fs::create_directory(taken);
  const auto choice = talk({"", "", "", "", "y"});
  ASSERT_TRUE(choice);
  EXPECT_EQ(choice->options.target, taken + "-2");
}

TEST_F(GuidedRestoreTest, AnEmptyRepositoryEndsTheTalk) {
  world_.snapshots.clear();
  EXPECT_FALSE(talk({}));
  EXPECT_THAT(printed_, HasSubstr("There are no snapshots"));
}

TEST_F(GuidedRestoreTest, JapaneseThroughout) {
  ASSERT_TRUE(talk({"", "", "", "", "y"}, Language::ja));
  for (const char* key :
       {"guided_welcome", "guided_ask_source", "guided_ask_generation", "guided_ask_go"}) {
    const Text sentence = text("cli_restore." + std::string(key));
    EXPECT_THAT(printed_, HasSubstr(render(sentence, Language::ja)));
    EXPECT_THAT(printed_, Not(HasSubstr(render(sentence, Language::en))));
  }
}

}  // namespace
}  // namespace hikae::cli
