// SPDX-License-Identifier: Apache-2.0
// A store that is busy, far away or flaky: a real gateway behind a proxy that spoils some requests.
#include <gmock/gmock.h>

#include "concurrency/task_group.h"
#include "crypto/hash.h"
#include "storage/limit_rate.h"
#include "storage/retry.h"
#include "support/fault_proxy.h"
#include "support/private_network.h"
#include "unit/storage_s3/support.h"

namespace hikae {
namespace {

using hikae::testing::error_of;
using hikae::testing::FaultProxy;
using hikae::testing::numbered;
using hikae::testing::PrivateNetwork;
using hikae::testing::RadosGateway;
using hikae::testing::varied;
using hikae::testing::words;
using ::testing::HasSubstr;
using ::testing::Not;

class KeptLog final : public Log {
 public:
  void write(LogLevel, const Text& message) override { said_.lock()->push_back(message.key); }
  std::vector<std::string> said() { return *said_.lock(); }

 private:
  Guarded<std::vector<std::string>> said_;
};

class S3Faults : public ::testing::Test {
 protected:
  S3Faults() {
    static int tests = 0;
    if (tests++ == 0) gateway().make_bucket("faults");
    path_ = "faults/" + std::to_string(tests);
  }
  static RadosGateway& gateway() { return RadosGateway::shared(); }
  static FaultProxy& proxy() {
    static FaultProxy proxy(gateway());
    return proxy;
  }

  // The waits between attempts are counted, not waited for.
  std::unique_ptr<Backend> open() { return open(gateway().options()); }
  std::unique_ptr<Backend> open(OpenOptions options) {
    S3Backend::Tuning tuning;
    tuning.stall_timeout = std::chrono::milliseconds(400);
    tuning.multipart_size = 6 << 20;
    tuning.part_size = 5 << 20;
    RetryOptions retry;
    retry.attempts = 9;
    retry.wait = [this](std::chrono::milliseconds, const StopToken& stop) {
      throw_if_stopped(stop);
      ++waits_;
    };
    return with_retry(
        std::make_unique<S3Backend>(proxy().location(path_), std::move(options), std::move(tuning)),
        retry);
  }
  // Past the proxy.
  bool is_stored(const FileHandle& file, ByteView content) {
    S3Backend direct(gateway().location(path_), gateway().options());
    const Bytes stored = direct.load(file, none_);
    return stored.size() == content.size() &&
           std::equal(stored.begin(), stored.end(), content.begin());
  }

