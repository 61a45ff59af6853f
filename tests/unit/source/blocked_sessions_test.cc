// SPDX-License-Identifier: Apache-2.0
#include "source/blocked_sessions.h"

#include <unistd.h>

#include <atomic>
#include <memory>
#include <thread>

#include <gmock/gmock.h>

#include "os/users.h"
#include "support/postgres_server.h"

namespace hikae {
namespace {

using postgres::Connection;
using postgres::ConnectionKind;
using std::chrono::hours;
using std::chrono::milliseconds;
using testing::PostgresServer;

// `holder` keeps a table from being altered, as a dump does; somebody wants to alter it.
class BlockedSessionsTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() { server_ = new PostgresServer; }
  static void TearDownTestSuite() { delete server_; }

  ~BlockedSessionsTest() override {
    try {
      query(other_, "SELECT pg_terminate_backend(" + waiter_pid_ + ")");
    } catch (const Error&) {  // NOLINT(bugprone-empty-catch): the thread ends all the same
    }
  }

  static Connection connect(const std::string& database) {
    postgres::Server address;
    locate_server(address, server_->data());
    address.user = "postgres";
    if (geteuid() == 0) address.run_as = os::find_user_account("postgres");
    return {address, database, ConnectionKind::ordinary, log_, {}};
  }
  static postgres::Result query(Connection& connection, const std::string& sql) {
    return connection.query(sql, {});
  }

  // From then on somebody waits for `holder`.
  void let_somebody_wait() {
    query(other_, "DROP TABLE IF EXISTS public.t");
    query(other_, "CREATE TABLE public.t (n int)");
    query(holder_, "BEGIN");
    query(holder_, "LOCK TABLE public.t IN ACCESS SHARE MODE");
    auto connection = std::make_shared<Connection>(connect("postgres"));
    waiter_pid_ = std::to_string(connection->backend_pid());
    waiter_ = std::jthread([this, connection] {
      try {
        query(*connection, "ALTER TABLE public.t ADD COLUMN later int");
        altered_ = true;
      } catch (const Error&) {  // NOLINT(bugprone-empty-catch): the test has ended it
      }
    });
    const std::string waits =
        "SELECT count(*) FROM pg_catalog.pg_locks WHERE NOT granted AND pid = " + waiter_pid_;
    while (query(other_, waits).number(0, 0) == 0) std::this_thread::yield();
  }
  // Looks until it throws; false where it never would.
  bool gives_way(BlockedSessions& blocked) {
    constexpr int kLooks = 50;
    for (int look = 0; look < kLooks; ++look) {
      try {
        blocked.look({});
      } catch (const Error& error) {
        EXPECT_EQ(error.code(), ErrorCode::timeout);
        EXPECT_EQ(error.retry(), Retry::after_backoff);
        EXPECT_THAT(render(error, Language::en), ::testing::HasSubstr(waiter_pid_));
        return true;
      }
      std::this_thread::sleep_for(milliseconds(2));
    }
    return false;
  }

  static PostgresServer* server_;
  static NullLog log_;
  Connection other_ = connect("postgres");
  Connection holder_ = connect("postgres");
  Connection watcher_ = connect("postgres");
  std::string waiter_pid_ = "0";
  std::atomic<bool> altered_ = false;
  std::jthread waiter_;
};
PostgresServer* BlockedSessionsTest::server_ = nullptr;
NullLog BlockedSessionsTest::log_;

TEST_F(BlockedSessionsTest, WhoHasWaitedLongerThanTheLimitIsLetThrough) {
  let_somebody_wait();
  BlockedSessions blocked(watcher_, milliseconds(1), log_);
  EXPECT_TRUE(gives_way(blocked));
  EXPECT_THROW(query(holder_, "SELECT 1"), Error) << "its session was to end";
  waiter_.join();
  EXPECT_TRUE(altered_);
}

TEST_F(BlockedSessionsTest, WithinTheLimitTheyWait) {
  let_somebody_wait();
  BlockedSessions blocked(watcher_, hours(1), log_);
  EXPECT_FALSE(gives_way(blocked));
  query(holder_, "SELECT 1");
  EXPECT_LE(blocked.next_look() - BlockedSessions::Clock::now(), std::chrono::seconds(5));
}

TEST_F(BlockedSessionsTest, WhatOthersHoldIsTheirMatter) {
  query(holder_, "SET application_name = 'application'");
  let_somebody_wait();
  BlockedSessions blocked(watcher_, milliseconds(1), log_);
  EXPECT_FALSE(gives_way(blocked));
  query(holder_, "SELECT 1");
}

TEST_F(BlockedSessionsTest, AnotherDatabaseHasALookerOfItsOwn) {
  let_somebody_wait();
  Connection elsewhere = connect("template1");
  BlockedSessions blocked(elsewhere, milliseconds(1), log_);
  EXPECT_FALSE(gives_way(blocked));
  query(holder_, "SELECT 1");
}

TEST_F(BlockedSessionsTest, WhoWaitsAnewBeginsAnew) {
  let_somebody_wait();
  BlockedSessions blocked(watcher_, milliseconds(200), log_);
  blocked.look({});
  query(holder_, "COMMIT");
  waiter_.join();
  EXPECT_TRUE(altered_);
  blocked.look({});
  std::this_thread::sleep_for(milliseconds(200));
  let_somebody_wait();
  blocked.look({});
  query(holder_, "SELECT 1");
}

// As while a destination takes nothing more.
TEST_F(BlockedSessionsTest, AreLetThroughAlsoWhenNobodyReadsTheDump) {
  let_somebody_wait();
  BlockedWatch watch(watcher_, milliseconds(20), log_, {});
  waiter_.join();
  EXPECT_TRUE(altered_);
  try {
    watch.check();
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::timeout);
  }
  watch.use([&] { query(watcher_, "SELECT 1"); });
}

TEST_F(BlockedSessionsTest, AreNotWatchedAnyLongerThanNeeded) {
  {
    BlockedWatch watch(watcher_, hours(1), log_, {});
    watch.use([&] { query(watcher_, "SELECT 1"); });
    watch.check();
  }
  query(watcher_, "SELECT 1");
  BlockedWatch unlimited(watcher_, milliseconds(0), log_, {});
  unlimited.check();
}

TEST_F(BlockedSessionsTest, WithoutALimitNobodyLooks) {
  const BlockedSessions blocked(watcher_, milliseconds(0), log_);
  EXPECT_EQ(blocked.next_look(), BlockedSessions::Clock::time_point::max());
}

TEST_F(BlockedSessionsTest, AServerThatDoesNotAnswerIsNotAskedAgain) {
  BlockedSessions blocked(watcher_, hours(1), log_);
  EXPECT_LE(blocked.next_look(), BlockedSessions::Clock::now());
  query(other_, "SELECT pg_terminate_backend(" + std::to_string(watcher_.backend_pid()) + ")");
  blocked.look({});
  EXPECT_EQ(blocked.next_look(), BlockedSessions::Clock::time_point::max());
}

}  // namespace
}  // namespace hikae
