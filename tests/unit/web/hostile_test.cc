// SPDX-License-Identifier: Apache-2.0
// Requests that somebody sends who means harm: the server answers or closes, goes on serving
// others, and the folder stays as it was.
#include <gmock/gmock.h>

#include "crypto/random.h"
#include "http_kit.h"

namespace hikae::web {
namespace {

class HostileTest : public ::testing::Test {
 protected:
  HostileTest() {
    make_repository(server_, "/", "pack");
    make_repository(server_, "/alice/", "pack");
    hikae::testing::write_file(server_.folder() / ".htpasswd", "secret");
    before_ = files_below(server_.folder().path());
  }
  void TearDown() override {
    EXPECT_EQ(status_of(server_, "GET", "/config"), 200) << "still alive";
    EXPECT_EQ(files_below(server_.folder().path()), before_);
  }

  static void quick(ServerOptions& options) {
    options.limits.connections = 24;
    options.limits.workers = 4;
    options.memory = 1 << 20;
    options.limits.patience.head = std::chrono::milliseconds(300);
    options.limits.patience.idle = std::chrono::milliseconds(600);
    options.limits.patience.stall = std::chrono::milliseconds(400);
  }

  RunningRepositoryServer server_{quick};
  std::map<std::string, std::string> before_;
};

TEST_F(HostileTest, PathsLeadNowhere) {
  for (const std::string target : {"/../../etc/passwd",
                                   "/%2e%2e/%2e%2e/etc/passwd",
                                   "/..%2f..%2fetc%2fpasswd",
                                   "/alice/../config",
                                   "/alice/%2e%2e/config",
                                   "/./config",
                                   "//etc/passwd",
                                   "/data/../config",
                                   "/data/..%2f..%2fconfig",
                                   "/data/%2e%2e/.htpasswd",
                                   "/.htpasswd",
                                   "/.htpasswd/",
                                   "/alice%00/config",
                                   "/alice\\..\\config",
                                   "/\xc0\xae\xc0\xae/config",
                                   "http://127.0.0.1/config",
                                   "/config#x",
                                   "*"}) {
    for (const char* method : {"GET", "POST", "DELETE", "HEAD"}) {
      const int status = status_of(server_, method, target, "", method[0] == 'P' ? "x" : "");
      EXPECT_GE(status, 400) << method << " " << target;
      EXPECT_LT(status, 500) << method << " " << target;
    }
  }
}

TEST_F(HostileTest, GarbageIsRefused) {
  for (std::size_t size : {1U, 16U, 300U, 5000U}) {
    Bytes garbage(size);
    fill_random(garbage);
    RawConnection connection(server_.port());
    connection.send(std::string(as_text(garbage)) + "\r\n\r\n");
    const auto response = connection.receive();
    ASSERT_TRUE(response);
    EXPECT_EQ(response->status, 400);
    EXPECT_TRUE(connection.is_closed());
  }
}

TEST_F(HostileTest, HugeHeadersAreRefused) {
  RawConnection connection(server_.port());
  connection.send("GET /config HTTP/1.1\r\nHost: a\r\nX: " + std::string(1 << 20, 'x'));
  EXPECT_EQ(connection.receive()->status, 431);
  RawConnection many(server_.port());
  std::string fields;
  for (int i = 0; i < 20000; ++i) fields += "X" + std::to_string(i) + ": y\r\n";
  EXPECT_EQ(many.ask(request("GET", "/config", fields))->status, 431);
  RawConnection target(server_.port());
  EXPECT_EQ(target.ask(request("GET", "/" + std::string(10000, 'a')))->status, 404);
}

TEST_F(HostileTest, SizesThatAreTooLargeAreRefused) {
  for (const char* size : {"1048577", "99999999999999", "18446744073709551615"}) {
    RawConnection connection(server_.port());
    EXPECT_EQ(connection
                  .ask("POST /data/" + hash_of("x") +
                       " HTTP/1.1\r\nHost: a\r\nContent-Length: " + size + "\r\n\r\n")
                  ->status,
              413)
        << size;
  }
  RawConnection connection(server_.port());
  EXPECT_EQ(connection.ask("POST /data/" + hash_of("x") + " HTTP/1.1\r\nHost: a\r\n\r\n")->status,
            411);
}

TEST_F(HostileTest, RequestHiddenInABodyIsNoRequest) {
  RawConnection connection(server_.port());
  const std::string hidden = request("DELETE", "/config");
  EXPECT_EQ(connection.ask(request("POST", "/config", "", hidden))->status, 403);
  EXPECT_TRUE(connection.is_closed()) << "what follows is not looked at";
  RawConnection chunked(server_.port());
  EXPECT_EQ(chunked
                .ask("POST /data/" + hash_of("x") +
                     " HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + hidden)
                ->status,
            411);
  EXPECT_TRUE(chunked.is_closed());
}

TEST_F(HostileTest, BodyThatIsCutOffLeavesNothing) {
  for (int i = 0; i < 10; ++i) {
    RawConnection connection(server_.port());
    connection.send("POST /data/" + hash_of("abc") +
                    " HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nab");
    if (i % 2 == 0) connection.end_sending();
  }
}

TEST_F(HostileTest, SlowHeadersAreGivenUp) {
  std::vector<std::unique_ptr<RawConnection>> slow;
  for (int i = 0; i < 20; ++i) {
    slow.push_back(std::make_unique<RawConnection>(server_.port()));
    slow.back()->send("GET /config HTTP/1.1\r\nHo");
  }
  EXPECT_EQ(status_of(server_, "GET", "/config"), 200) << "nobody waits for the slow ones";
  for (const auto& connection : slow) EXPECT_TRUE(connection->is_closed());
}

TEST_F(HostileTest, SlowBodiesAreGivenUp) {
  std::vector<std::unique_ptr<RawConnection>> slow;
  // As many as there are workers.
  for (int i = 0; i < 4; ++i) {
    slow.push_back(std::make_unique<RawConnection>(server_.port()));
    slow.back()->send("POST /data/" + hash_of("abc" + std::to_string(i)) +
                      " HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\nab");
  }
  EXPECT_EQ(status_of(server_, "GET", "/config"), 200);
  for (const auto& connection : slow) EXPECT_TRUE(connection->is_closed());
}

TEST_F(HostileTest, TrickleIsGivenUpAlthoughItNeverStops) {
  RawConnection connection(server_.port());
  connection.send("POST /data/" + hash_of("abc") +
                  " HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n");
  const auto begin = std::chrono::steady_clock::now();
  while (connection.send("x")) {
    ASSERT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(20));
    pollfd none{-1, 0, 0};
    poll(&none, 1, 20);
  }
}

TEST_F(HostileTest, IdleConnectionsMakeRoomForOthers) {
  std::vector<std::unique_ptr<RawConnection>> idle;
  for (int i = 0; i < 200; ++i) {
    idle.push_back(std::make_unique<RawConnection>(server_.port()));
    if (i % 10 == 0) {
      EXPECT_EQ(status_of(server_, "GET", "/config"), 200);
    }
  }
}

TEST_F(HostileTest, ReaderThatReadsNothingIsGivenUp) {
  const std::string large(1 << 20, 'l');
  const std::string target = "/data/" + hash_of(large);
  ASSERT_EQ(status_of(server_, "POST", target, "", large), 200);
  before_ = files_below(server_.folder().path());
  std::vector<std::unique_ptr<RawConnection>> deaf;
  std::string many;
  for (int i = 0; i < 40; ++i) many += request("GET", target);
  for (int i = 0; i < 4; ++i) {
    deaf.push_back(std::make_unique<RawConnection>(server_.port()));
    deaf.back()->send(many);
  }
  EXPECT_EQ(status_of(server_, "GET", "/config"), 200);
}

}  // namespace
}  // namespace hikae::web
