// SPDX-License-Identifier: Apache-2.0
// What restic's REST protocol asks of a server, and what append-only mode and private repositories
// refuse.
#include <gmock/gmock.h>

#include "http_kit.h"
#include "storage/layout.h"
#include "web/repository_handler.h"

namespace hikae::web {
namespace {

constexpr const char* kAcceptV2 = "Accept: application/vnd.x.restic.rest.v2\r\n";

class HandlerTest : public ::testing::Test {
 protected:
  RunningRepositoryServer server_;
  const std::string content_ = "0123456789";
  const std::string pack_ = "/data/" + hash_of(content_);
};

TEST_F(HandlerTest, MakesARepository) {
  EXPECT_EQ(status_of(server_, "HEAD", "/a/config"), 404);
  EXPECT_EQ(status_of(server_, "POST", "/a/"), 400) << "without create=true";
  EXPECT_EQ(status_of(server_, "POST", "/a/?create=true"), 200);
  EXPECT_EQ(status_of(server_, "POST", "/a/?create=true"), 200) << "and again";
  EXPECT_TRUE(std::filesystem::is_directory(server_.folder() / "a/data/3f"));
  EXPECT_EQ(status_of(server_, "POST", "/a/config", "", "the config"), 200);
  EXPECT_EQ(ask(server_, "GET", "/a/config").body, "the config");
  EXPECT_EQ(status_of(server_, "POST", "/a/config", "", "another"), 403);
  EXPECT_EQ(ask(server_, "GET", "/a/config").body, "the config");
  EXPECT_EQ(status_of(server_, "DELETE", "/a/"), 501);
}

TEST_F(HandlerTest, StoresEachKindOfFileAndGivesItBack) {
  make_repository(server_, "/", content_);
  for (const FileType type : kAllFileTypes) {
    if (type == FileType::config) continue;
    const std::string content = "content of " + std::string(folder_of(type));
    const std::string target = "/" + std::string(folder_of(type)) + "/" + hash_of(content);
    EXPECT_EQ(status_of(server_, "GET", target), 404);
    EXPECT_EQ(status_of(server_, "HEAD", target), 404);
    EXPECT_EQ(status_of(server_, "POST", target, "", content), 200) << target;
    const RawResponse head = ask(server_, "HEAD", target);
    EXPECT_EQ(head.status, 200);
    EXPECT_EQ(head.fields.at("Content-Length"), std::to_string(content.size()));
    EXPECT_EQ(ask(server_, "GET", target).body, content);
    EXPECT_EQ(status_of(server_, "DELETE", target), 200);
    EXPECT_EQ(status_of(server_, "DELETE", target), 200) << "as often as one likes";
    EXPECT_EQ(status_of(server_, "GET", target), 404);
  }
}

TEST_F(HandlerTest, WritesWhereAnyResticLooks) {
  make_repository(server_, "/alice/laptop/", content_);
  EXPECT_EQ(hikae::testing::read_file(
                server_.folder() /
                ("alice/laptop/data/" + hash_of(content_).substr(0, 2) + "/" + hash_of(content_))),
            content_);
}

TEST_F(HandlerTest, ListsInBothVersions) {
  make_repository(server_, "/", content_);
  const RawResponse first = ask(server_, "GET", "/data/");
  EXPECT_EQ(first.fields.at("Content-Type"), "application/vnd.x.restic.rest.v1");
  EXPECT_EQ(first.body, "[\"" + hash_of(content_) + "\"]");
  const RawResponse second = ask(server_, "GET", "/data/", kAcceptV2);
  EXPECT_EQ(second.fields.at("Content-Type"), "application/vnd.x.restic.rest.v2");
  EXPECT_EQ(second.body, "[{\"name\":\"" + hash_of(content_) + "\",\"size\":10}]");
  EXPECT_EQ(ask(server_, "GET", "/keys/", kAcceptV2).body, "[]");
  EXPECT_EQ(ask(server_, "GET", "/hikae/policies/", kAcceptV2).body, "[]");
  EXPECT_EQ(status_of(server_, "GET", "/absent/keys/", kAcceptV2), 404);
}

TEST_F(HandlerTest, ListsMoreThanFitsIntoOnePiece) {
  make_repository(server_, "/", content_);
  std::string names;
  for (int i = 0; i < 2000; ++i) {
    const std::string name = hash_of(std::to_string(i));
    hikae::testing::write_file(server_.folder() / ("keys/" + name), "key");
  }
  const RawResponse list = ask(server_, "GET", "/keys/", kAcceptV2);
  EXPECT_EQ(list.fields.at("Transfer-Encoding"), "chunked");
  EXPECT_EQ(std::count(list.body.begin(), list.body.end(), '{'), 2000);
  EXPECT_EQ(list.body.back(), ']');
}

TEST_F(HandlerTest, GivesParts) {
  make_repository(server_, "/", content_);
  const RawResponse part = ask(server_, "GET", pack_, "Range: bytes=3-5\r\n");
  EXPECT_EQ(part.status, 206);
  EXPECT_EQ(part.body, "345");
  EXPECT_EQ(part.fields.at("Content-Range"), "bytes 3-5/10");
  EXPECT_EQ(ask(server_, "GET", pack_, "Range: bytes=8-\r\n").body, "89");
  EXPECT_EQ(ask(server_, "GET", pack_, "Range: bytes=-3\r\n").body, "789");
  EXPECT_EQ(ask(server_, "GET", pack_, "Range: bytes=8-100\r\n").body, "89");
  const RawResponse outside = ask(server_, "GET", pack_, "Range: bytes=10-\r\n");
  EXPECT_EQ(outside.status, 416);
  EXPECT_EQ(outside.fields.at("Content-Range"), "bytes */10");
  EXPECT_EQ(ask(server_, "GET", pack_, "Range: bytes=0-1,4-5\r\n").status, 200);
}

TEST_F(HandlerTest, GivesFilesOfAnySize) {
  const std::string large(5'000'123, 'x');
  make_repository(server_, "/", large);
  EXPECT_EQ(ask(server_, "GET", "/data/" + hash_of(large)).body, large);
  EXPECT_EQ(status_of(server_, "POST", "/data/" + hash_of(""), "", ""), 200);
  const RawResponse empty = ask(server_, "GET", "/data/" + hash_of(""));
  EXPECT_EQ(empty.status, 200);
  EXPECT_EQ(empty.body, "");
}

TEST_F(HandlerTest, StoresOnlyWhatHasTheHashOfItsName) {
  make_repository(server_, "/", content_);
  const auto before = files_below(server_.folder().path());
  for (const std::string folder : {"/data/", "/index/", "/keys/", "/snapshots/", "/locks/"})
    EXPECT_EQ(status_of(server_, "POST", folder + hash_of("promised"), "", "other"), 400);
  EXPECT_EQ(status_of(server_, "POST", pack_, "", content_), 403) << "never stored twice";
  EXPECT_EQ(files_below(server_.folder().path()), before);
}

TEST_F(HandlerTest, SaysWhichMethodsThereAre) {
  EXPECT_EQ(ask(server_, "PUT", pack_).fields.at("Allow"), "HEAD, GET, POST, DELETE");
  EXPECT_EQ(ask(server_, "GET", "/").fields.at("Allow"), "POST");
  EXPECT_EQ(ask(server_, "DELETE", "/data/").fields.at("Allow"), "GET");
  EXPECT_EQ(status_of(server_, "OPTIONS", "/data/"), 405);
}

TEST(AppendOnly, RefusesAllChangesButNewFilesAndOldLocks) {
  RunningRepositoryServer server(
      [](ServerOptions& o) { o.rules.changes = AccessRules::Changes::append_only; });
  make_repository(server, "/", "pack");
  for (const FileType type : kAllFileTypes) {
    if (type == FileType::config) continue;
    const std::string content = "of " + std::string(folder_of(type));
    const std::string target = "/" + std::string(folder_of(type)) + "/" + hash_of(content);
    EXPECT_EQ(status_of(server, "POST", target, "", content), 200);
    EXPECT_EQ(status_of(server, "POST", target, "", content), 403);
    const bool is_lock = type == FileType::lock;
    EXPECT_EQ(status_of(server, "DELETE", target), is_lock ? 200 : 403) << target;
    EXPECT_EQ(status_of(server, "HEAD", target), is_lock ? 404 : 200) << target;
  }
  EXPECT_EQ(status_of(server, "DELETE", "/config"), 403);
  EXPECT_EQ(status_of(server, "POST", "/config", "", "other"), 403);
  EXPECT_EQ(status_of(server, "DELETE", "/"), 403);
  EXPECT_EQ(ask(server, "GET", "/config").body, "config");
}

// "alice:wonderland" and "bob:builder".
constexpr const char* kAlice = "Authorization: Basic YWxpY2U6d29uZGVybGFuZA==\r\n";
constexpr const char* kBob = "Authorization: Basic Ym9iOmJ1aWxkZXI=\r\n";

class UsersTest : public ::testing::Test {
 protected:
  RunningRepositoryServer::Adjust with_users(AccessRules::Folders folders) {
    return [this, folders](ServerOptions& options) {
      options.htpasswd_file =
          RunningRepositoryServer::write_users(dir_, {{"alice", "wonderland"}, {"bob", "builder"}});
      options.rules.folders = folders;
    };
  }
  TempDir dir_;
};

TEST_F(UsersTest, NobodyGetsInWithoutAPassword) {
  RunningRepositoryServer server(with_users(AccessRules::Folders::shared));
  make_repository(server, "/", "pack", kAlice);
  const auto before = files_below(server.folder().path());
  // "alice:wrong", "eve:wonderland", no colon, not base64
  for (const std::string login : {"",
                                  "Authorization: Basic YWxpY2U6d3Jvbmc=\r\n",
                                  "Authorization: Basic ZXZlOndvbmRlcmxhbmQ=\r\n",
                                  "Authorization: Basic YWxpY2U=\r\n",
                                  "Authorization: Basic ***\r\n",
                                  "Authorization: Bearer YWxpY2U6d29uZGVybGFuZA==\r\n"}) {
    for (const std::string target : {"/config", "/data/", "/../x", "/absent/config"}) {
      const RawResponse refused = ask(server, "GET", target, login);
      EXPECT_EQ(refused.status, 401) << login << target;
      EXPECT_EQ(refused.fields.at("WWW-Authenticate"), "Basic realm=\"hikae\"");
    }
    EXPECT_EQ(status_of(server, "DELETE", "/config", login), 401);
    EXPECT_EQ(status_of(server, "POST", "/data/" + hash_of("x"), login, "x"), 401);
  }
  EXPECT_EQ(files_below(server.folder().path()), before);
  EXPECT_EQ(status_of(server, "GET", "/config", kBob), 200);
}

TEST_F(UsersTest, ReachOnlyTheirOwnFolder) {
  RunningRepositoryServer server(with_users(AccessRules::Folders::per_user));
  make_repository(server, "/alice/", "pack", kAlice);
  make_repository(server, "/alice/laptop/", "pack", kAlice);
  const auto before = files_below(server.folder().path());
  for (const std::string target : {"/alice/config",
                                   "/alice/laptop/config",
                                   "/alice/data/",
                                   "/",
                                   "/config",
                                   "/data/",
                                   "/bobby/config",
                                   "/Bob/config"}) {
    for (const char* method : {"GET", "HEAD", "POST", "DELETE"})
      EXPECT_EQ(status_of(server, method, target, kBob), 403) << method << target;
  }
  for (const std::string target : {"/bob/../alice/config", "/bob/%2e%2e/alice/config"})
    EXPECT_EQ(status_of(server, "GET", target, kBob), 404) << target;
  EXPECT_EQ(status_of(server, "POST", "/?create=true", kBob), 403);
  EXPECT_EQ(status_of(server, "POST", "/alice/x/?create=true", kBob), 403);
  EXPECT_EQ(files_below(server.folder().path()), before);
  make_repository(server, "/bob/", "pack", kBob);
}

TEST(Quota, RefusesWhatWouldNotFit) {
  RunningRepositoryServer server([](ServerOptions& options) {
    hikae::testing::write_file(options.path + "/was here before", std::string(1000, 'x'));
    options.max_size = 3000;
  });
  const std::string half(1500, 'h');
  make_repository(server, "/", half);
  EXPECT_EQ(
      status_of(
          server, "POST", "/data/" + hash_of(std::string(1400, 'y')), "", std::string(1400, 'y')),
      507);
  const std::string wrong = "/data/" + hash_of("something else");
  EXPECT_EQ(status_of(server, "POST", wrong, "", std::string(400, 'z')), 400);
  EXPECT_EQ(
      status_of(
          server, "POST", "/data/" + hash_of(std::string(400, 'z')), "", std::string(400, 'z')),
      200)
      << "what was refused takes no room";
  EXPECT_EQ(status_of(server, "DELETE", "/data/" + hash_of(half)), 200);
  EXPECT_EQ(
      status_of(
          server, "POST", "/data/" + hash_of(std::string(1400, 'y')), "", std::string(1400, 'y')),
      200);
}

}  // namespace
}  // namespace hikae::web
