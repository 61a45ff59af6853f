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
  seen.data_free = 5;
  seen.data_total = 100;
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
                          "wal_senders"}) {
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
  expect_fixes(findings);
}

TEST(Diagnose, FindsNothingWrongWhereNothingIs) {
  ServerObservation seen;
  seen.programs_major = 15;
  seen.is_superuser = true;
  seen.checksums = true;
  seen.wal_level = "replica";
  seen.wal_senders_free = 9;
  seen.databases.emplace_back().name = "shop";
  DiagnoseOptions options;
  options.physical = Wanted::yes;
  for (const Finding& finding : diagnose(seen, options))
    EXPECT_EQ(finding.level, Finding::Level::good) << finding.message.key;
}

TEST(Diagnose, ARealServerAndARoleThatMayNotReadAll) {
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
  Server address;
  locate_server(address, server.data());
  address.user = "postgres";
  if (geteuid() == 0) address.run_as = os::find_user_account("postgres");
  DiagnoseOptions options;
  options.data_directory = server.data();
  NullLog log;
  const auto as_superuser = diagnose(observe_server(address, options, log, {}), options);
  EXPECT_NE(find(as_superuser, "all_readable"), nullptr);
  EXPECT_NE(find(as_superuser, "no_checksums"), nullptr);
  EXPECT_EQ(find(as_superuser, "unreadable"), nullptr);
  expect_fixes(as_superuser);

  address.user = "reader";
  const auto as_reader = diagnose(observe_server(address, options, log, {}), options);
  ASSERT_NE(find(as_reader, "unreadable"), nullptr);
  EXPECT_NE(find(as_reader, "row_security"), nullptr);
  EXPECT_NE(find(as_reader, "large_objects"), nullptr);
  EXPECT_EQ(find(as_reader, "all_readable"), nullptr);
  server.sql("GRANT pg_read_all_data TO reader");
  EXPECT_EQ(find(diagnose(observe_server(address, options, log, {}), options), "unreadable"),
            nullptr);

  address.port = 1;
  const auto nobody = diagnose(observe_server(address, options, log, {}), options);
  ASSERT_EQ(nobody.size(), 1U);
  EXPECT_EQ(nobody.front().level, Finding::Level::failure);
}

}  // namespace
}  // namespace hikae::postgres
