// SPDX-License-Identifier: Apache-2.0
#include "survey/jobs.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/temp_dir.h"

namespace hikae::survey {
namespace {

using hikae::testing::TempDir;
using hikae::testing::write_file;
using ::testing::ElementsAre;
using ::testing::SizeIs;

TEST(Jobs, CrontabFormsAreTold) {
  const auto system = parse_crontab(
      "# x\nMAILTO=root\n17 2 * * 1-5 root  /opt/b.sh --all # no comment\n@daily backup true\n",
      "/etc/crontab",
      CrontabForm::with_user);
  ASSERT_THAT(system, SizeIs(2));
  EXPECT_EQ(system[0],
            (Job{"/etc/crontab", 3, "17 2 * * 1-5", "root", "/opt/b.sh --all # no comment"}));
  EXPECT_EQ(system[1].schedule, "@daily");
  const auto own = parse_crontab(
      "0 2 * * * rsync -a /a /b/$(date +\\%F) % input", "x", CrontabForm::without_user);
  ASSERT_THAT(own, SizeIs(1));
  EXPECT_EQ(own[0].command, "rsync -a /a /b/$(date +%F) ");
}

TEST(Jobs, EveryPlaceOfAMachineIsLookedAt) {
  const TempDir root;
  write_file(root / "etc/crontab", "0 1 * * * root one\n");
  write_file(root / "etc/cron.d/two", "0 2 * * * root two\n");
  write_file(root / "etc/cron.daily/three", "#!/bin/sh\ntrue\n");
  write_file(root / "etc/cron.daily/three.dpkg-old", "#!/bin/sh\n");
  write_file(root / "var/spool/cron/crontabs/alice", "0 4 * * * four\n");
  write_file(root / "etc/systemd/system/five.timer", "[Timer]\nOnCalendar=*-*-* 05:00\n");
  write_file(root / "etc/systemd/system/five.service",
             "[Service]\nUser=bob\nExecStart=-/opt/five\n");
  const auto jobs = find_jobs(Root(root.path().string()));
  std::vector<std::string> seen;
  for (const Job& job : jobs)
    seen.push_back(job.file + ":" + std::to_string(job.line) + " " + job.user + " " + job.command);
  EXPECT_THAT(seen,
              ElementsAre("/etc/crontab:1 root one",
                          "/etc/cron.d/two:1 root two",
                          "/var/spool/cron/crontabs/alice:1 alice four",
                          "/etc/cron.daily/three:1 root /etc/cron.daily/three",
                          "/etc/systemd/system/five.service:3 bob /opt/five"));
}

TEST(Jobs, ScriptsAreFollowedAndTheirOwnLinesNamed) {
  const TempDir root;
  write_file(root / "etc/cron.daily/copy", "#!/bin/sh\nset -e\n/opt/inner.sh\n");
  write_file(root / "opt/inner.sh",
             "#!/bin/bash\n\nfind /backup -mtime +3 -delete\n/opt/inner.sh\n");
  const Root machine(root.path().string());
  const auto jobs = find_jobs(machine);
  ASSERT_THAT(jobs, SizeIs(1));
  const auto actions = actions_of(jobs[0], machine);
  const auto found = std::find_if(actions.begin(), actions.end(), [](const ScriptAction& action) {
    return action.kind == ScriptAction::Kind::expires;
  });
  ASSERT_NE(found, actions.end());
  EXPECT_EQ(found->file, "/opt/inner.sh");
  EXPECT_EQ(found->line, 3);
}

}  // namespace
}  // namespace hikae::survey
