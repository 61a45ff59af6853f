// SPDX-License-Identifier: Apache-2.0
#include <filesystem>

#include <gmock/gmock.h>

#include "repository/snapshots.h"
#include "storage/open.h"
#include "support.h"
#include "support/cheap_key.h"

namespace hikae {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::Field;
using ::testing::IsEmpty;
using testing::open_repository;
using testing::read_file;
using ::testing::SizeIs;
using testing::write_file;

constexpr const char* kRun = "00112233445566aa";

class PolicyStoreTest : public ::testing::Test {
 protected:
  // Making a repository costs a second of key derivation: it is made once and copied.
  static void SetUpTestSuite() {
    pattern_ = std::make_unique<testing::ServiceMachine>();
    const auto made =
        Repository::create(open_backend(parse_location(pattern_->folder / "nas", "/")),
                           Secret("correct horse"),
                           pattern_->environment().identity,
                           std::nullopt,
                           pattern_->clock,
                           StopToken());
    testing::make_key_cheap(*made, "correct horse");
  }
  static void TearDownTestSuite() { pattern_.reset(); }

  void SetUp() override {
    write_file(old_password_, "correct horse\n");
    fs::permissions(old_password_, fs::perms::owner_read | fs::perms::owner_write);
    fs::copy(pattern_->folder / "nas", at("nas"), fs::copy_options::recursive);
    repository_ = open_repository(at("nas"), old_password_);
  }

  std::string at(const std::string& name) { return machine_.folder / name; }

  policy::Policy named(const std::string& name) {
    policy::Policy policy = machine_.policy({"nas"});
    policy.name = name;
    return policy;
  }
  void store(const std::string& name, const std::string& text) {
    store_policy(*repository_, named(name), text, machine_.clock, StopToken());
  }
  std::size_t stored_files() {
    std::size_t count = 0;
    repository_->backend().list(
        FileType::policy, [&](const FileInfo&) { ++count; }, StopToken());
    return count;
  }

  // The policy file of the machine that is lost.
  std::string yaml() {
    return "version: 1\nname: company\ntimezone: Asia/Tokyo  # 日本\n"
           "sources: {work: {files: [/srv/work]}}\n"
           "destinations: {disk: {url: " +
           at("nas") + "}}\nencryption: {password: {file: " + at("new/etc/password") + "}}\n";
  }

  void save_snapshot(const std::string& source, std::int64_t time, const std::string& extra_tag) {
    format::Snapshot snapshot;
    snapshot.time = {time, 0, 9 * 3600};
    snapshot.tree.bytes.fill(7);
    snapshot.hostname = "host1";
    snapshot.paths = {"/srv/" + source};
    snapshot.tags = {std::string(kPolicyTag) + "company",
                     std::string(kSourceTag) + source,
                     std::string(kRunTag) + kRun};
    if (!extra_tag.empty()) snapshot.tags.push_back(extra_tag);
    repository_->save_snapshot(snapshot, StopToken());
  }

  RestoredPolicy restore(const std::string& name = "") {
    const auto journal = Journal::open(at("state"), machine_.clock, machine_.log);
    return restore_policy_from({at("nas"), at("new/etc/policy.yaml"), name},
                               Secret("correct horse"),
                               machine_.environment(),
                               *journal,
                               StopToken());
  }

