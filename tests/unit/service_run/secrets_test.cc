// SPDX-License-Identifier: Apache-2.0
#include "service/secrets.h"

#include <sys/stat.h>

#include <gtest/gtest.h>

#include "support/policy_kit.h"

namespace hikae::testing {
namespace {

using policy::SecretReference;

class Secrets : public ::testing::Test {
 protected:
  std::string resolve(SecretReference::Kind kind, const std::string& value) {
    Environment environment = kit_.environment();
    environment.variable = [&](const std::string& name) -> std::optional<std::string> {
      if (name == "SECRET") return "from the environment";
      if (name == "CREDENTIALS_DIRECTORY") return kit_ / "credentials";
      return std::nullopt;
    };
    return resolve_secret({kind, value}, environment, StopToken()).reveal();
  }
  PolicyKit kit_;
};

TEST_F(Secrets, ComeFromWhereThePolicySays) {
  write_file(kit_ / "file", "in a file\n");
  chmod((kit_ / "file").c_str(), 0600);
  write_file(kit_ / "credentials/name", "a credential\n");
  EXPECT_EQ(resolve(SecretReference::Kind::file, kit_ / "file"), "in a file");
  EXPECT_EQ(resolve(SecretReference::Kind::env, "SECRET"), "from the environment");
  EXPECT_EQ(resolve(SecretReference::Kind::command, "echo printed; echo and more"), "printed");
  EXPECT_EQ(resolve(SecretReference::Kind::credential, "name"), "a credential");
}

TEST_F(Secrets, AFileThatEverybodyReadsIsRefused) {
  write_file(kit_ / "open", "x");
  chmod((kit_ / "open").c_str(), 0644);
  EXPECT_THROW(resolve(SecretReference::Kind::file, kit_ / "open"), Error);
}

TEST_F(Secrets, AFailedCommandTellsItsCodeAndNothingElse) {
  try {
    resolve(SecretReference::Kind::command, "echo hunter2; echo hunter2 >&2; exit 7");
    FAIL();
  } catch (const Error& error) {
    const std::string said = render(error, Language::en);
    EXPECT_NE(said.find('7'), std::string::npos);
    EXPECT_EQ(said.find("hunter2"), std::string::npos) << said;
  }
}

TEST_F(Secrets, WhatIsMissingIsNamed) {
  EXPECT_THROW(resolve(SecretReference::Kind::env, "NOT_SET"), Error);
  EXPECT_THROW(resolve(SecretReference::Kind::file, kit_ / "missing"), Error);
}

}  // namespace
}  // namespace hikae::testing
