// SPDX-License-Identifier: Apache-2.0
#include "report/recovery_sheet.h"

#include <algorithm>
#include <sstream>

#include <gmock/gmock.h>

#include "base/utf8.h"
#include "report/text_layout.h"
#include "support/stock_restic.h"

namespace hikae::report {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

policy::Policy company() {
  policy::Policy policy;
  policy.name = "internal-systems";
  policy.timezone = "Asia/Tokyo";
  for (const char* name : {"fileshare", "config"}) {
    policy::Source source;
    source.name = name;
    source.files = {std::string("/srv/") + name};
    policy.sources.push_back(source);
  }
  policy::Source database;
  database.name = "database";
  database.postgres.emplace();
  policy.sources.push_back(database);
  for (const char* url :
       {"/mnt/nas/hikae", "sftp://backupuser@backup01:2222/backup/hikae", "s3://bucket/hikae"}) {
    policy::Destination destination;
    destination.name = "d" + std::to_string(policy.destinations.size());
    destination.url = url;
    policy.destinations.push_back(destination);
  }
  policy.encryption.password = {policy::SecretReference::Kind::file, "/etc/hikae/password"};
  return policy;
}

RecoverySheet sheet() {
  // 2026-11-23 03:00 UTC
  return {"host1",
          "/etc/hikae/policy.yaml",
          Instant(std::chrono::seconds(1'795'402'800)),
          "correct horse 馬",
          "hikae 0.1.0"};
}

std::vector<std::string> lines_of(const std::string& page) {
  std::istringstream in(page);
  std::vector<std::string> lines;
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

class RecoverySheetIn : public ::testing::TestWithParam<Language> {};

TEST_P(RecoverySheetIn, SaysAllThatARestoreNeeds) {
  policy::Policy policy = company();
  policy.language = GetParam();
  const std::string page = render_recovery_sheet(policy, sheet());
  for (const char* fact :
       {"internal-systems",
        "host1",
        "2026-11-23 12:00 Asia/Tokyo",
        "/etc/hikae/policy.yaml",
        "    correct horse 馬\n",
        "/etc/hikae/password",
        "/srv/fileshare",
        "export RESTIC_REPOSITORY=/mnt/nas/hikae\n",
        "export RESTIC_REPOSITORY=sftp://backupuser@backup01:2222//backup/hikae\n",
        "export RESTIC_REPOSITORY=s3:s3.amazonaws.com/bucket/hikae\n",
        "restic snapshots --host host1 --tag hikae:policy=internal-systems\n",
        "restic check --read-data\n",
        "hikae init --from /mnt/nas/hikae\n",
        "hikae recovery-kit --confirm"})
    EXPECT_THAT(page, HasSubstr(fact));
  // A key that the catalogue lacks, or a placeholder without a value, would show like this.
  EXPECT_THAT(page, Not(HasSubstr("report.sheet")));
  EXPECT_THAT(page, Not(HasSubstr("{")));
}

TEST_P(RecoverySheetIn, NamesEndpointAndAuthorityOfAStoreOfOnesOwn) {
  policy::Policy policy = company();
  policy.language = GetParam();
  policy.destinations.erase(policy.destinations.begin(), policy.destinations.begin() + 2);
  policy.destinations[0].endpoint = "https://store.local:9000";
  policy.destinations[0].ca_file = "/etc/hikae/ca.pem";
  const std::string page = render_recovery_sheet(policy, sheet());
  for (const char* fact : {"export RESTIC_REPOSITORY=s3:https://store.local:9000/bucket/hikae\n",
                           "export RESTIC_CACERT=/etc/hikae/ca.pem\n",
                           "--cacert",
                           "hikae init --from s3:https://store.local:9000/bucket/hikae\n"})
    EXPECT_THAT(page, HasSubstr(fact));
}

TEST_P(RecoverySheetIn, SaysHowDatabasesComeBack) {
  policy::Policy policy = company();
  policy.language = GetParam();
  EXPECT_THAT(render_recovery_sheet(policy, sheet()),
              HasSubstr("      cd /restore/database/postgres/logical\n"
                        "      runuser -u postgres -- psql -d postgres < globals.sql\n"
                        "      runuser -u postgres -- pg_restore -C -d postgres < "
                        "database-NAME.dump\n"));
}

TEST_P(RecoverySheetIn, FitsOnAPage) {
  policy::Policy policy = company();
  policy.language = GetParam();
  const auto lines = lines_of(render_recovery_sheet(policy, sheet()));
  EXPECT_LE(lines.size(), 66U);
  for (const std::string& line : lines) EXPECT_LE(display_width(line), 80U) << line;
}

INSTANTIATE_TEST_SUITE_P(Languages,
                         RecoverySheetIn,
                         ::testing::Values(Language::en, Language::ja),
                         [](const auto& language) {
                           return language.param == Language::ja ? "ja" : "en";
                         });

// The commands of the sheet as somebody types them who has nothing else.
std::string commands_of(const std::string& page, const std::string& target) {
  std::string script = "set -eu\n";
  for (const std::string& line : lines_of(page)) {
    if (!line.starts_with("      ") || line.find("apt install") != std::string::npos ||
        line.find("hikae init") != std::string::npos || line.ends_with("hikae restore"))
      continue;
    std::string command = line;
    const std::size_t at = command.find("/restore/");
    if (at != std::string::npos) command.replace(at, 8, target);
    script += command + "\n";
  }
  return script;
}

TEST(RecoverySheetCommands, RestoreWithStockRestic) {
  if (!testing::StockRestic::installed()) GTEST_SKIP() << "restic is not installed";
  const testing::StockRestic restic;
  policy::Policy policy = company();
  policy.sources.pop_back();
  policy.destinations.resize(1);
  policy.destinations[0].url = restic.repository().string();
  for (const policy::Source& source : policy.sources) {
    const std::string folder = (restic.source() / source.name).string();
    testing::write_file(folder + "/file", "content of " + source.name);
    restic.run("backup --host host1 --tag hikae:policy=internal-systems,hikae:source=" +
               source.name + " " + folder);
  }
  // Another host's snapshot, newer: not what is to be restored.
  const std::string other = (restic.source() / "other").string();
  testing::write_file(other + "/file", "wrong");
  restic.run("backup --host host2 --tag hikae:policy=internal-systems,hikae:source=config " +
             other);

  const testing::TempDir target;
  const std::string script = target / "commands.sh";
  testing::write_file(script,
                      commands_of(render_recovery_sheet(policy, sheet()), target.path().string()));
  const std::string command = "RESTIC_PASSWORD='" + sheet().password + "' sh " + script + " >" +
                              (target / "log") + " 2>&1 </dev/null";
  // NOLINTNEXTLINE(concurrency-mt-unsafe): tests start it from one thread
  ASSERT_EQ(std::system(command.c_str()), 0)
      << testing::read_file(script) << testing::read_file(target / "log");
  for (const policy::Source& source : policy.sources) {
    const std::string restored =
        target / source.name + (restic.source() / source.name / "file").string();
    EXPECT_EQ(testing::read_file(restored), "content of " + source.name);
  }
}

}  // namespace
}  // namespace hikae::report
