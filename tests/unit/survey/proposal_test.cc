// SPDX-License-Identifier: Apache-2.0
#include "survey/proposal.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "policy/load.h"

namespace hikae::survey {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;

Measure some(const std::string& path) {
  Measure measure;
  measure.files = path.find("empty") == std::string::npos ? 3 : 0;
  measure.bytes = 2048;
  return measure;
}

policy::Policy parsed(const Proposal& proposal) {
  policy::parse_policy(render_proposal(proposal, Language::ja), "ja.yaml");
  const std::string text = render_proposal(proposal, Language::en);
  SCOPED_TRACE(text);
  return policy::parse_policy(text, "en.yaml");
}

TEST(ProposalFromMachine, IsAValidPolicyInBothLanguages) {
  Machine machine;
  machine.clusters = {{"15", "main", "/var/lib/postgresql/15/main", 5433, true}};
  machine.volumes = {{"pgdata", "/v/pgdata/_data", {"db"}}, {"Web Data", "/v/web/_data", {"web"}}};
  machine.containers = {{"db", "postgres:15", {"pgdata"}, true, true, "app"},
                        {"web", "nginx", {}, true, false, ""}};
  machine.mounts = {{"/mnt/nas", "nas:/x", "nfs4"}, {"/data", "/dev/sdb", "xfs"}};
  machine.homes = {{"root", "/root"}, {"alice", "/home/alice"}};
  machine.shares = {{"共有", "/srv/share: a", "/etc/samba/smb.conf", 3},
                    {"x", "/srv/empty", "f", 1}};
  const policy::Policy policy = parsed(propose_from_machine(machine, some, "Host.1", "Asia/Tokyo"));
  EXPECT_EQ(policy.name, "host-1");
  std::vector<std::string> names;
  for (const auto& source : policy.sources) names.push_back(source.name);
  EXPECT_THAT(
      names,
      ElementsAre("config", "root", "homes", "source", "database-15-main", "db", "web-data"));
  EXPECT_THAT(policy.sources[3].files, ElementsAre("/srv/share: a"));
  EXPECT_EQ(policy.sources[4].postgres->port, 5433);
  EXPECT_EQ(policy.sources[5].docker_postgres->user, "app");
  ASSERT_THAT(policy.destinations, SizeIs(1));
  EXPECT_EQ(policy.destinations[0].url, "/mnt/nas/hikae");
  EXPECT_TRUE(policy.destinations[0].require_mount);
}

TEST(ProposalFromScripts, TakesOverWhatTheUsualScriptsDo) {
  const std::vector<ScriptFile> files{
      {"crontab", "30 1 * * * root /usr/local/sbin/backup.sh\n"},
      {"/usr/local/sbin/backup.sh",
       "#!/bin/bash\nset -e\nDEST=/backup/daily/$(date +%Y%m%d)\nmkdir -p $DEST\n"
       "rsync -a --delete --exclude '*.tmp' /srv/fileshare/ $DEST/fileshare\n"
       "rsync -a /etc/ $DEST/etc\n"
       "sudo -u postgres pg_dumpall > $DEST/all.sql\n"
       "docker exec postgres pg_dumpall -U postgres > $DEST/docker.sql\n"
       "docker run --rm -v myapp_data:/data -v $DEST:/backup alpine tar czf /backup/v.tgz /data\n"
       "rsync -a $DEST backupuser@backup01:/backup/\n"
       "aws s3 sync $DEST s3://company-backup-bucket/daily --sse AES256\n"
       "find /backup/daily -mtime +3 -exec rm -rf {} \\;\n"
       "mystery --now\n"
       "echo done | mail -s 'Backup Completed' it-team@company.local\n"}};
  const Proposal proposal = propose_from_scripts(files, "fs01", "Asia/Tokyo");
  const policy::Policy policy = parsed(proposal);
  ASSERT_THAT(policy.sources, SizeIs(5));
  EXPECT_THAT(policy.sources[0].files, ElementsAre("/srv/fileshare"));
  EXPECT_THAT(policy.sources[0].exclude, ElementsAre("*.tmp"));
  EXPECT_THAT(policy.sources[1].files, ElementsAre("/etc"));
  EXPECT_TRUE(policy.sources[2].postgres);
  EXPECT_EQ(policy.sources[3].docker_postgres->container, "postgres");
  EXPECT_EQ(policy.sources[4].docker_volume->name, "myapp_data");
  ASSERT_THAT(policy.destinations, SizeIs(3));
  // Not below what the script deletes.
  EXPECT_EQ(policy.destinations[0].url, "/backup/hikae");
  EXPECT_EQ(policy.destinations[1].url, "sftp://backupuser@backup01/backup/hikae");
  EXPECT_EQ(policy.destinations[2].url, "s3://company-backup-bucket/daily/hikae");
  EXPECT_EQ(policy.destinations[2].server_side_encryption, policy::ServerSideEncryption::aes256);
  EXPECT_EQ(policy.schedule.backup, "30 1 * * *");
  EXPECT_THAT(policy.notify.email->to, ElementsAre("it-team@company.local"));
  const std::string text = render_proposal(proposal, Language::en);
  EXPECT_THAT(text, HasSubstr("# /usr/local/sbin/backup.sh:5: rsync -a --delete"));
  EXPECT_THAT(
      text,
      HasSubstr(
          "# /usr/local/sbin/backup.sh:13: not understood, look at it yourself: mystery --now"));
  EXPECT_THAT(text, HasSubstr("retention: {daily: 3}"));
}

TEST(ProposalFromScripts, ADatabaseIsTakenFromTheServerThatTheScriptNames) {
  const Proposal proposal = propose_from_scripts({{"x.sh",
                                                   "pg_dumpall -h db01 -U backup > /b/db01.sql\n"
                                                   "pg_dumpall -p 5433 > /b/local.sql\n"
                                                   "pg_basebackup -h localhost -D /b/base\n"
                                                   "ssh db02 pg_dumpall > /b/db02.sql\n"
                                                   "pg_dump -h $HOST shop > /b/shop.sql\n"}},
                                                 "fs01",
                                                 "UTC");
  const policy::Policy policy = parsed(proposal);
  ASSERT_THAT(policy.sources, SizeIs(3));
  EXPECT_EQ(policy.sources[0].postgres->host, "db01");
  EXPECT_EQ(policy.sources[0].postgres->user, "backup");
  EXPECT_EQ(policy.sources[0].postgres->run_as, "");
  EXPECT_EQ(policy.sources[1].postgres->host, "");
  EXPECT_EQ(policy.sources[1].postgres->port, 5433);
  EXPECT_EQ(policy.sources[1].postgres->run_as, "postgres");
  EXPECT_THAT(policy.sources[2].postgres->method, ElementsAre(policy::PostgresMethod::physical));
  const std::string text = render_proposal(proposal, Language::en);
  EXPECT_THAT(
      text,
      HasSubstr("# A server over the network: add its password by reference (password: {file: "));
  EXPECT_THAT(text, HasSubstr("# x.sh:4: reads from another machine"));
  EXPECT_THAT(text, HasSubstr("url: /b/hikae"));
  EXPECT_THAT(text, Not(HasSubstr(".sql/hikae")));
  EXPECT_THAT(text, HasSubstr("# x.sh:5: not understood"));
}

TEST(ProposalFromScripts, IsValidWhateverTheScriptSays) {
  for (const char* script : {"",
                             "\xff\xfe\n",
                             "rsync",
                             "rsync -a '/a\nb: [' \"x:/y #\"",
                             "pg_dump $X",
                             "mail @,@",
                             "aws s3 sync /a 's3://b c/d'",
                             "docker exec '' pg_dumpall",
                             "rsync -a '/a\xff' '/b\x01'",
                             "rsync -a /x /y/'{z'"}) {
    SCOPED_TRACE(script);
    parsed(propose_from_scripts({{"x.sh", script}}, "h", "UTC"));
  }
}

TEST(ProposedName, FitsTheGrammarAndIsNew) {
  EXPECT_EQ(proposed_name("My Share (2)", {}), "my-share-2");
  EXPECT_EQ(proposed_name("共有", {}), "source");
  EXPECT_EQ(proposed_name("a", {{"a", {}, {}, {}}, {"a-2", {}, {}, {}}}), "a-3");
}

}  // namespace
}  // namespace hikae::survey
