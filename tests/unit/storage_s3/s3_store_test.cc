// SPDX-License-Identifier: Apache-2.0
// What S3 has beyond other stores, on a real Ceph RADOS Gateway over TLS. What Ceph does not check
// (AES256 reported by HEAD, conditions on versioned buckets) only Amazon could show.
#include <gmock/gmock.h>

#include "concurrency/task_group.h"
#include "crypto/hash.h"
#include "net/web_time.h"
#include "storage/layout.h"
#include "unit/storage_s3/support.h"

namespace hikae {
namespace {

using hikae::testing::error_of;
using hikae::testing::FakeClock;
using hikae::testing::numbered;
using hikae::testing::RadosGateway;
using hikae::testing::varied;
using hikae::testing::words;
using std::chrono::hours;
using std::chrono::minutes;
using ::testing::HasSubstr;

class S3Store : public ::testing::Test {
 protected:
  static RadosGateway& gateway() { return RadosGateway::shared(); }

  // Each test has a bucket of its own.
  explicit S3Store(bool with_object_lock = false) {
    static int buckets = 0;
    bucket_ = "store-" + std::to_string(++buckets);
    gateway().make_bucket(bucket_, with_object_lock);
  }

  std::unique_ptr<S3Backend> open(const S3Options& s3 = {}, S3Backend::Tuning tuning = {}) const {
    OpenOptions options = gateway().options();
    options.s3 = s3;
    return std::make_unique<S3Backend>(
        gateway().location(bucket_ + "/repo"), std::move(options), std::move(tuning));
  }
  void save(S3Backend& backend,
            const FileHandle& file,
            std::string_view content = "content") const {
    backend.save(file, as_bytes(content), none_);
  }
  std::string fact(const FileHandle& file, const std::string& header) const {
    const net::HttpResponse response = gateway().head(bucket_, "repo/" + path_of(file));
    return std::string(net::header(response, header).value_or("none"));
  }
  net::HttpResponse delete_version(const FileHandle& file) const {
    S3Request request;
    request.method = "DELETE";
    request.key = "repo/" + path_of(file);
    request.query = {{"versionId", fact(file, "x-amz-version-id")}};
    return gateway().client(bucket_)->send(request, {403}, none_);
  }

