// SPDX-License-Identifier: Apache-2.0
// Where keys come from. Amazon's metadata services exist on Amazon's machines only: a small server
// speaks their protocol instead (tests/support/aws_metadata.py). STS AssumeRole is tested with a
// real store, in tests/unit/storage_s3.
#include "net/aws_credentials.h"

#include <sys/stat.h>

#include <map>

#include <gmock/gmock.h>

#include "base/error.h"
#include "net/web_time.h"
#include "support/fake_clock.h"
#include "support/server_process.h"
#include "support/temp_dir.h"

namespace hikae::net {
namespace {

using hikae::testing::FakeClock;
using hikae::testing::ServerProcess;
using hikae::testing::TempDir;
using hikae::testing::write_file;

std::string script(const std::string& name) {
  // NOLINTNEXTLINE(concurrency-mt-unsafe): nobody sets variables meanwhile
  return std::string(getenv("HIKAE_SOURCE_DIR")) + "/tests/support/" + name;
}

class AwsCredentialsTest : public ::testing::Test {
 protected:
  AwsCredentialsTest() {
    variables_ = {{"HOME", home_.path().string()}, {"AWS_EC2_METADATA_DISABLED", "true"}};
  }

  AwsCredentialOptions options(const std::string& profile = "") const {
    AwsCredentialOptions options;
    options.profile = profile;
    options.clock = clock_;
    options.variable = [this](const std::string& name) -> std::optional<std::string> {
      const auto found = variables_.find(name);
      if (found == variables_.end()) return std::nullopt;
      return found->second;
    };
    return options;
  }
  std::string id(const std::string& profile = "") const {
    return AwsCredentials(options(profile)).get({})->access_key_id;
  }
  Error error(const std::string& profile = "") const {
    try {
      id(profile);
    } catch (const Error& caught) {
      return caught;
    }
    ADD_FAILURE() << "no error";
    return {ErrorCode::locked, text("net.aws_answer")};
  }
  void aws_file(const std::string& name, const std::string& content) const {
    write_file(home_ / (".aws/" + name), content);
  }

