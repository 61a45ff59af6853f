// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>

#include "base/error.h"
#include "http_kit.h"
#include "support/test_authority.h"
#include "web/repository_server.h"
#include "web/timestamps.h"

namespace hikae::web {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::MatchesRegex;

TEST(Timestamps, AreThoseOfTheStandard) {
  const Instant instant{std::chrono::seconds(784111777)};  // the example of RFC 9110
  EXPECT_EQ(http_date(instant), "Sun, 06 Nov 1994 08:49:37 GMT");
  EXPECT_EQ(log_time(instant), "[06/Nov/1994:08:49:37 +0000]");
}

TEST(Server, AnswersManyRequestsOnOneConnection) {
  RunningRepositoryServer server;
  make_repository(server, "/", "pack");
  RawConnection connection(server.port());
  for (int i = 0; i < 20; ++i) EXPECT_EQ(connection.ask(request("GET", "/config"))->body, "config");
  // Several at once, the second with a body, all in one packet.
  const std::string name = hash_of("more");
  ASSERT_TRUE(connection.send(request("GET", "/config") +
                              request("POST", "/data/" + name, "", "more") +
                              request("GET", "/data/" + name) + request("GET", "/absent/config")));
  EXPECT_EQ(connection.receive()->body, "config");
  EXPECT_EQ(connection.receive()->status, 200);
  EXPECT_EQ(connection.receive()->body, "more");
  EXPECT_EQ(connection.receive()->status, 404);
}

TEST(Server, ClosesWhenAsked) {
  RunningRepositoryServer server;
  RawConnection connection(server.port());
  const auto response = connection.ask(request("GET", "/config", "Connection: close\r\n"));
  EXPECT_EQ(response->fields.at("Connection"), "close");
  EXPECT_TRUE(connection.is_closed());
}

TEST(Server, LetsAnExpectingClientContinue) {
  RunningRepositoryServer server;
  make_repository(server, "/", "pack");
  RawConnection connection(server.port());
  const std::string target = "/data/" + hash_of("body");
  const std::string head =
      "POST " + target +
      " HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n";
  EXPECT_EQ(connection.ask(head)->status, 100);
  EXPECT_EQ(connection.ask("body")->status, 200);
  EXPECT_EQ(connection.ask(head)->status, 403) << "refused before anything is sent";
}

TEST(Server, RefusalReachesAClientThatIsStillSending) {
  RunningRepositoryServer server([](ServerOptions& o) { o.memory = 1 << 20; });
  make_repository(server, "/", "pack");
  const std::string large(8 << 20, 'x');
  EXPECT_EQ(status_of(server, "POST", "/data/" + hash_of(large), "", large), 413);
  EXPECT_EQ(status_of(server, "POST", "/config", "", large), 413);
}

TEST(Server, LogsEachRequestWithoutItsPassword) {
  TempDir dir;
  RunningRepositoryServer server([&](ServerOptions& options) {
    options.htpasswd_file = RunningRepositoryServer::write_users(dir, {{"alice", "wonderland"}});
  });
  {
    // On one connection, so that the lines come in this order.
    RawConnection connection(server.port());
    connection.ask(request("GET",
                           "/x/config",
                           "Authorization: Basic YWxpY2U6d29uZGVybGFuZA==\r\n"
                           "User-Agent: a \"quoted\" one\r\n"));
    connection.ask(request("POST", "/config", "", "body"));
  }
  server.stop();
  const auto lines = server.access_lines();
  ASSERT_EQ(lines.size(), 2U);
  EXPECT_THAT(lines[0],
              MatchesRegex(R"(127.0.0.1 - alice \[[^]]*\] "GET /x/config HTTP/1.1" 404 0 "-" )"
                           R"("a .x22quoted.x22 one" [0-9.]* 0)"));
  EXPECT_THAT(lines[1], HasSubstr("- - ["));
  EXPECT_THAT(lines[1], HasSubstr("\"POST /config HTTP/1.1\" 401 0"));
  for (const std::string& line : lines) {
    EXPECT_THAT(line, ::testing::Not(HasSubstr("wonderland")));
    EXPECT_THAT(line, ::testing::Not(HasSubstr("YWxp")));
  }
}

TEST(Server, LogLineCannotBeForged) {
  RunningRepositoryServer server;
  ask(server, "GET", "/a\"%0a1.2.3.4/config", "User-Agent: x\x01y\r\n");
  server.stop();
  ASSERT_EQ(server.access_lines().size(), 1U);
  EXPECT_THAT(server.access_lines()[0], ::testing::Not(HasSubstr("\n")));
}

TEST(Server, FinishesWhatIsUnderWayWhenStopped) {
  RunningRepositoryServer server;
  make_repository(server, "/", "pack");
  RawConnection idle(server.port());
  EXPECT_EQ(idle.ask(request("GET", "/config"))->status, 200);
  RawConnection uploading(server.port());
  const std::string body(100000, 'b');
  const std::string text = request("POST", "/data/" + hash_of(body), "", body);
  ASSERT_TRUE(uploading.send(text.substr(0, 50000)));
  // The upload is at a worker once its place is taken: another writer of the name is refused only
  // then by the quota, so ask something that all workers but one can answer.
  EXPECT_EQ(status_of(server, "GET", "/config"), 200);
  TaskGroup stopping{StopToken()};
  stopping.spawn("stop", [&](const StopToken&) { server.stop(); });
  EXPECT_TRUE(idle.is_closed()) << "nothing was under way here";
  EXPECT_EQ(uploading.ask(text.substr(50000))->status, 200);
  EXPECT_TRUE(uploading.is_closed());
  stopping.join();
  EXPECT_EQ(files_below(server.folder().path()).size(), 3U);
}

TEST(Server, DoesNotWaitForEverWhenStopped) {
  RunningRepositoryServer server(
      [](ServerOptions& o) { o.limits.grace = std::chrono::milliseconds(50); });
  make_repository(server, "/", "pack");
  const auto before = files_below(server.folder().path());
  RawConnection uploading(server.port());
  ASSERT_TRUE(uploading.send("POST /data/" + hash_of("abc") +
                             " HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\na"));
  EXPECT_EQ(status_of(server, "GET", "/config"), 200);
  server.stop();
  EXPECT_EQ(files_below(server.folder().path()), before);
}

ErrorCode refusal(const RunningRepositoryServer::Adjust& adjust) {
  try {
    const RunningRepositoryServer server(adjust);
  } catch (const Error& error) {
    return error.code();
  }
  ADD_FAILURE() << "started";
  return ErrorCode::io;
}

TEST(Server, RefusesToStartWithWhatMakesNoSense) {
  EXPECT_EQ(refusal([](ServerOptions& o) { o.rules.folders = AccessRules::Folders::per_user; }),
            ErrorCode::invalid_argument);
  EXPECT_EQ(refusal([](ServerOptions& o) { o.path += "/absent"; }), ErrorCode::no_repository);
  EXPECT_EQ(refusal([](ServerOptions& o) { o.htpasswd_file = o.path + "/absent"; }),
            ErrorCode::not_found);
  for (const char* place : {"",
                            "8000",
                            "127.0.0.1",
                            "127.0.0.1:",
                            "127.0.0.1:x",
                            "127.0.0.1:65536",
                            "::1:8000",
                            "no such host:1"})
    EXPECT_EQ(refusal([&](ServerOptions& o) { o.listen = place; }), ErrorCode::invalid_argument)
        << place;
  RunningRepositoryServer first;
  EXPECT_EQ(
      refusal([&](ServerOptions& o) { o.listen = "127.0.0.1:" + std::to_string(first.port()); }),
      ErrorCode::io);
  EXPECT_EQ(refusal([](ServerOptions& o) {
              hikae::testing::write_file(o.path + "/cert", "no certificate");
              o.tls = {o.path + "/cert", o.path + "/cert"};
            }),
            ErrorCode::invalid_argument);
}

TEST(Server, WarnsWhenOthersCanReadPasswords) {
  EXPECT_THAT(RunningRepositoryServer().warnings(), IsEmpty());
  TempDir dir;
  RunningRepositoryServer open([](ServerOptions& o) { o.listen = ":0"; });
  EXPECT_THAT(open.warnings(), ElementsAre(HasSubstr("without TLS"), HasSubstr("no password")));
  hikae::testing::TestAuthority authority;
  const auto certificate = authority.issue("IP:127.0.0.1");
  RunningRepositoryServer safe([&](ServerOptions& options) {
    options.listen = "0.0.0.0:0";
    options.htpasswd_file = RunningRepositoryServer::write_users(dir, {{"a", "b"}});
    options.tls = {certificate.certificate, certificate.key};
  });
  EXPECT_THAT(safe.warnings(), IsEmpty());
}

TEST(Server, ListensOnTheOtherProtocolToo) {
  RunningRepositoryServer server([](ServerOptions& o) { o.listen = ":0"; });
  EXPECT_EQ(status_of(server, "GET", "/config"), 404) << "IPv4 by the socket for all addresses";
}

TEST(Server, DoesNotFillTheDiskBelowAMountThatIsGone) {
  RunningRepositoryServer server;
  const std::string path = server.folder().path().string();
  std::filesystem::rename(path, path + "-elsewhere");
  std::filesystem::create_directory(path);
  EXPECT_EQ(status_of(server, "POST", "/new/?create=true"), 503);
  EXPECT_TRUE(std::filesystem::is_empty(path));
  std::filesystem::remove_all(path + "-elsewhere");
}

TEST(Server, FollowsARepositoryThatWasReplaced) {
  RunningRepositoryServer server;
  make_repository(server, "/a/", "pack");
  std::filesystem::remove_all(server.folder() / "a");
  EXPECT_NE(status_of(server, "GET", "/a/config"), 200);
  make_repository(server, "/a/", "other");
  EXPECT_EQ(ask(server, "GET", "/a/data/" + hash_of("other")).body, "other");
}

}  // namespace
}  // namespace hikae::web
