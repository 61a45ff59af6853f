// SPDX-License-Identifier: Apache-2.0
#include "survey/machine.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/temp_dir.h"
#include "survey/measure.h"

namespace hikae::survey {
namespace {

using hikae::testing::TempDir;
using hikae::testing::write_file;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

TEST(Machine, FindsClustersVolumesContainersHomesAndOtherDatabases) {
  const TempDir root;
  write_file(root / "etc/postgresql/15/main/postgresql.conf",
             "#port = 1\nport = 5433   # changed\ndata_directory = '/srv/pg'\n");
  write_file(root / "srv/pg/postmaster.pid", "1\n");
  write_file(root / "etc/postgresql/13/old/postgresql.conf", "");
  write_file(root / "etc/docker/daemon.json", R"({"data-root": "/srv/docker/"})");
  write_file(root / "srv/docker/volumes/pgdata/_data/PG_VERSION", "15");
  write_file(root / "srv/docker/containers/0a/config.v2.json",
             R"({"Name":"/db","State":{"Running":true},"Config":{"Image":"company/database:3",
                "Env":["PG_MAJOR=15","POSTGRES_USER=app"]},"MountPoints":{"/data":{"Name":"pgdata"},"/x":{"Name":""}}})");
  write_file(root / "srv/docker/containers/0b/config.v2.json", "not json");
  write_file(root / "etc/passwd",
             "root:x:0:0::/root:/bin/sh\nalice:x:1000:1000::/home/alice:/bin/sh\n"
             "daemon:x:2:2::/usr/sbin:/bin/sh\nbob:x:1001:1001::/home/bob:/bin/sh\n");
  write_file(root / "home/alice/a", "");
  write_file(root / "var/lib/mysql/ibdata1", "");
  const Machine machine = look_at_machine(Root(root.path().string()));
  ASSERT_THAT(machine.clusters, SizeIs(2));
  EXPECT_EQ(machine.clusters[0].data_directory, "/var/lib/postgresql/13/old");
  EXPECT_FALSE(machine.clusters[0].is_running);
  EXPECT_EQ(machine.clusters[1].data_directory, "/srv/pg");
  EXPECT_EQ(machine.clusters[1].port, 5433);
  EXPECT_TRUE(machine.clusters[1].is_running);
  ASSERT_THAT(machine.containers, SizeIs(1));
  EXPECT_TRUE(machine.containers[0].is_postgres);
  EXPECT_EQ(machine.containers[0].postgres_user, "app");
  ASSERT_THAT(machine.volumes, SizeIs(1));
  EXPECT_THAT(machine.volumes[0].used_by, ElementsAre("db"));
  ASSERT_THAT(machine.homes, SizeIs(1));
  EXPECT_EQ(machine.homes[0].user, "alice");
  ASSERT_THAT(machine.other_databases, SizeIs(1));
}

TEST(Machine, MountsOfTheSystemAreNone) {
  const auto mounts = parse_mounts(
      "1 0 8:1 / / rw - ext4 /dev/sda1 rw\n"
      "2 1 0:5 / /proc rw - proc proc rw\n"
      "3 1 8:2 / /srv/my\\040data rw,noatime shared:1 - xfs /dev/sdb1 rw\n"
      "4 1 0:9 / /mnt/nas rw - nfs4 nas:/backup rw\n"
      "5 1 8:3 / /boot/efi rw - vfat /dev/sda2 rw\nnonsense\n");
  ASSERT_THAT(mounts, SizeIs(2));
  EXPECT_EQ(mounts[0].path, "/mnt/nas");
  EXPECT_TRUE(mounts[0].is_network());
  EXPECT_EQ(mounts[1].path, "/srv/my data");
}

TEST(Machine, SharesOfSambaAndNfs) {
  const auto samba = parse_samba(
      "[global]\n path = /x\n[homes]\n path = /home/%S\n"
      "; [off]\n[Public]\n  Path = \"/srv/public\"\n[users]\npath=/srv/users/%U\n",
      "smb.conf");
  ASSERT_THAT(samba, SizeIs(2));
  EXPECT_EQ(samba[0].name, "Public");
  EXPECT_EQ(samba[0].path, "/srv/public");
  EXPECT_EQ(samba[0].line, 7);
  EXPECT_EQ(samba[1].path, "/srv/users");
  const auto exports =
      parse_exports("# /no\n/srv/nfs 10.0.0.0/8(rw)\n\"/srv/with blank\" *(ro)\n", "exports");
  ASSERT_THAT(exports, SizeIs(2));
  EXPECT_EQ(exports[0].path, "/srv/nfs");
  EXPECT_EQ(exports[1].path, "/srv/with blank");
}

TEST(Machine, AnEmptyRootHasNothing) {
  const TempDir root;
  const Machine machine = look_at_machine(Root(root.path().string()));
  EXPECT_THAT(machine.clusters, IsEmpty());
  EXPECT_THAT(machine.volumes, IsEmpty());
  EXPECT_THAT(machine.shares, IsEmpty());
}

TEST(Measure, CountsUpToItsLimit) {
  const TempDir root;
  write_file(root / "a/b", "12345");
  write_file(root / "a/c/d", "123");
  const Measure all = measure_tree(root / "a", 1000);
  EXPECT_EQ(all.files, 2U);
  EXPECT_EQ(all.folders, 1U);
  EXPECT_EQ(all.bytes, 8U);
  EXPECT_TRUE(all.is_complete);
  EXPECT_FALSE(measure_tree(root / "a", 1).is_complete);
  EXPECT_EQ(measure_tree(root / "none", 10).files, 0U);
}

}  // namespace
}  // namespace hikae::survey
