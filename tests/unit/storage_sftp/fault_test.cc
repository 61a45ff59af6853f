// SPDX-License-Identifier: Apache-2.0
// A server that dies, stalls, fills up: nothing half-written is ever taken for a file, the error
// says what happened, and the next attempt succeeds.
#include "storage/fault.h"

#include <sys/mount.h>

#include <fstream>

#include <gmock/gmock.h>

#include "concurrency/task_group.h"
#include "storage/limit_rate.h"
#include "storage/retry.h"
#include "support.h"
#include "support/arrivals.h"
#include "support/private_network.h"

namespace hikae {
namespace {

using hikae::testing::PrivateNetwork;
using hikae::testing::RootOwnedDir;
using hikae::testing::Sshd;
using hikae::testing::TempDir;
using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::HasSubstr;

Bytes content_of(std::size_t size) {
  Bytes content(size);
  for (std::size_t i = 0; i < size; ++i) content[i] = static_cast<std::uint8_t>(i * 7 + (i >> 12U));
  return content;
}

std::vector<std::filesystem::path> drafts_in(const std::filesystem::path& repository) {
  std::vector<std::filesystem::path> found;
  std::error_code gone;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(repository, gone)) {
    if (entry.path().filename().string().find("-tmp-") != std::string::npos)
      found.push_back(entry.path());
  }
  return found;
}

class FaultTest : public ::testing::Test {
 protected:
  FaultTest() { backend()->create_layout({}); }

  std::string repository() const { return dir_ / "repository"; }
  std::unique_ptr<SftpBackend> backend(milliseconds answer = seconds(120)) const {
    SftpOptions options = options_for(sshd_, repository());
    options.times.answer = answer;
    return std::make_unique<SftpBackend>(options);
  }
  std::unique_ptr<Backend> retrying() const {
    RetryOptions retries = network_retries();
    retries.first_wait = milliseconds(20);
    retries.longest_wait = milliseconds(100);
    retries.attempts = 200;
    return with_retry(backend(), retries);
  }
  // Runs `save`, and `disturb` once the server has written a part of the file and stands still.
  template <typename Save, typename Disturb>
  void disturb_in_the_middle(Save save, Disturb disturb) {
    TaskGroup group{StopToken()};
    group.spawn("writer", [&](const StopToken& stop) { save(stop); });
    const bool begun = wait_until([&] {
      for (const auto& draft : drafts_in(repository())) {
        std::error_code gone;
        if (std::filesystem::file_size(draft, gone) > 0 && !gone) return true;
      }
      return false;
    });
    sshd_.signal_connections(SIGSTOP);
    EXPECT_TRUE(begun);
    disturb();
    group.join();
  }
  void expect_one_whole_file(const Bytes& content) const {
    EXPECT_TRUE(backend()->load(pack(1), {}) == content);
    int files = 0;
    backend()->list(FileType::pack, [&](const FileInfo&) { ++files; }, {});
    EXPECT_EQ(files, 1);
  }

