// SPDX-License-Identifier: Apache-2.0
#include "postgres/diagnose.h"

#include <unistd.h>

#include <algorithm>

#include <gmock/gmock.h>

#include "support/postgres_server.h"

namespace hikae::postgres {
namespace {

using testing::PostgresServer;
using testing::PostgresSettings;

const Finding* find(const std::vector<Finding>& findings, const std::string& key) {
  const auto found = std::find_if(findings.begin(), findings.end(), [&](const Finding& finding) {
    return finding.message.key == "postgres_doctor." + key;
  });
  return found == findings.end() ? nullptr : &*found;
}

std::string argument(const Finding* finding, const std::string& name) {
  for (const auto& [key, value] : finding->message.arguments)
    if (key == name) return value;
  return "";
}

void expect_fixes(const std::vector<Finding>& findings) {
  for (const Finding& finding : findings)
    EXPECT_EQ(finding.fix.has_value(), finding.level != Finding::Level::good)
        << finding.message.key;
}

TEST(Diagnose, JudgesWhatWasSeen) {
  ServerObservation seen;
  seen.version = "15.18";
  seen.major = 15;
  seen.wal_level = "minimal";
  seen.prepared_transactions = 1;
  seen.long_transactions = {{42, "app", "shop", std::chrono::hours(5)}};
  seen.disks = {{"/data", 50, 100}, {"/wal", 5, 100}};
  seen.databases = {{"shop", {"a"}, 1, {"b"}, 2, 3, 4, "1.0", "2.0"}};
  DiagnoseOptions options;
  options.physical = Wanted::yes;
  const auto findings = diagnose(seen, options);
  for (const char* key : {"no_programs",
                          "unreadable",
                          "row_security",
                          "large_objects",
                          "no_replication",
                          "wal_level",
                          "wal_senders",
                          "replication_slots",
                          "no_role_passwords"}) {
    ASSERT_NE(find(findings, key), nullptr) << key;
    EXPECT_EQ(find(findings, key)->level, Finding::Level::failure) << key;
  }
  for (const char* key : {"subscriptions",
                          "collation",
                          "no_checksums",
                          "long_transaction",
                          "prepared",
                          "little_space"}) {
    ASSERT_NE(find(findings, key), nullptr) << key;
    EXPECT_EQ(find(findings, key)->level, Finding::Level::warning) << key;
  }
  ASSERT_NE(find(findings, "space"), nullptr);
  EXPECT_EQ(argument(find(findings, "little_space"), "folder"), "/wal");
  ASSERT_NE(find(findings, "sessions_hidden"), nullptr);
  EXPECT_EQ(find(findings, "sessions_hidden")->level, Finding::Level::hint);
  expect_fixes(findings);
}

TEST(Diagnose, WarnsOfDumpsThatTheServerItselfMayNotTake) {
  ServerObservation seen;
  seen.major = 15;
  seen.programs_major = 17;
  const auto findings = diagnose(seen, {});
  ASSERT_NE(find(findings, "newer_programs"), nullptr);
  EXPECT_EQ(find(findings, "newer_programs")->level, Finding::Level::warning);
  EXPECT_EQ(find(findings, "newer_programs")->fix->key, "postgres_doctor.newer_programs_fix");
  seen.programs_major = 15;
  EXPECT_EQ(find(diagnose(seen, {}), "newer_programs"), nullptr);
  EXPECT_NE(find(diagnose(seen, {}), "programs"), nullptr);
}

TEST(Diagnose, HintsAtConfigurationThatIsInNoBackup) {
  ServerObservation seen;
  seen.outer_configuration = "/etc/postgresql/15/main/postgresql.conf";
  DiagnoseOptions options;
  options.data_directory = "/var/lib/postgresql/15/main";
  EXPECT_EQ(find(diagnose(seen, options), "configuration"), nullptr) << "a dump needs none";
  options.physical = Wanted::yes;
  const auto findings = diagnose(seen, options);
  ASSERT_NE(find(findings, "configuration"), nullptr);
  EXPECT_EQ(find(findings, "configuration")->level, Finding::Level::hint);
  EXPECT_EQ(argument(find(findings, "configuration"), "folder"), "/etc/postgresql/15/main");
  expect_fixes(findings);
  for (const char* kept : {"/etc", "/etc/", "/", "/etc/postgresql/15/main"}) {
    options.files = {"/home", kept};
    EXPECT_EQ(find(diagnose(seen, options), "configuration"), nullptr) << kept;
  }
  options.files = {"/etc/postgresql/15/mai"};
  EXPECT_NE(find(diagnose(seen, options), "configuration"), nullptr);
  options.data_directory.clear();
  EXPECT_EQ(find(diagnose(seen, options), "configuration"), nullptr) << "of another host";
}

TEST(Diagnose, FindsNothingWrongWhereNothingIs) {
  ServerObservation seen;
  seen.major = 15;
  seen.programs_major = 15;
  seen.is_superuser = true;
  seen.reads_role_passwords = true;
  seen.replication_slots_free = 9;
  seen.checksums = true;
  seen.wal_level = "replica";
  seen.wal_senders_free = 1;
  seen.databases.emplace_back().name = "shop";
  DiagnoseOptions options;
  options.physical = Wanted::yes;
  for (const Finding& finding : diagnose(seen, options))
    EXPECT_EQ(finding.level, Finding::Level::good) << finding.message.key;
}

// Real servers.
class DiagnoseServer : public ::testing::Test {
 protected:
  static Server address_of(const PostgresServer& server, const std::string& user = "postgres") {
    Server address;
    locate_server(address, server.data());
    address.user = user;
    if (geteuid() == 0) address.run_as = os::find_user_account("postgres");
    return address;
  }
  std::vector<Finding> diagnosis(const Server& address) {
    return diagnose(observe_server(address, options_, log_, {}), options_);
  }

