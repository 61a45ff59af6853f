// SPDX-License-Identifier: Apache-2.0
#include "postgres/server.h"

#include <unistd.h>

#include <filesystem>

#include <gmock/gmock.h>

#include "base/error.h"
#include "support/temp_dir.h"

namespace hikae::postgres {
namespace {

using testing::TempDir;
using testing::write_file;

constexpr const char* kRunning =
    "1234\n/var/lib/postgresql/15/main\n1700000000\n5433\n/var/run/postgresql\nlocalhost\n"
    "  5432001     32768\nready   \n";

TEST(Postmaster, IsParsedAsTheServerWritesIt) {
  const auto found = parse_postmaster(kRunning);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->pid, 1234);
  EXPECT_EQ(found->data_directory, "/var/lib/postgresql/15/main");
  EXPECT_EQ(found->port, 5433);
  EXPECT_EQ(found->socket_directory, "/var/run/postgresql");
  EXPECT_EQ(found->listen_address, "localhost");
  EXPECT_TRUE(found->accepts_connections);
}

TEST(Postmaster, IsNotTakenForWholeWhenItIsNot) {
  EXPECT_FALSE(parse_postmaster(""));
  EXPECT_FALSE(parse_postmaster("1234\n/data\n1700000000\n5433\n"));
  EXPECT_FALSE(parse_postmaster("x\n/data\n1700000000\n5433\n/run\n*\n"));
  EXPECT_FALSE(parse_postmaster("1234\n/data\n1700000000\n70000\n/run\n*\n"));
  EXPECT_FALSE(parse_postmaster("-5\n/data\n1700000000\n5432\n/run\n*\n"));
}

TEST(LocateServer, SaysWhatIsNoDataDirectory) {
  TempDir dir;
  Server server;
  try {
    locate_server(server, dir.path().string());
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::not_found);
    EXPECT_EQ(error.message().key, "postgres.no_data_directory");
  }
}

TEST(LocateServer, DoesNotBelieveTheFileOfAServerThatIsGone) {
  TempDir dir;
  write_file(dir / "PG_VERSION", "15\n");
  write_file(dir / "global/pg_control", "x");
  // No process has this number: it is above the kernel's limit.
  write_file(dir / "postmaster.pid", "4194305\n/data\n1700000000\n5433\n/run\n*\n");
  EXPECT_EQ(data_directory_version(dir.path().string()), "15");
  Server server;
  try {
    locate_server(server, dir.path().string());
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.message().key, "postgres.not_running");
    EXPECT_EQ(error.retry(), Retry::after_backoff);
  }
}

TEST(LocateServer, DoesNotGoWhereAnotherFoldersFileLeads) {
  TempDir dir;
  TempDir other;
  write_file(dir / "PG_VERSION", "15\n");
  write_file(dir / "global/pg_control", "x");
  const auto write_pid_file = [&](const std::string& folder) {
    write_file(dir / "postmaster.pid",
               std::to_string(getpid()) + "\n" + folder + "\n1700000000\n5433\n/run\n*\n");
  };
  Server server;
  for (const std::string& folder :
       {other.path().string(), std::string("/nowhere/data"), std::string()}) {
    SCOPED_TRACE(folder);
    write_pid_file(folder);
    try {
      locate_server(server, dir.path().string());
      ADD_FAILURE();
    } catch (const Error& error) {
      EXPECT_EQ(error.message().key, "postgres.other_server");
    }
  }
  // By whatever way to the same folder.
  write_pid_file((other.path() / "link").string());
  std::filesystem::create_symlink(dir.path(), other.path() / "link");
  locate_server(server, dir.path().string());
  EXPECT_EQ(server.port, 5433);
}

}  // namespace
}  // namespace hikae::postgres
