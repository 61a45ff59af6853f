// SPDX-License-Identifier: Apache-2.0
#include "net/aws_profile.h"

#include <gmock/gmock.h>

#include "base/error.h"
#include "net/aws_answers.h"
#include "net/web_time.h"

namespace hikae::net {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(AwsProfile, ReadsCredentialsAsAmazonWritesThem) {
  const AwsProfiles profiles = parse_aws_profiles(
      "# a comment\n[default]\naws_access_key_id=AKIA1\r\naws_secret_access_key = a/b+c=\n\n"
      "; another\n[ backup ]\nAWS_ACCESS_KEY_ID = AKIA2\n",
      AwsFile::credentials);
  ASSERT_EQ(profiles.size(), 2U);
  EXPECT_EQ(value_of(profiles.at("default"), "aws_access_key_id"), "AKIA1");
  EXPECT_EQ(value_of(profiles.at("default"), "aws_secret_access_key"), "a/b+c=");
  EXPECT_EQ(value_of(profiles.at("backup"), "aws_access_key_id"), "AKIA2");
  EXPECT_EQ(value_of(profiles.at("backup"), "region"), "");
}

TEST(AwsProfile, ProfilesOfTheConfigurationHaveAWordBeforeTheName) {
  const AwsProfiles profiles = parse_aws_profiles(
      "[default]\nregion = a\n[profile one]\nregion = b\ns3 =\n  max_concurrent_requests = 20\n"
      "[profile \"two words\"]\nregion = c\n[sso-session x]\nregion = d\n[plain]\nregion = e\n"
      "[profiles]\nregion = f\n",
      AwsFile::config);
  EXPECT_EQ(profiles.size(), 3U);
  EXPECT_EQ(value_of(profiles.at("one"), "region"), "b");
  EXPECT_EQ(value_of(profiles.at("one"), "max_concurrent_requests"), "");
  EXPECT_EQ(value_of(profiles.at("two words"), "region"), "c");
}

TEST(AwsProfile, PassesOverWhatItDoesNotKnow) {
  for (const char* odd :
       {"", "=", "[", "[]", "key=value", "[a\nkey=value", "[profile ]\nx=y", "\0"})
    EXPECT_THAT(parse_aws_profiles(odd, AwsFile::config), IsEmpty()) << odd;
}

TEST(AwsProfile, SplitsCommandLines) {
  EXPECT_THAT(split_command("/usr/bin/x --a  'b c' \"d \\\" e\" f\\ g ''"),
              ElementsAre("/usr/bin/x", "--a", "b c", "d \" e", "f g", ""));
  EXPECT_THAT(split_command("  "), IsEmpty());
  EXPECT_THAT(split_command("x 'open"), IsEmpty());
}

TEST(AwsAnswers, ReadKeysOfJson) {
  const AwsKeys keys = parse_aws_json_keys(
      as_bytes(R"({"Version": 1, "AccessKeyId": "A", "SecretAccessKey": "S", "SessionToken": "T",
               "Expiration": "2026-11-26T13:20:55Z"})"));
  EXPECT_EQ(keys.access_key_id, "A");
  EXPECT_EQ(keys.secret_access_key.reveal(), "S");
  EXPECT_EQ(keys.session_token.reveal(), "T");
  EXPECT_EQ(keys.expires, parse_iso_time("2026-11-26T13:20:55Z"));
  EXPECT_EQ(
      parse_aws_json_keys(as_bytes(R"({"AccessKeyId": "A", "SecretAccessKey": "S", "Token": "U"})"))
          .session_token.reveal(),
      "U");
}

TEST(AwsAnswers, RefuseWhatHoldsNoKeys) {
  for (const char* wrong :
       {"",
        "{}",
        "[]",
        "{\"AccessKeyId\": \"A\"}",
        "{\"AccessKeyId\": 1, \"SecretAccessKey\": 2}",
        R"({"AccessKeyId": "A", "SecretAccessKey": "S", "Expiration": "tomorrow"})"}) {
    EXPECT_THROW(parse_aws_json_keys(as_bytes(wrong)), Error) << wrong;
    EXPECT_THROW(parse_sts_keys(as_bytes(wrong)), Error) << wrong;
  }
  EXPECT_THROW(parse_sts_keys(as_bytes("<Credentials><AccessKeyId>A</AccessKeyId></Credentials>")),
               Error);
  EXPECT_EQ(parse_sts_failure(as_bytes("<ErrorResponse><Error><Code>AccessDenied</Code><Message>no"
                                       "</Message></Error></ErrorResponse>")),
            "AccessDenied: no");
}

}  // namespace
}  // namespace hikae::net