  TempDir dir_;
  Sshd sshd_;
};

TEST_F(FaultTest, SaveSurvivesACutConnection) {
  const Bytes content = content_of(100 << 20);
  const auto stubborn = retrying();
  stubborn->is_empty({});
  disturb_in_the_middle([&](const StopToken& stop) { stubborn->save(pack(1), content, stop); },
                        [&] {
                          EXPECT_EQ(backend()->size(pack(1), {}), std::nullopt)
                              << "not seen before it is whole";
                          sshd_.signal_connections(SIGKILL);
                        });
  expect_one_whole_file(content);
  // What the cut attempt left is removed later.
  EXPECT_EQ(drafts_in(repository()).size(), 1U);
  EXPECT_TRUE(wait_until([&] { return backend()->remove_leftovers(seconds(0), {}) == 1; }));
  EXPECT_EQ(drafts_in(repository()).size(), 0U);
  expect_one_whole_file(content);
}

TEST_F(FaultTest, SaveSurvivesARestartOfTheServer) {
  const Bytes content = content_of(100 << 20);
  const auto stubborn = retrying();
  stubborn->is_empty({});
  disturb_in_the_middle([&](const StopToken& stop) { stubborn->save(pack(1), content, stop); },
                        [&] {
                          sshd_.stop();
                          const Error away = error_of([&] { backend()->is_empty({}); });
                          EXPECT_EQ(away.message().key, "net.ssh_refused");
                          sshd_.start();
                        });
  expect_one_whole_file(content);
}

TEST_F(FaultTest, WithoutRetriesTheLossIsAnErrorThatMayPass) {
  const Bytes content = content_of(100 << 20);
  const auto alone = backend();
  alone->is_empty({});
  Error error(ErrorCode::io, text("storage.injected"));
  disturb_in_the_middle(
      [&](const StopToken& stop) {
        error = error_of([&] { alone->save(pack(1), content, stop); });
      },
      [&] { sshd_.signal_connections(SIGKILL); });
  EXPECT_EQ(error.message().key, "net.sftp_lost");
  EXPECT_EQ(error.retry(), Retry::after_backoff);
  EXPECT_EQ(alone->size(pack(1), {}), std::nullopt) << "the next call connects anew";
  alone->save(pack(1), content, {});
  expect_one_whole_file(content);
}

TEST_F(FaultTest, AnIdleConnectionThatDiedIsReplaced) {
  const auto alone = backend();
  alone->save(pack(1), as_bytes("x"), {});
  sshd_.signal_connections(SIGKILL);
  EXPECT_TRUE(wait_until([&] {
    try {
      return as_text(alone->load(pack(1), {})) == "x";
    } catch (const Error& error) {
      EXPECT_EQ(error.retry(), Retry::after_backoff);
      return false;
    }
  }));
}

TEST_F(FaultTest, AStalledServerEndsWithinTheDeadline) {
  const auto alone = backend(milliseconds(500));
  alone->save(pack(1), as_bytes("x"), {});
  sshd_.signal_connections(SIGSTOP);
  const auto start = std::chrono::steady_clock::now();
  const Error error = error_of([&] { alone->load(pack(1), {}); });
  EXPECT_LT(std::chrono::steady_clock::now() - start, seconds(10));
  EXPECT_EQ(error.message().key, "net.sftp_no_answer");
  EXPECT_EQ(error.code(), ErrorCode::timeout);
  EXPECT_EQ(error.retry(), Retry::after_backoff);
  EXPECT_EQ(as_text(alone->load(pack(1), {})), "x") << "over a new connection";
}

TEST_F(FaultTest, ALimitedLineHasNoBurstThatIsLongerThanASecond) {
  RateLimitOptions rates;
  rates.upload = 1 << 20;
  rates.download = 4 << 20;
  const auto limited = with_rate_limit(backend(), rates);
  limited->is_empty({});
  const Bytes content = content_of(3 << 20);
  const testing::Arrivals arrivals =
      testing::watch_draft(repository() + "/data", content.size(), [&](const StopToken& stop) {
        limited->save(pack(1), content, stop);
      });
  EXPECT_GT(arrivals.size(), 10U);
  EXPECT_LE(testing::longest_burst(arrivals, 1 << 20), seconds(1));
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_TRUE(limited->load(pack(1), {}) == content);
  EXPECT_GE(std::chrono::steady_clock::now() - begin, milliseconds(700)) << "3 MiB at 4 MiB/s";
}

TEST_F(FaultTest, AStopEndsACallThatIsStuck) {
  const auto alone = backend();
  alone->is_empty({});
  const Bytes content = content_of(100 << 20);
  std::stop_source source;
  disturb_in_the_middle(
      [&](const StopToken&) {
        EXPECT_THROW(alone->save(pack(1), content, source.get_token()), Cancelled);
      },
      [&] { source.request_stop(); });
  EXPECT_EQ(backend()->size(pack(1), {}), std::nullopt);
}

TEST_F(FaultTest, AStopLeavesNoDraftOnAServerThatAnswers) {
  const auto alone = backend();
  alone->is_empty({});
  const Bytes content = content_of(100 << 20);
  std::stop_source source;
  TaskGroup group{StopToken()};
  group.spawn("writer", [&](const StopToken&) {
    EXPECT_THROW(alone->save(pack(1), content, source.get_token()), Cancelled);
  });
  EXPECT_TRUE(wait_until([&] { return !drafts_in(repository()).empty(); }));
  source.request_stop();
  group.join();
  EXPECT_TRUE(wait_until([&] { return drafts_in(repository()).empty(); }));
  EXPECT_EQ(alone->size(pack(1), {}), std::nullopt);
}

TEST_F(FaultTest, SaveThatWasDoneBeforeTheCutCountsAsDone) {
  auto cut = std::make_unique<FaultBackend>(backend());
  Fault fault;
  fault.effect = Fault::Effect::fail_after;
  fault.retry = Retry::after_backoff;
  cut->add(fault);
  RetryOptions retries = network_retries();
  retries.first_wait = milliseconds(1);
  const auto stubborn = with_retry(std::move(cut), retries);
  stubborn->save(pack(1), as_bytes("content"), {});
  EXPECT_EQ(error_of([&] { stubborn->save(pack(1), as_bytes("content"), {}); }).code(),
            ErrorCode::already_exists)
      << "a first attempt is no repetition";
}

TEST_F(FaultTest, RefusesALengthThatIsNotTheFilesOwn) {
  backend()->save(pack(1), content_of(600000), {});
  std::filesystem::resize_file(repository() + "/" + path_of(pack(1)), 300000);
  Bytes out(400000);
  EXPECT_EQ(error_of([&] { backend()->load_range(pack(1), 0, out, {}); }).code(),
            ErrorCode::corrupt);
}

TEST_F(FaultTest, DoesNotFillAFolderThatIsNoRepository) {
  SftpBackend elsewhere(options_for(sshd_, dir_ / "empty"));
  EXPECT_EQ(error_of([&] { elsewhere.save(pack(1), as_bytes("x"), {}); }).code(),
            ErrorCode::no_repository);
  std::filesystem::create_directory(dir_ / "empty");
  EXPECT_EQ(error_of([&] { elsewhere.save(pack(1), as_bytes("x"), {}); }).code(),
            ErrorCode::no_repository);
  EXPECT_TRUE(std::filesystem::is_empty(dir_ / "empty"));
  EXPECT_EQ(error_of([&] { elsewhere.load(pack(1), {}); }).code(), ErrorCode::not_found);
  // Folders that a copying tool left out are made again.
  std::filesystem::remove(repository() + "/data/aa");
  backend()->save(pack(1), as_bytes("x"), {});
  backend()->save({FileType::policy, pack(1).name}, as_bytes("x"), {});
  EXPECT_EQ(as_text(backend()->load(pack(1), {})), "x");
}

// Packets vanish for longer than anybody waits for an answer.
class BlackHoleTest : public ::testing::Test {
 protected:
  BlackHoleTest() { open()->create_layout({}); }