  TempDir home_;
  std::map<std::string, std::string> variables_;
  std::shared_ptr<FakeClock> clock_ =
      std::make_shared<FakeClock>(parse_iso_time("2026-11-26T12:00:00Z").value());
};

TEST_F(AwsCredentialsTest, NoneAnywhereIsAnErrorThatSaysWhereToPutThem) {
  const Error none = error();
  EXPECT_EQ(none.code(), ErrorCode::permission);
  EXPECT_TRUE(none.hint());
}

TEST_F(AwsCredentialsTest, WhatIsGivenComesBeforeAllElse) {
  variables_["AWS_ACCESS_KEY_ID"] = "AKIAENV";
  variables_["AWS_SECRET_ACCESS_KEY"] = "s";
  AwsCredentialOptions given = options();
  given.given.access_key_id = "AKIAGIVEN";
  given.given.secret_access_key = Secret("s");
  EXPECT_EQ(AwsCredentials(std::move(given)).get({})->access_key_id, "AKIAGIVEN");
}

TEST_F(AwsCredentialsTest, TheEnvironmentComesBeforeFilesUnlessAProfileIsGiven) {
  aws_file("credentials",
           "[default]\naws_access_key_id=AKIAFILE\naws_secret_access_key=s\n"
           "[backup]\naws_access_key_id=AKIABACKUP\naws_secret_access_key=s\n");
  EXPECT_EQ(id(), "AKIAFILE");
  variables_["AWS_PROFILE"] = "backup";
  EXPECT_EQ(id(), "AKIABACKUP");
  variables_["AWS_ACCESS_KEY_ID"] = "AKIAENV";
  variables_["AWS_SECRET_ACCESS_KEY"] = "s";
  EXPECT_EQ(id(), "AKIAENV");
  EXPECT_EQ(id("backup"), "AKIABACKUP");
}

TEST_F(AwsCredentialsTest, CredentialsComeBeforeTheConfiguration) {
  aws_file("config",
           "[profile x]\nregion=eu-west-1\naws_access_key_id=AKIACONF\naws_secret_access_key=s\n");
  EXPECT_EQ(id("x"), "AKIACONF");
  aws_file("credentials", "[x]\naws_access_key_id=AKIACRED\naws_secret_access_key=s\n");
  EXPECT_EQ(id("x"), "AKIACRED");
  EXPECT_EQ(aws_region(options("x")), "eu-west-1");
  variables_["AWS_DEFAULT_REGION"] = "us-west-2";
  EXPECT_EQ(aws_region(options("x")), "us-west-2");
}

TEST_F(AwsCredentialsTest, FilesCanLieElsewhere) {
  write_file(home_ / "elsewhere",
             "[default]\naws_access_key_id=AKIAELSE\naws_secret_access_key=s\n");
  variables_["AWS_SHARED_CREDENTIALS_FILE"] = home_ / "elsewhere";
  variables_["AWS_CONFIG_FILE"] = "/nonexistent";
  EXPECT_EQ(id(), "AKIAELSE");
}

TEST_F(AwsCredentialsTest, AProfileThatIsMissingOrEmptyIsNamed) {
  aws_file("config",
           "[profile empty]\nregion=x\n[profile circle]\nrole_arn=a\nsource_profile=circle\n");
  for (const char* profile : {"missing", "empty", "circle"})
    EXPECT_THAT(render(error(profile), Language::en), ::testing::HasSubstr(profile));
}

TEST_F(AwsCredentialsTest, AProgramGivesKeysAndIsAskedAgainBeforeTheyExpire) {
  const std::string program = home_ / "give keys";
  write_file(
      program,
      "#!/bin/sh\necho x >>\"$0.runs\"\necho '{\"Version\": 1, \"AccessKeyId\": \"ASIAPROG\", "
      "\"SecretAccessKey\": \"s\", \"SessionToken\": \"t\", "
      "\"Expiration\": \"2026-11-26T13:00:00Z\"}'\n");
  chmod(program.c_str(), 0700);
  aws_file("config", "[profile prog]\ncredential_process = '" + program + "' --verbose\n");
  const auto runs = [&] { return hikae::testing::read_file(program + ".runs").size() / 2; };
  AwsCredentials credentials(options("prog"));
  EXPECT_EQ(credentials.get({})->session_token.reveal(), "t");
  clock_->advance(std::chrono::minutes(54));
  credentials.get({});
  EXPECT_EQ(runs(), 1U);
  clock_->advance(std::chrono::minutes(2));
  const AwsCredentials::Keys keys = credentials.get({});
  EXPECT_EQ(runs(), 2U);
  EXPECT_TRUE(credentials.renew(keys)) << "the store says that they have expired";
  credentials.get({});
  EXPECT_EQ(runs(), 3U);
  // It fails now, but its last keys are good for four minutes.
  write_file(program, "#!/bin/sh\nexit 1\n");
  EXPECT_EQ(credentials.get({})->access_key_id, "ASIAPROG");
  clock_->advance(std::chrono::minutes(5));
  EXPECT_THROW(credentials.get({}), Error);
}

TEST_F(AwsCredentialsTest, KeysThatDoNotExpireCannotBeRenewed) {
  variables_["AWS_ACCESS_KEY_ID"] = "AKIAENV";
  variables_["AWS_SECRET_ACCESS_KEY"] = "s";
  AwsCredentials credentials(options());
  EXPECT_FALSE(credentials.renew(credentials.get({})));
}

class AwsMetadataTest : public AwsCredentialsTest {
 protected:
  AwsMetadataTest() : server_({"python3", script("aws_metadata.py")}) {
    base_ = "http://127.0.0.1:" + server_.read_line();
  }
  void expire(int year) const {
    HttpRequest request;
    request.url = base_ + "/expire/" + std::to_string(year);
    HttpClient(HttpOptions{}).send(request, {});
  }
  ServerProcess server_;
  std::string base_;
};

TEST_F(AwsMetadataTest, AnInstanceGivesKeysByATokenAndNewOnesInTime) {
  variables_["AWS_EC2_METADATA_DISABLED"] = "false";
  variables_["AWS_EC2_METADATA_SERVICE_ENDPOINT"] = base_ + "/";
  expire(2027);
  AwsCredentials credentials(options());
  EXPECT_EQ(credentials.get({})->access_key_id, "ASIA0001");
  EXPECT_EQ(credentials.get({})->access_key_id, "ASIA0001");
  clock_->set(parse_iso_time("2026-12-31T23:56:00Z").value());
  expire(2028);
  EXPECT_EQ(credentials.get({})->access_key_id, "ASIA0002");
}

TEST_F(AwsMetadataTest, AContainerGivesKeysToWhoHasItsToken) {
  variables_["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = base_ + "/container";
  EXPECT_EQ(error().code(), ErrorCode::permission);
  write_file(home_ / "token", "container-token\n");
  variables_["AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"] = home_ / "token";
  EXPECT_EQ(id(), "ASIA0001");
  // A token must not leave the machine in plain text.
  variables_["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = "http://127.0.0.1.example/container";
  EXPECT_EQ(error().code(), ErrorCode::permission);
}

TEST_F(AwsMetadataTest, AWebIdentityGivesKeysOfItsRole) {
  variables_["AWS_ENDPOINT_URL_STS"] = base_;
  variables_["AWS_WEB_IDENTITY_TOKEN_FILE"] = home_ / "token";
  variables_["AWS_ROLE_ARN"] = "arn:aws:iam::1:role/backup";
  write_file(home_ / "token", "another");
  EXPECT_THAT(render(error(), Language::en), ::testing::HasSubstr("InvalidIdentityToken"));
  write_file(home_ / "token", "web-token");
  EXPECT_EQ(id(), "ASIA0001");
  aws_file("config",
           "[profile web]\nrole_arn=arn:aws:iam::1:role/backup\nweb_identity_token_file=" +
               (home_ / "token") + "\n");
  EXPECT_EQ(id("web"), "ASIA0002");
}

}  // namespace
}  // namespace hikae::net
