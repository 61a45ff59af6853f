// SPDX-License-Identifier: Apache-2.0
#include "report/restic_location.h"

#include <gtest/gtest.h>

namespace hikae::report {
namespace {

policy::Destination at(const std::string& url) {
  policy::Destination destination;
  destination.name = "d";
  destination.url = url;
  return destination;
}

struct Spelling {
  const char* ours;
  const char* restic;
  const char* kind;
};

class ResticLocation : public ::testing::TestWithParam<Spelling> {};

TEST_P(ResticLocation, IsSpelledAsResticReadsIt) {
  const policy::Destination destination = at(GetParam().ours);
  EXPECT_EQ(restic_location(destination), GetParam().restic);
  EXPECT_EQ(location_kind(destination), GetParam().kind);
}

INSTANTIATE_TEST_SUITE_P(
    Forms,
    ResticLocation,
    ::testing::Values(
        Spelling{"/mnt/nas/hikae", "/mnt/nas/hikae", "local"},
        Spelling{"local:/mnt/nas", "/mnt/nas", "local"},
        Spelling{"file:///mnt/my%20nas", "/mnt/my nas", "local"},
        Spelling{"sftp:u@backup01:/backup", "sftp:u@backup01:/backup", "sftp"},
        Spelling{"sftp:u@backup01:~/backup", "sftp:u@backup01:backup", "sftp"},
        Spelling{"sftp://u@backup01/backup/hikae", "sftp:u@backup01:/backup/hikae", "sftp"},
        Spelling{"sftp://u@backup01/my%20backup", "sftp:u@backup01:/my backup", "sftp"},
        Spelling{"sftp://u@backup01/~/backup", "sftp:u@backup01:backup", "sftp"},
        Spelling{"sftp://u@backup01:2222/backup", "sftp://u@backup01:2222//backup", "sftp"},
        Spelling{"sftp://u@backup01:2222/~/backup", "sftp://u@backup01:2222/backup", "sftp"},
        Spelling{"sftp://u@[fe80::1]/backup", "sftp://u@[fe80::1]//backup", "sftp"},
        Spelling{"s3:minio.local:9000/bucket/hikae", "s3:minio.local:9000/bucket/hikae", "s3"},
        Spelling{"s3://bucket/hikae", "s3:s3.amazonaws.com/bucket/hikae", "s3"},
        Spelling{
            "rest:https://backup01:8000/hikae/", "rest:https://backup01:8000/hikae/", "rest"}));

TEST(ResticLocationOfS3, NamesRegionAndEndpoint) {
  policy::Destination destination = at("s3://bucket/hikae");
  destination.region = "ap-northeast-1";
  EXPECT_EQ(restic_location(destination), "s3:s3.ap-northeast-1.amazonaws.com/bucket/hikae");
  destination.endpoint = "minio.local:9000";
  EXPECT_EQ(restic_location(destination), "s3:https://minio.local:9000/bucket/hikae");
  destination.endpoint = "http://minio.local:9000";
  EXPECT_EQ(restic_location(destination), "s3:http://minio.local:9000/bucket/hikae");
}

TEST(ShellWord, IsQuotedWhereItMust) {
  EXPECT_EQ(shell_word("/mnt/nas-1/hikae_2"), "/mnt/nas-1/hikae_2");
  EXPECT_EQ(shell_word("/mnt/my nas"), "'/mnt/my nas'");
  EXPECT_EQ(shell_word("it's"), "'it'\\''s'");
  EXPECT_EQ(shell_word("$(reboot)"), "'$(reboot)'");
  EXPECT_EQ(shell_word(""), "''");
}

}  // namespace
}  // namespace hikae::report