  std::unique_ptr<Backend> open() {
    SftpOptions options = options_for(sshd_, dir_ / "repository");
    options.times.connect = seconds(2);
    options.times.answer = seconds(2);
    RetryOptions retries = network_retries();
    retries.first_wait = milliseconds(100);
    retries.longest_wait = milliseconds(500);
    retries.deadline = seconds(5);
    retries.first_deadline = seconds(1);
    return with_retry(std::make_unique<SftpBackend>(options), retries);
  }

  PrivateNetwork network_;
  TempDir dir_;
  Sshd sshd_;
};

TEST_F(BlackHoleTest, EndsInAClearFailureInTimeAndTheNextRunCompletes) {
  const Bytes content = content_of(8 << 20);
  const auto backend = open();
  backend->save(pack(1), content, {});
  network_.swallow_everything();
  const auto begin = std::chrono::steady_clock::now();
  const Error error = error_of([&] { backend->save(pack(2), content, {}); });
  const auto end = std::chrono::steady_clock::now();
  EXPECT_EQ(error.code(), ErrorCode::timeout) << render(error, Language::en);
  EXPECT_THAT(render(error, Language::en), HasSubstr("nas"));
  EXPECT_GE(end - begin, seconds(3)) << "it was tried again";
  // The deadline, and one attempt that began before it.
  EXPECT_LT(end - begin, seconds(5 + 2 + 20));
  // As the lock that a failed run takes away: nobody waits as long again.
  EXPECT_EQ(error_of([&] {
              backend->remove({FileType::lock, pack(3).name}, {});
            }).code(),
            ErrorCode::timeout);
  EXPECT_LT(std::chrono::steady_clock::now() - end, seconds(1 + 2 + 20));
  network_.let_through();
  const auto next = open();
  next->save(pack(2), content, {});
  EXPECT_TRUE(next->load(pack(2), {}) == content);
  EXPECT_TRUE(next->load(pack(1), {}) == content);
}

// A disk of 8 MiB behind the server.
class DiskTest : public ::testing::Test {
 protected:
  explicit DiskTest(const std::string& subsystem = "internal-sftp") : sshd_(settings(subsystem)) {
    std::filesystem::create_directory(dir_ / "disk");
    if (mount("tmpfs", (dir_ / "disk").c_str(), "tmpfs", 0, "size=8m,mode=700") != 0)
      throw std::runtime_error("cannot mount a file system: these tests run as root");
    backend_ = std::make_unique<SftpBackend>(options_for(sshd_, dir_ / "disk"));
    backend_->create_layout({});
  }
  ~DiskTest() override { umount2((dir_ / "disk").c_str(), MNT_DETACH); }