  std::string path_;
  std::atomic<int> waits_{0};
  StopToken none_;
};

TEST_F(S3Faults, AnUploadSurvivesEachKindOfFault) {
  const Bytes content = varied(2 << 20);
  unsigned number = 0;
  for (const std::string fault : {"503 5\n",
                                  "500 3\n",
                                  "reset 2\n",
                                  "lost 1\n",
                                  "stall 1\n",
                                  "spoil 2\n",
                                  "503 2\nreset 1\nlost 1\n500 1\n"}) {
    const auto backend = open();
    const FileHandle file = numbered(FileType::pack, ++number);
    waits_ = 0;
    proxy().plan(fault);
    backend->save(file, content, none_);
    EXPECT_EQ(proxy().left(), 0) << fault;
    EXPECT_GT(waits_, 0) << fault;
    EXPECT_TRUE(is_stored(file, content)) << fault;
  }
}

// The store has the object when the request comes once more, and refuses to replace it.
TEST_F(S3Faults, AnUploadOverAKeptConnectionWhoseAnswerIsLostCountsAsDone) {
  const auto backend = open();
  const Bytes content = varied(1 << 20);
  for (unsigned number = 0; number < 3; ++number) {
    backend->save(numbered(FileType::index, number), as_bytes("x"), none_);
    proxy().plan("lost 1\n");
    backend->save(numbered(FileType::pack, number), content, none_);
    EXPECT_EQ(proxy().left(), 0);
    EXPECT_TRUE(is_stored(numbered(FileType::pack, number), content));
  }
  EXPECT_EQ(waits_, 3);
}

TEST_F(S3Faults, ABusyStoreIsAskedAgainWhenItSays) {
  const auto backend = open();
  proxy().plan("later 1\n");
  const auto begin = std::chrono::steady_clock::now();
  backend->save(numbered(FileType::pack, 1), varied(1000), none_);
  EXPECT_GE(std::chrono::steady_clock::now() - begin, std::chrono::seconds(1));
  EXPECT_EQ(proxy().left(), 0);
}

TEST_F(S3Faults, ADownloadSurvivesEachKindOfFault) {
  const auto backend = open();
  const Bytes content = varied(2 << 20);
  const FileHandle file = numbered(FileType::pack, 1);
  backend->save(file, content, none_);
  for (const std::string fault : {"503 5\n", "500 1\n", "reset 1\n", "cut 2\n", "stall 1\n"}) {
    proxy().plan(fault);
    EXPECT_TRUE(backend->load(file, none_) == content) << fault;
    EXPECT_EQ(proxy().left(), 0) << fault;
    proxy().plan(fault);
    Bytes range(100000);
    backend->load_range(file, 1000, range, none_);
    EXPECT_TRUE(std::equal(range.begin(), range.end(), content.begin() + 1000)) << fault;
  }
}

TEST_F(S3Faults, AListingThatIsCutIsNotTakenForTheWhole) {
  const auto backend = open();
  for (unsigned i = 0; i < 20; ++i)
    backend->save(numbered(FileType::index, i), as_bytes("x"), none_);
  for (const std::string fault : {"cut 1\n", "503 2\n", "reset 1\n"}) {
    proxy().plan(fault);
    int found = 0;
    backend->list(
        FileType::index, [&](const FileInfo&) { ++found; }, none_);
    EXPECT_EQ(found, 20) << fault;
    EXPECT_EQ(proxy().left(), 0);
  }
}

TEST_F(S3Faults, PartsAreSentAgainAndNothingIsLeft) {
  const auto backend = open();
  const Bytes content = varied(11 << 20);
  // begin, first part, second part: then the store is busy.
  proxy().plan("none 2\n503 1\n");
  backend->save(numbered(FileType::pack, 1), content, none_);
  EXPECT_TRUE(is_stored(numbered(FileType::pack, 1), content));
  EXPECT_EQ(backend->remove_leftovers(std::chrono::seconds(0), none_), 0U);
  // The store completes it, and the answer is lost.
  proxy().plan("none 5\nlost 1\n");
  backend->save(numbered(FileType::pack, 2), content, none_);
  EXPECT_TRUE(is_stored(numbered(FileType::pack, 2), content));
  EXPECT_EQ(backend->remove_leftovers(std::chrono::seconds(0), none_), 0U);
}

// Storage hands bytes over as they came; whoever asked compares them with the name (SHA-256).
TEST_F(S3Faults, ADamagedDownloadDiffersFromItsName) {
  const auto backend = open();
  const Bytes content = varied(100000);
  const FileHandle file{FileType::pack, sha256(content).hex()};
  backend->save(file, content, none_);
  proxy().plan("flip 1\n");
  EXPECT_NE(sha256(backend->load(file, none_)).hex(), file.name);
  EXPECT_EQ(sha256(backend->load(file, none_)).hex(), file.name) << "good when read again";
}

TEST_F(S3Faults, AStoreThatStaysBusyEndsWithAnErrorThatSaysSo) {
  const auto backend = open();
  proxy().plan("503 100\n");
  const Error error = error_of([&] { backend->is_empty(none_); });
  proxy().plan("");
  EXPECT_EQ(error.code(), ErrorCode::io);
  EXPECT_THAT(words(error), HasSubstr("SlowDown"));
  EXPECT_EQ(waits_, 8);
}

TEST_F(S3Faults, ThrottlingIsToldOnceWhileItLastsAndNamedWhenItDoesNotEnd) {
  KeptLog log;
  OpenOptions options = gateway().options();
  options.log = &log;
  const auto backend = open(std::move(options));
  proxy().plan("503 5\n");
  backend->save(numbered(FileType::pack, 1), varied(1000), none_);
  EXPECT_EQ(log.said(), std::vector<std::string>{"storage.s3_slowed_down"});
  proxy().plan("503 100\n");
  const Error error =
      error_of([&] { backend->save(numbered(FileType::pack, 2), varied(1000), none_); });
  proxy().plan("");
  EXPECT_THAT(words(error), HasSubstr("limits how much may be asked of it"));
  EXPECT_THAT(words(error), HasSubstr("SlowDown"));
  EXPECT_THAT(words(error), HasSubstr("connections"));
}

// Some stores never give MD5s: the first odd one is looked into, then all are known to be such.
TEST_F(S3Faults, AnUploadWithAnotherChecksumIsReadBackOnce) {
  const auto backend = open();
  proxy().plan("etag 1\n");
  backend->save(numbered(FileType::pack, 1), varied(100000), none_);
  EXPECT_EQ(backend->requests().at("HEAD").requests, 1U);
  EXPECT_EQ(backend->requests().at("GET"), (RequestCount{1, 0, 100000}));
  proxy().plan("etag 1\n");
  backend->save(numbered(FileType::pack, 2), varied(100000), none_);
  EXPECT_EQ(backend->requests().at("HEAD").requests, 2U);
  EXPECT_EQ(backend->requests().at("GET").requests, 1U);
  EXPECT_EQ(waits_, 0);
}

TEST_F(S3Faults, WhatTheStoreKeptOtherwiseIsRemovedAndSentAgain) {
  const Bytes content = varied(100000);
  unsigned number = 0;
  // What comes back differs; what HEAD tells is of another size.
  for (const std::string fault : {"etag 1\nnone 1\nflip 1\n", "etag 1\nsize 1\n"}) {
    const auto backend = open();
    const FileHandle file = numbered(FileType::pack, ++number);
    waits_ = 0;
    proxy().plan(fault);
    backend->save(file, content, none_);
    EXPECT_EQ(proxy().left(), 0) << fault;
    EXPECT_EQ(waits_, 1) << fault;
    EXPECT_EQ(backend->requests().at("DELETE").requests, 1U) << fault;
    EXPECT_EQ(backend->requests().at("PUT").requests, 2U) << fault;
    EXPECT_TRUE(is_stored(file, content)) << fault;
  }
}

TEST_F(S3Faults, AStoreThatKeepsTellingAnotherSizeIsAnErrorThatSaysSo) {
  const auto backend = open();
  std::string fault;
  for (int attempt = 0; attempt < 9; ++attempt) fault += "etag 1\nsize 1\nnone 1\n";
  proxy().plan(fault);
  const Error error =
      error_of([&] { backend->save(numbered(FileType::pack, 1), varied(1000), none_); });
  EXPECT_EQ(proxy().left(), 0);
  EXPECT_EQ(error.code(), ErrorCode::io);
  EXPECT_THAT(words(error), HasSubstr("1000 bytes, but the S3 store has 1001"));
  EXPECT_EQ(backend->size(numbered(FileType::pack, 1), none_), std::nullopt);
}

TEST_F(S3Faults, AFileInPartsOfTheWrongSizeIsSentAgain) {
  const auto backend = open();
  const Bytes content = varied(11 << 20);
  // begin, three parts, is it there, complete; then what there is.
  proxy().plan("none 6\nsize 1\n");
  backend->save(numbered(FileType::pack, 1), content, none_);
  EXPECT_EQ(proxy().left(), 0);
  EXPECT_EQ(waits_, 1);
  EXPECT_TRUE(is_stored(numbered(FileType::pack, 1), content));
  EXPECT_EQ(backend->remove_leftovers(std::chrono::seconds(0), none_), 0U);
}

// OpenStack Swift, for one, does not know "If-None-Match" on uploads.
TEST_F(S3Faults, AStoreWithoutConditionsIsAskedFirst) {
  const auto backend = open();
  const FileHandle file = numbered(FileType::pack, 1);
  proxy().plan("501 1\n");
  backend->save(file, as_bytes("first"), none_);
  EXPECT_EQ(proxy().left(), 0);
  EXPECT_EQ(backend->requests().at("HEAD").requests, 1U);
  EXPECT_EQ(error_of([&] { backend->save(file, as_bytes("second"), none_); }).code(),
            ErrorCode::already_exists);
  EXPECT_TRUE(is_stored(file, as_bytes("first")));
  // HEAD, then a PUT without the condition that is not known either.
  proxy().plan("none 1\n501 1\n");
  EXPECT_EQ(
      error_of([&] { backend->save(numbered(FileType::pack, 2), as_bytes("x"), none_); }).code(),
      ErrorCode::unsupported);
}

TEST_F(S3Faults, TheRegionIsLearnedFromTheRefusal) {
  const auto backend = open();
  proxy().plan("region 1\n");
  EXPECT_TRUE(backend->is_empty(none_));
  EXPECT_THAT(proxy().scope(), HasSubstr("/elsewhere-1/s3/"));
  EXPECT_EQ(waits_, 0);
  backend->save(numbered(FileType::key, 1), as_bytes("x"), none_);
  EXPECT_THAT(proxy().scope(), HasSubstr("/elsewhere-1/s3/")) << "and kept";
}

// By MD5 in its own header, and by the SHA-256 that is signed: the store compares both.
TEST_F(S3Faults, AnUploadThatArrivesDamagedIsRefusedByTheStore) {
  const auto backend = open();
  proxy().plan("spoil 100\n");
  const Error error =
      error_of([&] { backend->save(numbered(FileType::pack, 1), varied(100000), none_); });
  proxy().plan("");
  EXPECT_EQ(error.code(), ErrorCode::io);
  EXPECT_THAT(words(error), ::testing::ContainsRegex("BadDigest|XAmzContentSHA256Mismatch"));
  EXPECT_EQ(backend->size(numbered(FileType::pack, 1), none_), std::nullopt);
}

TEST_F(S3Faults, KeysThatExpireMidwayAreRenewed) {
  const hikae::testing::TempDir home;
  const std::string program = home / "give-keys";
  hikae::testing::write_file(
      program,
      std::string("#!/bin/sh\necho x >>\"$0.runs\"\necho '{\"Version\": 1, \"AccessKeyId\": \"") +
          RadosGateway::kKeyId + "\", \"SecretAccessKey\": \"" + RadosGateway::kSecret +
          "\", \"Expiration\": \"2999-01-01T00:00:00Z\"}'\n");
  std::filesystem::permissions(program, std::filesystem::perms::owner_all);
  hikae::testing::write_file(home / "config",
                             "[profile program]\ncredential_process = " + program + "\n");
  OpenOptions options;
  options.ca_file = gateway().authority_file();
  options.credentials.profile = "program";
  options.variable = [&](const std::string& name) -> std::optional<std::string> {
    if (name == "AWS_CONFIG_FILE") return home / "config";
    return std::nullopt;
  };
  const auto backend = open(std::move(options));
  const auto runs = [&] { return hikae::testing::read_file(program + ".runs").size() / 2; };
  backend->save(numbered(FileType::pack, 1), varied(1000), none_);
  EXPECT_EQ(runs(), 1U);
  proxy().plan("expired 1\n");
  backend->save(numbered(FileType::pack, 2), varied(1000), none_);
  EXPECT_EQ(runs(), 2U) << "the store says that they have expired";
  EXPECT_EQ(waits_, 0);
  EXPECT_TRUE(is_stored(numbered(FileType::pack, 2), varied(1000)));
}

TEST_F(S3Faults, GivenTokensThatExpireAreNamed) {
  const auto backend = open();
  proxy().plan("expired 1\n");
  const Error error = error_of([&] { backend->is_empty(none_); });
  EXPECT_EQ(error.code(), ErrorCode::permission);
  EXPECT_THAT(words(error), HasSubstr("have expired"));
}

// Of what comes within any second, no more than one second's allowance was ahead of the line.
TEST_F(S3Faults, ALimitedLineHasNoBurstThatIsLongerThanASecond) {
  RateLimitOptions rates;
  rates.upload = 1 << 20;
  rates.download = 4 << 20;
  const auto limited = with_rate_limit(open(), rates);
  const Bytes content = varied(3 << 20);
  const FileHandle file = numbered(FileType::pack, 1);
  proxy().plan("");
  proxy().peak();
  const auto begin = std::chrono::steady_clock::now();
  limited->save(file, content, none_);
  EXPECT_GE(std::chrono::steady_clock::now() - begin, std::chrono::milliseconds(2900));
  EXPECT_LE(proxy().peak(), 2U << 20U);
  const auto middle = std::chrono::steady_clock::now();
  EXPECT_TRUE(limited->load(file, none_) == content);
  EXPECT_GE(std::chrono::steady_clock::now() - middle, std::chrono::milliseconds(700));
  EXPECT_EQ(waits_, 0);
}

// Packets vanish for longer than anybody waits for an answer.
TEST(S3BlackHole, EndsInAClearFailureInTimeAndTheNextRunCompletes) {
  const PrivateNetwork network;
  const RadosGateway gateway;
  gateway.make_bucket("hole");
  const StopToken none;
  const auto open = [&] {
    S3Backend::Tuning tuning;
    tuning.stall_timeout = std::chrono::seconds(3);
    RetryOptions retries = network_retries();
    retries.first_wait = std::chrono::milliseconds(100);
    retries.longest_wait = std::chrono::milliseconds(500);
    retries.deadline = std::chrono::seconds(5);
    retries.first_deadline = std::chrono::seconds(1);
    return with_retry(std::make_unique<S3Backend>(
                          gateway.location("hole/x"), gateway.options(), std::move(tuning)),
                      retries);
  };
  const Bytes content = varied(4 << 20);
  const auto backend = open();
  backend->save(numbered(FileType::pack, 1), content, none);
  PrivateNetwork::swallow_everything();
  const auto begin = std::chrono::steady_clock::now();
  const Error error = error_of([&] { backend->save(numbered(FileType::pack, 2), content, none); });
  const auto took = std::chrono::steady_clock::now() - begin;
  PrivateNetwork::let_through();
  EXPECT_THAT(words(error), HasSubstr("localhost"));
  EXPECT_THAT(words(error), HasSubstr("attempts"));
  EXPECT_LT(took, std::chrono::seconds(5 + 15 + 15)) << "the deadline, and one attempt to connect";
  const auto next = open();
  next->save(numbered(FileType::pack, 2), content, none);
  EXPECT_TRUE(next->load(numbered(FileType::pack, 1), none) == content);
  EXPECT_TRUE(next->load(numbered(FileType::pack, 2), none) == content);
}

TEST_F(S3Faults, AStopEndsAStalledCall) {
  S3Backend patient(proxy().location(path_), gateway().options());
  proxy().plan("stall 1\n");
  std::stop_source source;
  TaskGroup group{StopToken()};
  group.spawn("stopper", [&](const StopToken&) {
    while (proxy().left() > 0) std::this_thread::yield();
    source.request_stop();
  });
  const auto start = std::chrono::steady_clock::now();
  EXPECT_THROW(patient.is_empty(source.get_token()), Cancelled);
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(20));
  group.join();
}

// The keys of a role, from the gateway's own STS: the profile names role and source.
TEST(S3Roles, TemporaryKeysAreRenewedWhenTheStoreSaysThatTheyExpired) {
  const RadosGateway gateway(RadosGateway::with_sts());
  const FaultProxy proxy(gateway);
  const StopToken none;
  gateway.make_bucket("roles");
  const hikae::testing::TempDir home;
  hikae::testing::write_file(
      home / ".aws/config",
      "[profile base]\naws_access_key_id = " + std::string(RadosGateway::kKeyId) +
          "\naws_secret_access_key = " + RadosGateway::kSecret +
          "\n[profile role]\nrole_arn = arn:aws:iam:::role/backup\n"
          "source_profile = base\n");
  const std::map<std::string, std::string> variables = {
      {"HOME", home.path().string()},
      {"AWS_ENDPOINT_URL_STS", gateway.endpoint()},
      {"AWS_CA_BUNDLE", gateway.authority_file()}};
  OpenOptions options;
  options.ca_file = gateway.authority_file();
  options.credentials.profile = "role";
  options.variable = [&](const std::string& name) -> std::optional<std::string> {
    const auto found = variables.find(name);
    return found == variables.end() ? std::nullopt : std::optional(found->second);
  };
  S3Backend backend(proxy.location("roles/x"), std::move(options));
  backend.save(numbered(FileType::pack, 1), as_bytes("first"), none);
  const std::string first = proxy.scope();
  EXPECT_THAT(first, Not(HasSubstr(RadosGateway::kKeyId)));
  proxy.plan("expired 1\n");
  backend.save(numbered(FileType::pack, 2), as_bytes("second"), none);
  EXPECT_EQ(proxy.left(), 0);
  EXPECT_NE(proxy.scope(), first) << "other keys";
  EXPECT_EQ(as_text(backend.load(numbered(FileType::pack, 2), none)), "second");
}

}  // namespace
}  // namespace hikae