  std::string bucket_;
  StopToken none_;
};

class S3ObjectLock : public S3Store {
 protected:
  S3ObjectLock() : S3Store(true) {}
  static S3Options locked() {
    S3Options options;
    options.object_lock = {S3Options::ObjectLock::Mode::compliance, hours(1)};
    return options;
  }
};

TEST_F(S3Store, TheStoreEncryptsAsThePolicySays) {
  S3Options kms;
  kms.encryption = S3Options::Encryption::aws_kms;
  kms.kms_key_id = "testkey-1";
  const FileHandle file = numbered(FileType::pack, 1);
  const auto backend = open(kms);
  save(*backend, file);
  EXPECT_EQ(fact(file, "x-amz-server-side-encryption"), "aws:kms");
  EXPECT_EQ(fact(file, "x-amz-server-side-encryption-aws-kms-key-id"), "testkey-1");
  EXPECT_EQ(as_text(backend->load(file, none_)), "content");
  kms.kms_key_id = "no-such-key";
  EXPECT_NE(error_of([&] { save(*open(kms), numbered(FileType::pack, 2)); }).retry(),
            Retry::after_backoff);
  S3Options aes;
  aes.encryption = S3Options::Encryption::aes256;
  save(*open(aes), numbered(FileType::pack, 3));
  EXPECT_EQ(open()->size(numbered(FileType::pack, 3), none_), 7U);
}

TEST_F(S3Store, TheStorageClassIsThatOfPacksOnly) {
  S3Options options;
  options.storage_class = "STANDARD_IA";
  const auto backend = open(options);
  save(*backend, numbered(FileType::pack, 1));
  save(*backend, numbered(FileType::index, 1));
  EXPECT_EQ(fact(numbered(FileType::pack, 1), "x-amz-storage-class"), "STANDARD_IA");
  EXPECT_NE(fact(numbered(FileType::index, 1), "x-amz-storage-class"), "STANDARD_IA");
}

TEST_F(S3Store, ReachesABucketByItsHostName) {
  S3Options options;
  options.addressing = S3Options::Addressing::virtual_host;
  OpenOptions opened = gateway().options();
  opened.s3 = options;
  // The bucket that the gateway's certificate names: a wildcard just below "localhost" counts not.
  gateway().make_bucket("by-host");
  S3Backend backend(gateway().location("by-host/repo"), std::move(opened));
  save(backend, numbered(FileType::key, 1));
  const std::string path = "repo/" + path_of(numbered(FileType::key, 1));
  EXPECT_EQ(net::header(gateway().head("by-host", path), "content-length"), "7");
}

TEST_F(S3Store, TellsCipherAndRequests) {
  const auto backend = open();
  EXPECT_EQ(backend->transport(), std::nullopt);
  save(*backend, numbered(FileType::pack, 1));
  backend->load(numbered(FileType::pack, 1), none_);
  backend->list(
      FileType::pack, [](const FileInfo&) {}, none_);
  const auto transport = backend->transport();
  ASSERT_TRUE(transport);
  EXPECT_EQ(transport->protocol, "TLSv1.3");
  EXPECT_EQ(transport->cipher, "TLS_AES_256_GCM_SHA384");
  EXPECT_TRUE(transport->is_aes_256);
  const RequestCounts counts = backend->requests();
  EXPECT_EQ(counts, (RequestCounts{{"PUT", {1, 7, 0}}, {"GET", {1, 0, 7}}, {"LIST", {1, 0, 0}}}));
}

TEST_F(S3Store, ListsMoreThanAPage) {
  const auto backend = open();
  constexpr unsigned kFiles = 1050;
  TaskGroup group{StopToken()};
  for (unsigned thread = 0; thread < 5; ++thread) {
    group.spawn("writer", [&, thread](const StopToken& stop) {
      for (unsigned i = thread; i < kFiles; i += 5)
        backend->save(numbered(FileType::pack, i), as_bytes("x"), stop);
    });
  }
  group.join();
  std::set<std::string> names;
  backend->list(
      FileType::pack, [&](const FileInfo& info) { names.insert(info.name); }, none_);
  EXPECT_EQ(names.size(), kFiles);
  EXPECT_EQ(backend->requests().at("LIST").requests, 2U);
}

TEST_F(S3Store, LargeFilesGoInParts) {
  S3Backend::Tuning tuning;
  tuning.multipart_size = 6 << 20;
  tuning.part_size = 5 << 20;
  const auto backend = open({}, tuning);
  const Bytes content = varied(12 << 20);
  const ByteView whole = content;
  const FileHandle file = numbered(FileType::pack, 1);
  // Pieces that end within parts.
  backend->save(file, {whole.first(3 << 20), whole.subspan(3 << 20)}, none_);
  EXPECT_TRUE(backend->load(file, none_) == content);
  EXPECT_THAT(fact(file, "etag"), HasSubstr("-3"));
  EXPECT_EQ(error_of([&] { backend->save(file, content, none_); }).code(),
            ErrorCode::already_exists);
  EXPECT_EQ(backend->remove_leftovers(std::chrono::seconds(0), none_), 0U) << "it was aborted";
  EXPECT_TRUE(backend->load(file, none_) == content);
}

TEST_F(S3Store, UploadsOfKilledRunsAreAborted) {
  const auto backend = open();
  for (const std::string key : {"repo/data/aa/x", "elsewhere/y"}) {
    S3Request begin;
    begin.method = "POST";
    begin.key = key;
    begin.query = {{"uploads", ""}};
    gateway().client(bucket_)->send(begin, {}, none_);
  }
  EXPECT_EQ(backend->remove_leftovers(hours(1), none_), 0U) << "a run may still be at it";
  EXPECT_EQ(backend->remove_leftovers(std::chrono::seconds(0), none_), 1U);
  EXPECT_EQ(backend->remove_leftovers(std::chrono::seconds(0), none_), 0U);
}

TEST_F(S3Store, SaysWhatIsWrongWithTheKeys) {
  OpenOptions wrong = gateway().options();
  wrong.credentials.secret_access_key = Secret("not-the-secret");
  S3Backend wrong_secret(gateway().location(bucket_), std::move(wrong));
  const FileHandle file = numbered(FileType::key, 1);
  // HEAD has no body that could say so.
  for (const Error& error : {error_of([&] { wrong_secret.load(file, none_); }),
                             error_of([&] { wrong_secret.size(file, none_); }),
                             error_of([&] { save(wrong_secret, file); })}) {
    EXPECT_EQ(error.code(), ErrorCode::permission);
    EXPECT_EQ(error.retry(), Retry::no);
    EXPECT_THAT(words(error), HasSubstr("refuses the secret"));
  }
  OpenOptions unknown = gateway().options();
  unknown.credentials.access_key_id = "AKIDNOBODY";
  S3Backend unknown_key(gateway().location(bucket_), std::move(unknown));
  EXPECT_THAT(words(error_of([&] { unknown_key.is_empty(none_); })),
              HasSubstr("does not know the access key AKIDNOBODY"));
}

TEST_F(S3Store, SaysWhichBucketIsMissing) {
  S3Backend nowhere(gateway().location("no-such-bucket/x"), gateway().options());
  for (const Error& error : {error_of([&] { nowhere.is_empty(none_); }),
                             error_of([&] {
                               nowhere.load({FileType::config, ""}, none_);
                             }),
                             error_of([&] { save(nowhere, numbered(FileType::pack, 1)); })}) {
    EXPECT_EQ(error.code(), ErrorCode::no_repository);
    EXPECT_THAT(words(error), HasSubstr("aws s3 mb s3://no-such-bucket"));
  }
}

// The policy of the manual, for this store's names.
std::string policy_of_the_manual(const std::string& bucket, const std::string& user) {
  // NOLINTNEXTLINE(concurrency-mt-unsafe): nobody sets variables meanwhile
  const std::string root = getenv("HIKAE_SOURCE_DIR");
  const std::string manual = hikae::testing::read_file(root + "/docs/manual/06-s3.md");
  const std::size_t mark = manual.find("<!-- the tests take the policy from here -->");
  const std::size_t begin = manual.find('{', mark);
  std::string policy = manual.substr(begin, manual.find("```", begin) - begin);
  const auto replace = [&](const std::string& from, const std::string& to) {
    for (std::size_t at = policy.find(from); at != std::string::npos; at = policy.find(from, at))
      at = policy.replace(at, from.size(), to).find(to, at) + to.size();
  };
  replace("iam::123456789012:user/hikae", "iam:::user/" + user);
  replace("company-backup/hikae", bucket + "/repo");
  replace("company-backup", bucket);
  return policy;
}

TEST_F(S3Store, TheManualsPolicyAllowsAllButDeletion) {
  hikae::testing::run_program({"radosgw-admin",
                               "-c",
                               gateway().configuration(),
                               "user",
                               "create",
                               "--uid=limited",
                               "--display-name=l",
                               "--access-key=AKIDLIMITED",
                               "--secret=limited-secret"});
  S3Request put;
  put.method = "PUT";
  put.query = {{"policy", ""}};
  const std::string policy = policy_of_the_manual(bucket_, "limited");
  put.body = {as_bytes(policy)};
  put.payload_hash = sha256(as_bytes(policy)).hex();
  gateway().client(bucket_)->send(put, {}, none_);

  OpenOptions options = gateway().options();
  options.credentials.access_key_id = "AKIDLIMITED";
  options.credentials.secret_access_key = Secret("limited-secret");
  S3Backend::Tuning tuning;
  tuning.multipart_size = 6 << 20;
  S3Backend backend(gateway().location(bucket_ + "/repo"), std::move(options), tuning);
  backend.create_layout(none_);
  for (const FileType type : kAllFileTypes) {
    const FileHandle file = type == FileType::config ? FileHandle{type, ""} : numbered(type, 1);
    save(backend, file);
    EXPECT_EQ(as_text(backend.load(file, none_)), "content") << path_of(file);
    backend.list(
        type, [](const FileInfo&) {}, none_);
    if (type == FileType::lock) {
      backend.remove(file, none_);
      EXPECT_EQ(backend.size(file, none_), std::nullopt);
      continue;
    }
    const Error refused = error_of([&] { backend.remove(file, none_); });
    EXPECT_EQ(refused.code(), ErrorCode::permission) << path_of(file);
    EXPECT_THAT(words(refused), HasSubstr("s3:DeleteObject"));
  }
  backend.save(numbered(FileType::pack, 2), varied(7 << 20), none_);
  EXPECT_EQ(backend.remove_leftovers(std::chrono::seconds(0), none_), 0U);
}

class CountingLog final : public Log {
 public:
  void write(LogLevel, const Text& message) override { said_.lock()->push_back(message.key); }
  std::vector<std::string> said() { return *said_.lock(); }

