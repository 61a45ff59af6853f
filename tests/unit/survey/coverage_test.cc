// SPDX-License-Identifier: Apache-2.0
#include "survey/coverage.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace hikae::survey {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

policy::Source files(std::vector<std::string> paths) {
  policy::Source source;
  source.name = "files";
  source.files = std::move(paths);
  return source;
}

std::vector<std::string> keys(const std::vector<Finding>& findings) {
  std::vector<std::string> all;
  for (const Finding& finding : findings) all.push_back(finding.what.key);
  return all;
}

TEST(Coverage, EverythingUncoveredIsTold) {
  Machine machine;
  machine.clusters = {{"15", "main", "/var/lib/postgresql/15/main", 5432, true}};
  machine.volumes = {{"data", "/var/lib/docker/volumes/data/_data", {"web"}}};
  machine.containers = {{"web", "nginx", {"data"}, true, false, ""},
                        {"db", "postgres:15", {}, true, true, "app"}};
  machine.mounts = {{"/srv/big", "/dev/sdb1", "xfs"}, {"/mnt/nas", "nas:/x", "nfs4"}};
  machine.homes = {{"alice", "/home/alice"}, {"bob", "/home/bob"}};
  machine.shares = {{"public", "/srv/public", "/etc/samba/smb.conf", 3}};
  machine.other_databases = {{"Redis", "/var/lib/redis"}};
  policy::Policy policy;
  policy.sources = {files({"/etc"})};
  const auto findings = audit_coverage(policy, machine);
  EXPECT_THAT(keys(findings),
              UnorderedElementsAre("survey.cluster_uncovered",
                                   "survey.container_uncovered",
                                   "survey.volume_uncovered",
                                   "survey.database_uncovered",
                                   "survey.share_uncovered",
                                   "survey.mount_uncovered",
                                   "survey.homes_uncovered"));
  for (const Finding& finding : findings) EXPECT_TRUE(finding.fix) << finding.what.key;
}

TEST(Coverage, SourcesCoverWhatLiesBelowThem) {
  Machine machine;
  machine.mounts = {{"/srv", "/dev/sdb1", "xfs"}, {"/data", "/dev/sdc1", "xfs"}};
  machine.homes = {{"alice", "/home/alice"}};
  machine.shares = {{"public", "/srv/public", "smb.conf", 3}};
  policy::Policy policy;
  policy.sources = {files({"/srv/", "/home", "/data/chosen"})};
  EXPECT_THAT(audit_coverage(policy, machine), IsEmpty());
  policy.sources[0].exclude = {"/srv/public"};
  EXPECT_THAT(keys(audit_coverage(policy, machine)), ElementsAre("survey.share_uncovered"));
}

TEST(Coverage, ADumpedDatabaseNeedsNoCopyOfItsFiles) {
  Machine machine;
  machine.clusters = {{"15", "main", "/pg/main", 5432, true}, {"15", "two", "/pg/two", 5433, true}};
  machine.containers = {{"db", "postgres", {"pgdata"}, true, true, "postgres"}};
  machine.volumes = {{"pgdata", "/v/pgdata/_data", {"db"}}};
  policy::Policy policy;
  policy::Source by_folder;
  by_folder.postgres.emplace().data_directory = "/pg/main/";
  policy::Source by_port;
  by_port.postgres.emplace().port = 5433;
  policy::Source container;
  container.docker_postgres.emplace().container = "db";
  policy.sources = {by_folder, by_port, container};
  EXPECT_THAT(audit_coverage(policy, machine), IsEmpty());
}

TEST(Coverage, AServerElsewhereIsNotTheOneHere) {
  Machine machine;
  machine.clusters = {{"15", "main", "/pg/main", 5432, true}};
  policy::Policy policy;
  policy.sources.emplace_back().postgres.emplace().host = "db.company.test";
  EXPECT_THAT(keys(audit_coverage(policy, machine)), ElementsAre("survey.cluster_uncovered"));
  policy.sources[0].postgres->host = "localhost";
  EXPECT_THAT(audit_coverage(policy, machine), IsEmpty());
}

TEST(Coverage, FilesOfAnotherDatabaseAreNoBackupOfIt) {
  Machine machine;
  machine.other_databases = {{"MySQL/MariaDB", "/var/lib/mysql"}};
  policy::Policy policy;
  policy.sources = {files({"/var/lib"})};
  EXPECT_THAT(keys(audit_coverage(policy, machine)), ElementsAre("survey.database_copied_live"));
}

}  // namespace
}  // namespace hikae::survey
