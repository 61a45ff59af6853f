// SPDX-License-Identifier: Apache-2.0
#include "survey/script_actions.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "survey/legacy_deletes.h"

namespace hikae::survey {
namespace {

using Kind = ScriptAction::Kind;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

ScriptAction one(std::string_view line) {
  const auto actions = read_script(line, "job.sh");
  EXPECT_GE(actions.size(), 1U) << line;
  return actions.empty() ? ScriptAction{} : actions.front();
}

TEST(ScriptActions, RsyncTellsSourcesTargetAndDeletion) {
  const ScriptAction action =
      one("/usr/bin/rsync -a --delete -e 'ssh -p 22' --exclude '*.tmp' /srv/a /etc/ nas:/backup/");
  EXPECT_EQ(action.kind, Kind::copies);
  EXPECT_THAT(action.sources, ElementsAre("/srv/a", "/etc/"));
  EXPECT_EQ(action.target, "nas:/backup/");
  EXPECT_THAT(action.excludes, ElementsAre("*.tmp"));
  EXPECT_TRUE(action.deletes_at_target);
  EXPECT_FALSE(one("rsync -a /srv/a /b").deletes_at_target);
}

TEST(ScriptActions, FindDeletesOnlyWhereItSaysSo) {
  EXPECT_EQ(one("find /backup -mtime +3 -print").kind, Kind::harmless);
  const ScriptAction action =
      one("find /backup/daily -maxdepth 1 -type d -mtime +30 -exec rm -rf {} \\;");
  EXPECT_EQ(action.kind, Kind::expires);
  EXPECT_THAT(action.sources, ElementsAre("/backup/daily"));
  EXPECT_EQ(action.days, 30);
  EXPECT_EQ(one("find /b -mtime +7 -delete").kind, Kind::expires);
  // What a pipe carries to rm is deleted, too.
  const auto piped =
      read_script("find /backup/daily -mtime +9 -print0 | sort -z | xargs -0r rm -rf", "x");
  ASSERT_THAT(piped, SizeIs(2)) << "find, sort; the removal is find's";
  EXPECT_EQ(piped.front().kind, Kind::expires);
  EXPECT_THAT(piped.front().sources, ElementsAre("/backup/daily"));
  EXPECT_EQ(piped.front().days, 9);
  EXPECT_EQ(read_script("find /b -mtime +7 | xargs ls -l", "x").front().kind, Kind::harmless);
}

TEST(ScriptActions, DumpsAreKnownByWhomeverTheyAreRun) {
  const ScriptAction all = one("sudo -u postgres pg_dumpall | gzip > /backup/pg-$(date +%F).gz");
  EXPECT_EQ(all.kind, Kind::dumps_cluster);
  EXPECT_EQ(all.target, "/backup/pg-$(date +%F).gz");
  const ScriptAction one_database = one("su - postgres -c \"pg_dump -Fc shop > /b/shop.dump\"");
  EXPECT_EQ(one_database.kind, Kind::dumps_cluster);
  EXPECT_THAT(one_database.databases, ElementsAre("shop"));
  const ScriptAction inside = one("docker exec -t app-db pg_dumpall -U app > /b/app.sql");
  EXPECT_EQ(inside.kind, Kind::dumps_container);
  EXPECT_EQ(inside.container, "app-db");
  EXPECT_EQ(inside.user, "app");
}

TEST(ScriptActions, ADumpTellsItsServer) {
  const ScriptAction options = one("pg_dumpall -h db01 --port=5433 -Ubackup -f /b/all.sql");
  EXPECT_EQ(options.server, "db01");
  EXPECT_EQ(options.port, "5433");
  EXPECT_EQ(options.user, "backup");
  EXPECT_EQ(options.target, "/b/all.sql");
  const ScriptAction before = one("PGHOST=db02 PGUSER=dumper pg_dump shop > /b/shop.sql");
  EXPECT_EQ(before.server, "db02");
  EXPECT_EQ(before.user, "dumper");
  EXPECT_THAT(before.databases, ElementsAre("shop"));
  const auto exported = read_script("export PGHOST=db03 PGPORT=5434\npg_dumpall >/b/x", "x");
  EXPECT_EQ(exported.back().server, "db03");
  EXPECT_EQ(exported.back().port, "5434");
  const ScriptAction by_ssh = one("ssh root@db04 pg_dumpall | gzip > /b/x.gz");
  EXPECT_EQ(by_ssh.kind, Kind::dumps_cluster);
  EXPECT_EQ(by_ssh.machine, "root@db04");
  EXPECT_EQ(one("pg_dump 'host=db05 dbname=shop'").kind, Kind::unknown);
  EXPECT_EQ(one("pg_dump -d postgresql://db06/shop").kind, Kind::unknown);
}

TEST(ScriptActions, RunuserAndBaseBackups) {
  const ScriptAction dump = one("runuser -u postgres -- pg_dump -Fc shop -f /b/shop.dump");
  EXPECT_EQ(dump.kind, Kind::dumps_cluster);
  EXPECT_THAT(dump.databases, ElementsAre("shop"));
  const ScriptAction base = one("sudo -u postgres pg_basebackup -D /b/base -X stream -c fast -P");
  EXPECT_EQ(base.kind, Kind::dumps_cluster);
  EXPECT_TRUE(base.is_base);
  EXPECT_EQ(base.target, "/b/base");
  EXPECT_THAT(base.databases, ElementsAre());
}

TEST(ScriptActions, VolumesUploadsAndMail) {
  const ScriptAction volume =
      one("docker run --rm -v app_data:/data -v /backup:/b alpine tar czf /b/app.tgz /data");
  EXPECT_EQ(volume.kind, Kind::saves_volume);
  EXPECT_THAT(volume.sources, ElementsAre("app_data"));
  EXPECT_EQ(volume.target, "/backup");
  const ScriptAction upload = one("aws s3 sync /backup s3://bucket/x --delete --sse AES256");
  EXPECT_EQ(upload.kind, Kind::uploads);
  EXPECT_TRUE(upload.deletes_at_target);
  EXPECT_EQ(upload.target, "s3://bucket/x");
  EXPECT_THAT(
      read_script("echo ok | mail -s 'Backup Completed' it@company.local", "x").back().recipients,
      ElementsAre("it@company.local"));
}

TEST(ScriptActions, VariablesLinesAndOtherMachines) {
  const auto actions = read_script(
      "#!/bin/sh\nDEST=/backup\nrsync -a /etc $DEST/etc\n"
      "ssh backup@nas 'find /volume1/backup -mtime +3 -delete'\nfrobnicate --all\n",
      "/opt/b.sh");
  ASSERT_EQ(actions.size(), 3U);
  EXPECT_EQ(actions[0].target, "/backup/etc");
  EXPECT_EQ(actions[0].line, 3);
  EXPECT_THAT(actions[1].sources, ElementsAre("backup@nas:/volume1/backup"));
  EXPECT_EQ(actions[1].line, 4);
  EXPECT_EQ(actions[2].kind, Kind::unknown);
}

TEST(LegacyDeletes, ReachesWhatIsAboveAndBelowButNoNeighbour) {
  EXPECT_TRUE(reaches("/mnt/nas", "/mnt/nas/hikae"));
  EXPECT_TRUE(reaches("/mnt/nas/hikae/data", "/mnt/nas/hikae"));
  EXPECT_FALSE(reaches("/mnt/nas/hikae2", "/mnt/nas/hikae"));
  EXPECT_TRUE(reaches("/mnt/nas/$(date +%F)", "/mnt/nas/hikae"));
  EXPECT_FALSE(reaches("$DEST", "/mnt/nas/hikae"));
  EXPECT_TRUE(reaches("root@nas:/backup/", "backupuser@nas:/backup/hikae"));
  EXPECT_FALSE(reaches("/backup/", "backupuser@nas:/backup/hikae"));
  EXPECT_TRUE(reaches("s3://bucket", "s3://bucket/hikae"));
  EXPECT_FALSE(reaches("s3://bucket2", "s3://bucket/hikae"));
}

TEST(LegacyDeletes, NamesFileAndLineAndLeavesPlainCopiesAlone) {
  const std::vector<ProtectedPlace> places{{"disk", "/mnt/nas/hikae"}};
  const auto findings = find_legacy_deletes(
      read_script("rsync -a /srv /mnt/nas\n\nrsync -a --delete /srv/ /mnt/nas/\n",
                  "/etc/cron.daily/copy"),
      places);
  ASSERT_EQ(findings.size(), 1U);
  EXPECT_EQ(findings[0].where, "/etc/cron.daily/copy:3");
  EXPECT_EQ(findings[0].severity, Severity::error);
  EXPECT_THAT(find_legacy_deletes(read_script("find /tmp -mtime +1 -delete", "x"), places),
              IsEmpty());
}

}  // namespace
}  // namespace hikae::survey