 private:
  Guarded<std::vector<std::string>> said_;
};

TEST_F(S3Store, AClockThatIsOffIsCorrectedAndTold) {
  for (const auto off : {minutes(20), minutes(-20)}) {
    CountingLog log;
    OpenOptions options = gateway().options();
    options.log = &log;
    S3Backend::Tuning tuning;
    tuning.clock = std::make_shared<FakeClock>(SystemClock().now() + off);
    S3Backend backend(gateway().location(bucket_ + "/clock"), std::move(options), tuning);
    // HEAD, whose refusal has no body, comes first.
    EXPECT_EQ(backend.size(numbered(FileType::pack, 1), none_), std::nullopt);
    EXPECT_TRUE(backend.is_empty(none_));
    EXPECT_EQ(log.said(),
              std::vector<std::string>{off > minutes(0) ? "storage.s3_clock_ahead"
                                                        : "storage.s3_clock_behind"});
  }
}

TEST_F(S3ObjectLock, ProtectsWhatARestoreNeeds) {
  const auto backend = open(locked());
  for (const FileType type :
       {FileType::config, FileType::key, FileType::snapshot, FileType::index, FileType::pack}) {
    const FileHandle file = type == FileType::config ? FileHandle{type, ""} : numbered(type, 1);
    save(*backend, file);
    EXPECT_EQ(fact(file, "x-amz-object-lock-mode"), "COMPLIANCE") << path_of(file);
    EXPECT_EQ(delete_version(file).status, 403) << path_of(file);
    EXPECT_EQ(backend->size(file, none_), 7U);
  }
  const FileHandle lock = numbered(FileType::lock, 1);
  save(*backend, lock);
  EXPECT_EQ(fact(lock, "x-amz-object-lock-mode"), "none");
  backend->remove(lock, none_);
  EXPECT_EQ(backend->size(lock, none_), std::nullopt);
}

TEST_F(S3ObjectLock, CanBeExtendedAndNotShortened) {
  const auto backend = open(locked());
  const FileHandle file = numbered(FileType::pack, 1);
  save(*backend, file);
  const auto until = [&] {
    return net::parse_iso_time(fact(file, "x-amz-object-lock-retain-until-date")).value();
  };
  const Instant later = until() + hours(5);
  backend->extend_lock(file, later, none_);
  EXPECT_EQ(until(), later);
  // Nothing to do, though the store refuses it.
  backend->extend_lock(file, later - hours(1), none_);
  EXPECT_EQ(until(), later);
  EXPECT_EQ(
      error_of([&] { backend->extend_lock(numbered(FileType::pack, 9), later, none_); }).code(),
      ErrorCode::not_found);
}

// Ceph does not honour "If-None-Match" on such buckets.
TEST_F(S3ObjectLock, NothingButPacksIsReplacedWhateverTheStoreIgnores) {
  const auto backend = open(locked());
  for (const FileType type : {FileType::key, FileType::index, FileType::snapshot}) {
    save(*backend, numbered(type, 1), "first");
    EXPECT_EQ(error_of([&] { save(*backend, numbered(type, 1), "second"); }).code(),
              ErrorCode::already_exists);
    EXPECT_EQ(as_text(backend->load(numbered(type, 1), none_)), "first");
  }
}

TEST_F(S3ObjectLock, ABucketWithoutItIsNamed) {
  gateway().make_bucket("without-lock");
  OpenOptions options = gateway().options();
  options.s3 = locked();
  S3Backend backend(gateway().location("without-lock/x"), std::move(options));
  const Error error = error_of([&] { save(backend, numbered(FileType::pack, 1)); });
  EXPECT_EQ(error.code(), ErrorCode::unsupported) << words(error);
  EXPECT_THAT(words(error), HasSubstr("without-lock"));
}

}  // namespace
}  // namespace hikae
