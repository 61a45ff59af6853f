// SPDX-License-Identifier: Apache-2.0
// What the REST client says when the server refuses, against the real server.
#include <gmock/gmock.h>

#include "base/error.h"
#include "http_kit.h"
#include "storage/rest.h"
#include "support/test_authority.h"

namespace hikae::web {
namespace {

const StopToken kNone;

std::unique_ptr<Backend> client(const std::string& url, const OpenOptions& options = {}) {
  return std::make_unique<RestBackend>(parse_location("rest:" + url, "/"), options);
}

FileHandle file_of(FileType type, const std::string& content) {
  return {type, hash_of(content)};
}

struct Outcome {
  ErrorCode code = ErrorCode::invalid_argument;
  Retry retry = Retry::no;
  std::string hint;
};
template <typename Call>
Outcome outcome_of(Call call) {
  try {
    call();
  } catch (const Error& error) {
    return {error.code(), error.retry(), error.hint() ? render(*error.hint(), Language::en) : ""};
  }
  ADD_FAILURE() << "no error";
  return {};
}

TEST(RestClient, SaysThatTheServerIsAppendOnly) {
  RunningRepositoryServer server(
      [](ServerOptions& o) { o.rules.changes = AccessRules::Changes::append_only; });
  const auto backend = client(server.url() + "repo");
  backend->create_layout(kNone);
  const FileHandle snapshot = file_of(FileType::snapshot, "s");
  backend->save(snapshot, as_bytes("s"), kNone);
  const Outcome refused = outcome_of([&] { backend->remove(snapshot, kNone); });
  EXPECT_EQ(refused.code, ErrorCode::permission);
  EXPECT_EQ(refused.retry, Retry::no);
  EXPECT_THAT(refused.hint, ::testing::HasSubstr("append-only"));
  EXPECT_EQ(as_text(backend->load(snapshot, kNone)), "s");
  const FileHandle lock = file_of(FileType::lock, "l");
  backend->save(lock, as_bytes("l"), kNone);
  backend->remove(lock, kNone);
  EXPECT_EQ(backend->size(lock, kNone), std::nullopt);
}

TEST(RestClient, SaysThatTheLoginIsWrong) {
  TempDir dir;
  RunningRepositoryServer server([&](ServerOptions& options) {
    options.htpasswd_file = RunningRepositoryServer::write_users(dir, {{"alice", "wonderland"}});
    options.rules.folders = AccessRules::Folders::per_user;
  });
  for (const char* login : {"", "alice:wrong@", "eve:wonderland@"}) {
    const auto stranger = client(server.url(login) + "alice");
    EXPECT_EQ(outcome_of([&] { stranger->create_layout(kNone); }).code, ErrorCode::permission);
    EXPECT_EQ(outcome_of([&] { stranger->is_empty(kNone); }).code, ErrorCode::permission);
    EXPECT_THAT(outcome_of([&] {
                  stranger->load({FileType::config, ""}, kNone);
                }).hint,
                ::testing::HasSubstr("credentials"));
    EXPECT_EQ(stranger->location().find("wrong"), std::string::npos);
  }
  const auto elsewhere = client(server.url("alice:wonderland@") + "bob");
  EXPECT_EQ(outcome_of([&] { elsewhere->create_layout(kNone); }).code, ErrorCode::permission);
  const auto own = client(server.url("alice:wonderland@") + "alice");
  own->create_layout(kNone);
  EXPECT_TRUE(own->is_empty(kNone));
}

TEST(RestClient, SaysThatTheServerIsFull) {
  RunningRepositoryServer server([](ServerOptions& o) { o.max_size = 10; });
  const auto backend = client(server.url());
  backend->create_layout(kNone);
  const std::string content(11, 'x');
  const Outcome full = outcome_of(
      [&] { backend->save(file_of(FileType::pack, content), as_bytes(content), kNone); });
  EXPECT_EQ(full.code, ErrorCode::no_space);
  EXPECT_EQ(full.retry, Retry::no);
}

TEST(RestClient, SaysThatAFileIsTooLarge) {
  RunningRepositoryServer server([](ServerOptions& o) { o.memory = 1000; });
  const auto backend = client(server.url());
  backend->create_layout(kNone);
  const std::string content(1001, 'x');
  const Outcome refused = outcome_of(
      [&] { backend->save(file_of(FileType::pack, content), as_bytes(content), kNone); });
  EXPECT_EQ(refused.retry, Retry::no);
  EXPECT_THAT(refused.hint, ::testing::HasSubstr("client_max_body_size"));
}

TEST(RestClient, TriesAgainWhatArrivedDamaged) {
  RunningRepositoryServer server;
  const auto backend = client(server.url());
  backend->create_layout(kNone);
  const Outcome refused = outcome_of(
      [&] { backend->save(file_of(FileType::pack, "promised"), as_bytes("other"), kNone); });
  EXPECT_EQ(refused.code, ErrorCode::io);
  EXPECT_EQ(refused.retry, Retry::after_backoff);
}

TEST(RestClient, SaysThatThereIsNoRepository) {
  RunningRepositoryServer server;
  const auto backend = client(server.url() + "absent");
  EXPECT_EQ(outcome_of([&] {
              backend->list(
                  FileType::snapshot, [](const FileInfo&) {}, kNone);
            }).code,
            ErrorCode::no_repository);
  EXPECT_EQ(outcome_of([&] {
              backend->load({FileType::config, ""}, kNone);
            }).code,
            ErrorCode::not_found);
  EXPECT_TRUE(backend->is_empty(kNone));
}

TEST(RestClient, TellsHowTheConnectionIsProtected) {
  hikae::testing::TestAuthority authority;
  const auto certificate = authority.issue("IP:127.0.0.1");
  RunningRepositoryServer server([&](ServerOptions& o) {
    o.tls = {certificate.certificate, certificate.key};
  });
  OpenOptions options;
  options.variable = [&](const std::string& name) {
    return name == "RESTIC_CACERT" ? std::optional(authority.file()) : std::nullopt;
  };
  const auto backend = client(server.url(), options);
  EXPECT_EQ(backend->transport(), std::nullopt);
  backend->create_layout(kNone);
  ASSERT_TRUE(backend->transport());
  EXPECT_EQ(backend->transport()->cipher, "TLS_AES_256_GCM_SHA384");
  EXPECT_TRUE(backend->transport()->is_aes_256);
  const auto distrustful = client(server.url());
  EXPECT_EQ(outcome_of([&] { distrustful->create_layout(kNone); }).code, ErrorCode::permission);
}

}  // namespace
}  // namespace hikae::web