  static Sshd::Settings settings(const std::string& subsystem) {
    Sshd::Settings result;
    result.subsystem = subsystem;
    return result;
  }

  RootOwnedDir dir_;
  Sshd sshd_;
  std::unique_ptr<SftpBackend> backend_;
};

TEST_F(DiskTest, SaysThatTheDiskIsFullAndCleansUp) {
  const Error error = error_of([&] { backend_->save(pack(1), content_of(16 << 20), {}); });
  EXPECT_EQ(error.code(), ErrorCode::no_space);
  EXPECT_EQ(error.retry(), Retry::no);
  EXPECT_THAT(render(error, Language::en), HasSubstr("No space left on device"));
  EXPECT_TRUE(error.hint());
  EXPECT_TRUE(wait_until([&] { return drafts_in(dir_ / "disk").empty(); }));
  backend_->save(pack(2), content_of(1 << 20), {});
  EXPECT_TRUE(backend_->load(pack(2), {}) == content_of(1 << 20));
}

TEST_F(DiskTest, TellsTheSpace) {
  const auto space = backend_->space();
  ASSERT_TRUE(space);
  EXPECT_EQ(space->total_bytes, 8U << 20U);
  EXPECT_LE(space->free_bytes, space->total_bytes);
}

TEST_F(DiskTest, SaysThatTheDiskTakesNoWrites) {
  backend_->save(pack(1), as_bytes("x"), {});
  ASSERT_EQ(mount(nullptr, (dir_ / "disk").c_str(), nullptr, MS_REMOUNT | MS_RDONLY, nullptr), 0);
  const Error error = error_of([&] { backend_->save(pack(2), as_bytes("y"), {}); });
  EXPECT_EQ(error.code(), ErrorCode::read_only);
  EXPECT_EQ(as_text(backend_->load(pack(1), {})), "x");
}

// The folder of packs is full while the disk has room: what a user's quota looks like from here,
// since OpenSSH has one word for both and statvfs knows no quotas.
TEST_F(DiskTest, SaysThatAQuotaIsTheLikelyReasonWhereTheDiskHasRoom) {
  SftpBackend backend(options_for(sshd_, dir_ / "repository"));
  backend.create_layout({});
  const std::string data = dir_ / "repository/data";
  ASSERT_EQ(mount((dir_ / "disk").c_str(), data.c_str(), nullptr, MS_BIND, nullptr), 0);
  const Error error = error_of([&] { backend.save(pack(1), content_of(16 << 20), {}); });
  EXPECT_EQ(umount2(data.c_str(), MNT_DETACH), 0);
  EXPECT_EQ(error.code(), ErrorCode::no_space);
  EXPECT_EQ(error.retry(), Retry::no);
  EXPECT_THAT(render(error, Language::en), HasSubstr("quota"));
  backend.save(pack(1), content_of(1 << 20), {});
  EXPECT_TRUE(backend.load(pack(1), {}) == content_of(1 << 20));
}

class DumbDiskTest : public DiskTest {
 protected:
  DumbDiskTest() : DiskTest("internal-sftp -P statvfs,fstatvfs,fsync,posix-rename,limits") {}
};

TEST_F(DumbDiskTest, ReportsAFullDiskWithoutBeingTold) {
  const Error error = error_of([&] { backend_->save(pack(1), content_of(16 << 20), {}); });
  EXPECT_EQ(error.code(), ErrorCode::no_space);
  EXPECT_EQ(backend_->space(), std::nullopt);
  backend_->save(pack(2), content_of(1 << 20), {});
  EXPECT_TRUE(backend_->load(pack(2), {}) == content_of(1 << 20));
}

}  // namespace
}  // namespace hikae