  NullLog log_;
  DiagnoseOptions options_;
};

TEST_F(DiagnoseServer, ARoleThatMayNotReadAll) {
  PostgresSettings settings;
  settings.hba = {"local all reader trust"};
  PostgresServer server(settings);
  server.sql("CREATE ROLE reader LOGIN; CREATE ROLE owner");
  server.sql("CREATE DATABASE shop");
  server.sql(
      "CREATE TABLE closed (x int); CREATE TABLE hidden (x int); GRANT SELECT ON hidden TO reader;"
      "ALTER TABLE hidden ENABLE ROW LEVEL SECURITY; ALTER TABLE hidden OWNER TO owner;"
      "SELECT lo_from_bytea(0, 'x')",
      "shop");
  options_.data_directory = server.data();
  const auto as_superuser = diagnosis(address_of(server));
  EXPECT_NE(find(as_superuser, "all_readable"), nullptr);
  EXPECT_NE(find(as_superuser, "no_checksums"), nullptr);
  EXPECT_EQ(find(as_superuser, "unreadable"), nullptr);
  EXPECT_EQ(find(as_superuser, "sessions_hidden"), nullptr);
  expect_fixes(as_superuser);

  const Server reader = address_of(server, "reader");
  const auto as_reader = diagnosis(reader);
  ASSERT_NE(find(as_reader, "unreadable"), nullptr);
  EXPECT_NE(find(as_reader, "row_security"), nullptr);
  EXPECT_NE(find(as_reader, "large_objects"), nullptr);
  EXPECT_NE(find(as_reader, "no_role_passwords"), nullptr);
  EXPECT_NE(find(as_reader, "sessions_hidden"), nullptr);
  EXPECT_EQ(find(as_reader, "all_readable"), nullptr);
  server.sql("GRANT pg_read_all_data, pg_read_all_stats TO reader");
  const auto granted = diagnosis(reader);
  EXPECT_EQ(find(granted, "unreadable"), nullptr);
  EXPECT_EQ(find(granted, "no_role_passwords"), nullptr);
  EXPECT_EQ(find(granted, "sessions_hidden"), nullptr);
}

// What the doctor says of a role, and what pg_dump and pg_dumpall say to it.
TEST_F(DiagnoseServer, WhatASelectOfEachTableDoesNotGive) {
  PostgresSettings settings;
  settings.hba = {"local all reader trust"};
  PostgresServer server(settings);
  server.sql(
      "CREATE ROLE reader LOGIN; CREATE SCHEMA inner_room; CREATE TABLE inner_room.t (x int)");
  server.sql("GRANT SELECT ON inner_room.t TO reader");
  const Server reader = address_of(server, "reader");
  const auto dump = [&] { server.run_client({"pg_dump", "-U", "reader", "postgres"}); };
  const auto dump_globals = [&] {
    server.run_client({"pg_dumpall", "-U", "reader", "--globals-only"});
  };
  EXPECT_THROW(dump(), std::exception);
  EXPECT_THROW(dump_globals(), std::exception);
  auto findings = diagnosis(reader);
  ASSERT_NE(find(findings, "unreadable"), nullptr);
  EXPECT_NE(find(findings, "no_role_passwords"), nullptr);
  server.sql("GRANT USAGE ON SCHEMA inner_room TO reader");
  server.sql("GRANT SELECT ON pg_catalog.pg_authid TO reader");
  dump();
  dump_globals();
  findings = diagnosis(reader);
  EXPECT_EQ(find(findings, "unreadable"), nullptr);
  EXPECT_EQ(find(findings, "no_role_passwords"), nullptr);
}

TEST_F(DiagnoseServer, SubscriptionsAreThoseOfTheirDatabase) {
  PostgresSettings settings;
  settings.hba = {"local all reader trust"};
  PostgresServer server(settings);
  server.sql("CREATE ROLE reader LOGIN IN ROLE pg_read_all_data");
  server.sql("CREATE DATABASE shop");
  server.sql(
      "CREATE SUBSCRIPTION s CONNECTION 'dbname=nowhere' PUBLICATION p WITH (connect = false)",
      "shop");
  const auto findings = diagnosis(address_of(server, "reader"));
  EXPECT_EQ(std::count_if(findings.begin(),
                          findings.end(),
                          [](const Finding& finding) {
                            return finding.message.key == "postgres_doctor.subscriptions";
                          }),
            1);
  ASSERT_NE(find(findings, "subscriptions"), nullptr);
  EXPECT_EQ(argument(find(findings, "subscriptions"), "database"), "shop");
}

TEST_F(DiagnoseServer, TransactionsThatAreOpenForLong) {
  PostgresSettings settings;
  settings.lines = {"max_prepared_transactions = 2"};
  PostgresServer server(settings);
  server.sql("CREATE TABLE t (x int)");
  server.sql("BEGIN; INSERT INTO t VALUES (1); PREPARE TRANSACTION 'forgotten'");
  const Server address = address_of(server);
  Connection open(address, "postgres", ConnectionKind::ordinary, log_, {});
  open.query("BEGIN", {});
  open.query("LOCK TABLE public.t IN ACCESS SHARE MODE", {});
  EXPECT_EQ(find(diagnosis(address), "long_transaction"), nullptr) << "not yet an hour";
  EXPECT_EQ(find(diagnosis(address), "prepared"), nullptr);
  options_.long_transaction = std::chrono::seconds(0);
  const auto findings = diagnosis(address);
  ASSERT_NE(find(findings, "long_transaction"), nullptr);
  EXPECT_EQ(argument(find(findings, "long_transaction"), "pid"),
            std::to_string(open.backend_pid()));
  EXPECT_NE(find(findings, "prepared"), nullptr);
  expect_fixes(findings);
}

TEST_F(DiagnoseServer, WhatAPhysicalBackupNeeds) {
  PostgresSettings settings;
  settings.hba = {"local replication barred reject", "local all barred trust"};
  settings.initdb = {"--data-checksums"};
  PostgresServer server(settings);
  server.sql("CREATE ROLE barred LOGIN REPLICATION");
  options_.physical = Wanted::yes;
  options_.logical = Wanted::no;
  const auto as_superuser = diagnosis(address_of(server));
  for (const Finding& finding : as_superuser)
    EXPECT_EQ(finding.level, Finding::Level::good) << finding.message.key;
  const auto as_barred = diagnosis(address_of(server, "barred"));
  ASSERT_NE(find(as_barred, "no_replication_session"), nullptr) << "pg_hba.conf refuses it";
  EXPECT_EQ(find(as_barred, "no_replication_session")->fix->key,
            "postgres_doctor.replication_session_fix");
  server.sql("ALTER ROLE barred NOREPLICATION");
  EXPECT_NE(find(diagnosis(address_of(server, "barred")), "no_replication"), nullptr);

  server.stop("fast");
  for (const char* line :
       {"wal_level = minimal", "max_wal_senders = 0", "max_replication_slots = 0"})
    server.run({"sed", "-i", std::string("$ a ") + line, server.data() + "/postgresql.conf"});
  server.start();
  const auto minimal = diagnosis(address_of(server));
  for (const char* key : {"wal_level", "wal_senders", "replication_slots"})
    EXPECT_NE(find(minimal, key), nullptr) << key;
  expect_fixes(minimal);
}

TEST_F(DiagnoseServer, WithoutTheDatabaseThatBearsItsName) {
  PostgresServer server;
  server.sql("DROP DATABASE postgres", "template1");
  const auto findings = diagnosis(address_of(server));
  EXPECT_NE(find(findings, "connected"), nullptr);
  EXPECT_NE(find(findings, "all_readable"), nullptr);
}

TEST_F(DiagnoseServer, ThatIsNotThere) {
  PostgresServer server;
  Server address = address_of(server);
  address.port = 1;
  const auto nobody = diagnosis(address);
  ASSERT_EQ(nobody.size(), 1U);
  EXPECT_EQ(nobody.front().level, Finding::Level::failure);
}

}  // namespace
}  // namespace hikae::postgres
