// SPDX-License-Identifier: Apache-2.0
#include "postgres/connection.h"

#include <unistd.h>

#include <mutex>
#include <thread>

#include <gmock/gmock.h>

#include "postgres/connect.h"
#include "postgres/explain.h"
#include "support/postgres_server.h"

namespace hikae::postgres {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using testing::PostgresServer;
using testing::PostgresSettings;

class KeptLog final : public Log {
 public:
  void write(LogLevel level, const Text& message) override {
    const std::lock_guard lock(mutex_);
    lines_ += std::to_string(static_cast<int>(level)) + " " + render(message, Language::en) + "\n";
  }
  std::string lines() {
    const std::lock_guard lock(mutex_);
    return lines_;
  }

 private:
  std::mutex mutex_;
  std::string lines_;
};

std::string shown(const Error& error) {
  std::string all = render(error, Language::en) + error.what();
  if (error.hint()) all += render(*error.hint(), Language::en);
  return all;
}

TEST(ConnectionWords, AreTakenApartInAnyLanguage) {
  const auto english = read_connection_words(
      "connection to server on socket \"/run/.s.PGSQL.5432\" failed: FATAL:  3D000: database \"x\" "
      "does not exist\nLOCATION:  InitPostgres, postinit.c:885\n");
  EXPECT_EQ(english.state, "3D000");
  EXPECT_EQ(english.words,
            "connection to server on socket \"/run/.s.PGSQL.5432\" failed: FATAL: database \"x\" "
            "does not exist");
  const auto japanese = read_connection_words(
      "failed: 致命的エラー:  28P01: ユーザー\"a\"のパスワード認証に失敗しました\nLOCATION:  x, "
      "auth.c:1\n");
  EXPECT_EQ(japanese.state, "28P01");
  EXPECT_EQ(japanese.words, "failed: 致命的エラー: ユーザー\"a\"のパスワード認証に失敗しました");
  const auto own =
      read_connection_words("could not connect: Connection refused\n\tIs it:  there?\n");
  EXPECT_EQ(own.state, "");
  EXPECT_EQ(own.words, "could not connect: Connection refused Is it: there?");
}

class ConnectionTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    PostgresSettings settings;
    settings.lines = {"max_wal_senders = 4"};
    settings.hba = {"local all secretary scram-sha-256"};
    server_ = new PostgresServer(settings);
    server_->sql("CREATE ROLE secretary LOGIN PASSWORD 'hush-hush'");
  }
  static void TearDownTestSuite() { delete server_; }

  static Server address() {
    Server server;
    locate_server(server, server_->data());
    server.user = "postgres";
    if (geteuid() == 0) server.run_as = os::find_user_account("postgres");
    return server;
  }
  static Connection connect(const std::string& database = "postgres") {
    return {address(), database, ConnectionKind::ordinary, log_, {}};
  }

  static PostgresServer* server_;
  static KeptLog log_;
};
PostgresServer* ConnectionTest::server_ = nullptr;
KeptLog ConnectionTest::log_;

TEST_F(ConnectionTest, FindsTheSocketFromTheDataDirectory) {
  const Server server = address();
  EXPECT_EQ(server.host, server_->socket_folder());
  EXPECT_EQ(server.port, server_->port());
}

TEST_F(ConnectionTest, PeerAuthenticationTakesTheOtherUserAndOnlyForTheConnection) {
  const uid_t before = geteuid();
  Connection connection = connect();
  EXPECT_EQ(connection.query("SELECT current_user", {}).text(0, 0), "postgres");
  EXPECT_EQ(geteuid(), before);
  EXPECT_GE(connection.server_major(), 13);
}

TEST_F(ConnectionTest, WithoutTheOtherUserPeerAuthenticationFailsWithTheFix) {
  if (geteuid() != 0) GTEST_SKIP() << "needs root";
  Server server = address();
  server.run_as.reset();
  try {
    const Connection connection(server, "postgres", ConnectionKind::ordinary, log_, {});
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::permission);
    EXPECT_EQ(error.retry(), Retry::no);
    EXPECT_THAT(shown(error), HasSubstr("Peer authentication failed"));
    EXPECT_THAT(shown(error), HasSubstr("run_as: postgres"));
  }
}

TEST_F(ConnectionTest, ThreadsThatConnectDoNotChangeTheOthers) {
  if (geteuid() != 0) GTEST_SKIP() << "needs root";
  std::atomic<bool> done{false};
  std::atomic<int> wrong{0};
  std::jthread watcher([&] {
    while (!done) wrong += geteuid() == 0 ? 0 : 1;
  });
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 4; ++i) {
      threads.emplace_back([] {
        for (int n = 0; n < 5; ++n) connect();
      });
    }
  }
  done = true;
  watcher.join();
  EXPECT_EQ(wrong, 0);
}

TEST_F(ConnectionTest, APasswordIsUsedAndNeverShown) {
  Server server = address();
  server.user = "secretary";
  server.password = std::make_shared<Secret>("hush-hush");
  Connection good(server, "postgres", ConnectionKind::ordinary, log_, {});
  EXPECT_EQ(good.query("SELECT current_user", {}).text(0, 0), "secretary");
  server.password = std::make_shared<Secret>("other-secret");
  try {
    const Connection bad(server, "postgres", ConnectionKind::ordinary, log_, {});
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::permission);
    EXPECT_THAT(shown(error), Not(HasSubstr("other-secret")));
  }
}