  static inline std::unique_ptr<testing::ServiceMachine> pattern_;
  testing::ServiceMachine machine_;
  std::string old_password_ = at("old-password");
  std::unique_ptr<Repository> repository_;
};

TEST_F(PolicyStoreTest, KeepsTheNewestOfEachName) {
  EXPECT_FALSE(load_stored_policy(*repository_, StopToken()));
  store("a", "first");
  machine_.clock.advance(std::chrono::hours(1));
  store("a", "second \"控え\"\n");
  const Instant second = machine_.clock.now();
  machine_.clock.advance(std::chrono::hours(1));
  store("b", "other");
  const auto all = load_stored_policies(*repository_, StopToken());
  EXPECT_THAT(all, ElementsAre(Field(&StoredPolicy::name, "b"), Field(&StoredPolicy::name, "a")));
  EXPECT_EQ(all[1].text, "second \"控え\"\n");
  EXPECT_EQ(all[1].stored, second);
  EXPECT_EQ(load_stored_policy(*repository_, StopToken())->text, "other");
  EXPECT_EQ(testing::stock_restic(at("nas"), old_password_, "check"), 0);
}

TEST_F(PolicyStoreTest, StoresOnlyWhatChanged) {
  store("a", "one");
  machine_.clock.advance(std::chrono::hours(1));
  store("a", "one");
  EXPECT_EQ(stored_files(), 1U);
  store("a", "two");
  machine_.clock.advance(std::chrono::hours(1));
  store("a", "one");  // went back: now the newest must say so
  EXPECT_EQ(stored_files(), 3U);
  EXPECT_EQ(load_stored_policy(*repository_, StopToken())->text, "one");
}

TEST_F(PolicyStoreTest, PassesOverADamagedOne) {
  store("a", "good");
  const std::string name(64, 'e');
  repository_->backend().save({FileType::policy, name}, as_bytes("junk"), StopToken());
  EXPECT_EQ(load_stored_policy(*repository_, StopToken())->text, "good");
}

TEST_F(PolicyStoreTest, SaysWhenAllAreDamagedAndStoresAGoodOne) {
  const std::string name(64, 'e');
  repository_->backend().save({FileType::policy, name}, as_bytes("junk"), StopToken());
  EXPECT_THROW(load_stored_policy(*repository_, StopToken()), Error);
  store("a", "good");
  EXPECT_EQ(load_stored_policy(*repository_, StopToken())->text, "good");
}

TEST_F(PolicyStoreTest, AnEmptyMachineGetsPolicyPasswordAndHistory) {
  store("company", yaml());
  save_snapshot("work", 1'795'300'000, "");
  save_snapshot("etc", 1'795'300'100, std::string(kUnreadableTag) + "3");
  const RestoredPolicy restored = restore();
  EXPECT_EQ(restored.file, RestoredPolicy::File::written);
  EXPECT_TRUE(restored.password_written);
  EXPECT_EQ(restored.runs, 1U);
  EXPECT_THAT(restored.notes, IsEmpty());
  EXPECT_EQ(read_file(at("new/etc/policy.yaml")), yaml());
  EXPECT_EQ(read_file(at("new/etc/password")), "correct horse\n");
  EXPECT_EQ(testing::mode_of(at("new/etc/password")), 0600U);

  const auto journal = Journal::open(at("state"), machine_.clock, machine_.log);
  const auto runs = journal->runs("company", 10);
  ASSERT_THAT(runs, SizeIs(1));
  EXPECT_EQ(runs[0].id, kRun);
  EXPECT_EQ(runs[0].started, Instant(std::chrono::seconds(1'795'300'000)));
  EXPECT_EQ(runs[0].finished, Instant(std::chrono::seconds(1'795'300'100)));
  EXPECT_EQ(runs[0].verdict, Verdict::partial);
  EXPECT_THAT(journal->items(kRun), SizeIs(2));
  const auto etc = journal->last_item("company", "etc", "disk");
  ASSERT_TRUE(etc);
  EXPECT_EQ(etc->verdict, Verdict::partial);
  EXPECT_EQ(etc->unreadable, 3U);
}

TEST_F(PolicyStoreTest, CalledAgainChangesNothing) {
  store("company", yaml());
  save_snapshot("work", 1'795'300'000, "");
  restore();
  const RestoredPolicy again = restore();
  EXPECT_EQ(again.file, RestoredPolicy::File::was_there);
  EXPECT_FALSE(again.password_written);
  EXPECT_EQ(again.runs, 0U);
  EXPECT_THAT(again.notes, IsEmpty());
}

TEST_F(PolicyStoreTest, NeverReplacesAnotherPolicyOrPassword) {
  store("company", yaml());
  write_file(at("new/etc/policy.yaml"), "mine\n");
  try {
    restore();
    FAIL() << "replaced";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::already_exists);
    EXPECT_TRUE(error.hint());
  }
  EXPECT_EQ(read_file(at("new/etc/policy.yaml")), "mine\n");

  fs::remove(at("new/etc/policy.yaml"));
  write_file(at("new/etc/password"), "another\n");
  const RestoredPolicy restored = restore();
  EXPECT_FALSE(restored.password_written);
  EXPECT_THAT(restored.notes, ElementsAre(Field(&Text::key, "service_init.password_file_differs")));
  EXPECT_EQ(read_file(at("new/etc/password")), "another\n");
}

TEST_F(PolicyStoreTest, SaysWhenTheMachineHasAnotherName) {
  store("company", yaml());
  save_snapshot("work", 1'795'300'000, "");
  const auto journal = Journal::open(at("state"), machine_.clock, machine_.log);
  const RestoredPolicy restored = restore_policy_from({at("nas"), at("new/etc/policy.yaml"), ""},
                                                      Secret("correct horse"),
                                                      machine_.environment("host2"),
                                                      *journal,
                                                      StopToken());
  EXPECT_THAT(restored.notes, ElementsAre(Field(&Text::key, "service_init.other_host")));
  EXPECT_EQ(restored.runs, 1U);
}

TEST_F(PolicyStoreTest, TakesTheOneThatIsNamed) {
  store("company", yaml());
  machine_.clock.advance(std::chrono::hours(1));
  store("other", "name: other\n");
  const RestoredPolicy restored = restore("company");
  EXPECT_EQ(restored.policy.text, yaml());
  EXPECT_THAT(restored.notes, ElementsAre(Field(&Text::key, "service_init.several_policies")));
  EXPECT_THROW(restore("third"), Error);
}

TEST_F(PolicyStoreTest, BringsBackAPolicyThatItDoesNotUnderstand) {
  store("company", "version: 99\n");
  const RestoredPolicy restored = restore();
  EXPECT_EQ(read_file(at("new/etc/policy.yaml")), "version: 99\n");
  EXPECT_THAT(restored.notes,
              ElementsAre(Field(&Text::key, "service_init.stored_policy_unreadable")));
}

TEST_F(PolicyStoreTest, SaysThatNoneIsStored) {
  try {
    restore();
    FAIL() << "found one";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::not_found);
    EXPECT_TRUE(error.hint());
  }
  EXPECT_FALSE(fs::exists(at("new/etc/policy.yaml")));
}

}  // namespace
}  // namespace hikae