TEST_F(ConnectionTest, ValuesComeWithTheirNulls) {
  Connection connection = connect();
  const Result result =
      connection.query("SELECT 42, NULL, $1::text, true", {"it's \"x\""}, StopToken{});
  ASSERT_EQ(result.kind(), Result::Kind::tuples);
  EXPECT_EQ(result.number(0, 0), 42);
  EXPECT_FALSE(result.value(0, 1).has_value());
  EXPECT_EQ(result.text(0, 2), "it's \"x\"");
  EXPECT_TRUE(result.is_true(0, 3));
  EXPECT_EQ(connection.quote_value("it's"), "'it''s'");
  EXPECT_EQ(Connection::quote_name("a\"b"), "\"a\"\"b\"");
}

TEST_F(ConnectionTest, ErrorsCarryTheServersWordsAndTheSessionGoesOn) {
  Connection connection = connect();
  try {
    connection.query("SELECT * FROM nowhere", {});
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::not_found);
    EXPECT_THAT(shown(error), HasSubstr("relation \"nowhere\" does not exist"));
  }
  EXPECT_EQ(connection.query("SELECT 1", {}).number(0, 0), 1);
}

TEST_F(ConnectionTest, WarningsGoToTheLog) {
  Connection connection = connect();
  connection.query("DO $$ BEGIN RAISE WARNING 'mind the gap'; END $$", {});
  EXPECT_THAT(log_.lines(), HasSubstr("2 PostgreSQL says: WARNING: mind the gap"));
}

TEST(SessionSettings, LiftTheLimitThatOnlyNewServersHave) {
  for (const int version : {130000, 150018, 160004})
    EXPECT_THAT(session_settings(version), Not(HasSubstr("transaction_timeout")));
  EXPECT_THAT(session_settings(170000), HasSubstr("'transaction_timeout', '0'"));
}

TEST_F(ConnectionTest, ALockThatDoesNotComeEndsTheWait) {
  Connection holder = connect();
  holder.query("CREATE TABLE public.locked (x int)", {});
  holder.query("BEGIN", {});
  holder.query("LOCK TABLE public.locked", {});
  Server server = address();
  server.lock_timeout = std::chrono::milliseconds(50);
  Connection waiter(server, "postgres", ConnectionKind::ordinary, log_, {});
  try {
    waiter.query("SELECT * FROM public.locked", {});
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::timeout);
    EXPECT_EQ(error.retry(), Retry::after_backoff);
  }
}

TEST_F(ConnectionTest, AStopCancelsTheStatementAtTheServer) {
  Connection watcher = connect();
  Connection sleeper = connect();
  const std::string pid = std::to_string(sleeper.backend_pid());
  std::stop_source source;
  std::jthread stopper([&] {
    const std::string sleeping =
        "SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND query LIKE "
        "'%pg_sleep(600)%' AND pid = " +
        pid;
    while (watcher.query(sleeping, {}).number(0, 0) == 0) std::this_thread::yield();
    source.request_stop();
  });
  EXPECT_THROW(sleeper.query("SELECT pg_sleep(600)", source.get_token()), Cancelled);
  stopper.join();
  const std::string alive =
      "SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND pid = " + pid;
  while (watcher.query(alive, {}).number(0, 0) != 0) std::this_thread::yield();
}

TEST_F(ConnectionTest, ASessionThatTheServerEndsIsTold) {
  Connection killer = connect();
  Connection victim = connect();
  killer.query("SELECT pg_terminate_backend($1::int)", {std::to_string(victim.backend_pid())}, {});
  try {
    victim.query("SELECT 1", {});
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::io);
    EXPECT_EQ(error.retry(), Retry::after_backoff);
    EXPECT_THAT(shown(error), HasSubstr("terminating connection"));
  }
}

TEST_F(ConnectionTest, ReplicationSpeaksItsProtocol) {
  Connection connection(address(), "", ConnectionKind::replication, log_, {});
  const Result system = connection.query("IDENTIFY_SYSTEM", {});
  EXPECT_EQ(system.columns(), 4U);
  connection.begin("BASE_BACKUP (LABEL 'test', CHECKPOINT 'fast', MANIFEST 'no')");
  std::size_t bytes = 0;
  std::size_t results = 0;
  while (const auto result = connection.next_result({})) {
    ++results;
    if (result->kind() != Result::Kind::copy_out) continue;
    while (const auto data = connection.read_copy({})) bytes += data->bytes().size();
  }
  EXPECT_GE(results, 3U);
  EXPECT_GT(bytes, 10U << 20U);
}

TEST_F(ConnectionTest, NobodyThereIsToldWithThePlace) {
  Server server = address();
  server.port = 1;
  try {
    const Connection connection(server, "postgres", ConnectionKind::ordinary, log_, {});
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.retry(), Retry::after_backoff);
    EXPECT_THAT(shown(error), HasSubstr(".s.PGSQL.1"));
  }
}

}  // namespace
}  // namespace hikae::postgres
