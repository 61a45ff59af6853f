// SPDX-License-Identifier: Apache-2.0
#include "web/htpasswd.h"

#include <gmock/gmock.h>

#include "base/error.h"
#include "support/htpasswd.h"
#include "support/temp_dir.h"

namespace hikae::web {
namespace {

using hikae::testing::password_hash;
using hikae::testing::TempDir;
using hikae::testing::write_file;

Login login(const std::string& user, const std::string& password) {
  return {user, Secret(password)};
}

class HtpasswdTest : public ::testing::Test {
 protected:
  Htpasswd make(const std::string& content) {
    write_file(path_, content);
    return Htpasswd(path_, clock_, log_);
  }
  bool accepts(Htpasswd& users, const std::string& user, const std::string& password) {
    return users.accepts(login(user, password), StopToken());
  }

  TempDir dir_;
  const std::string path_ = dir_ / "htpasswd";
  SystemClock clock_;
  NullLog log_;
};

TEST(BasicLogin, IsDecoded) {
  const auto found = parse_basic_login(Secret("Basic YWxpY2U6c2U6Y3JldA=="));
  ASSERT_TRUE(found);
  EXPECT_EQ(found->user, "alice");
  EXPECT_EQ(found->password.reveal(), "se:cret");
  EXPECT_TRUE(parse_basic_login(Secret("bAsIc YWxpY2U6")));
}

TEST(BasicLogin, RefusesAnythingElse) {
  for (const std::string value : {"",
                                  "Basic",
                                  "Basic ",
                                  "Bearer YWxpY2U6c2U6Y3JldA==",
                                  "Basic YWxpY2U",
                                  "Basic YWxp*2U6",
                                  "Basic YWxp Y2U6",
                                  "Basic YWxpY2U=",      // no colon
                                  "Basic OnNlY3JldA==",  // no user
                                  "Basic YQA6Yg==",      // a zero byte
                                  "Basic ===="})
    EXPECT_FALSE(parse_basic_login(Secret(value))) << value;
  EXPECT_FALSE(parse_basic_login(Secret("Basic " + std::string(8192, 'A'))));
}

TEST_F(HtpasswdTest, LetsInWithTheRightPassword) {
  for (const char* kind : {"$2a$", "$2b$", "$2y$", "$6$", "$y$"}) {
    Htpasswd users = make("# people\n\nalice:" + password_hash("geheim 秘密", kind) + "\r\n");
    EXPECT_TRUE(accepts(users, "alice", "geheim 秘密")) << kind;
    EXPECT_TRUE(accepts(users, "alice", "geheim 秘密")) << "remembered";
    EXPECT_FALSE(accepts(users, "alice", "geheim")) << kind;
    EXPECT_FALSE(accepts(users, "alice", "")) << kind;
    EXPECT_FALSE(accepts(users, "Alice", "geheim 秘密")) << kind;
    EXPECT_FALSE(accepts(users, "bob", "geheim 秘密")) << kind;
  }
}

TEST_F(HtpasswdTest, TakesAHashOfBefore) {
  Htpasswd users = make("alice:$2y$05$/OK.fbVrR/bpIqNJ5ianF.050pwiok5MxVarR3Itr/oY2d7VRcPmy\n");
  EXPECT_TRUE(accepts(users, "alice", "correct-horse"));
}

TEST_F(HtpasswdTest, FollowsTheFile) {
  Htpasswd users = make("alice:" + password_hash("old") + "\n");
  EXPECT_TRUE(accepts(users, "alice", "old"));
  write_file(path_, "alice:" + password_hash("new") + "\nbob:" + password_hash("b") + "\n");
  EXPECT_FALSE(accepts(users, "alice", "old")) << "what was remembered is forgotten";
  EXPECT_TRUE(accepts(users, "alice", "new"));
  EXPECT_TRUE(accepts(users, "bob", "b"));
}

TEST_F(HtpasswdTest, KeepsTheUsersWhileTheFileIsUnusable) {
  Htpasswd users = make("alice:" + password_hash("a") + "\n");
  write_file(path_, "alice:clear text\n");
  EXPECT_TRUE(accepts(users, "alice", "a"));
  std::filesystem::remove(path_);
  EXPECT_TRUE(accepts(users, "alice", "a"));
  write_file(path_, "bob:" + password_hash("b") + "\n");
  EXPECT_TRUE(accepts(users, "bob", "b"));
  EXPECT_FALSE(accepts(users, "alice", "a"));
}

std::string problem(const std::string& content) {
  try {
    parse_htpasswd(content, "FILE");
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::invalid_argument);
    return render(error, Language::en);
  }
  return "";
}

TEST(HtpasswdFile, SaysWhatIsWrongWhere) {
  const std::string good = "alice:" + password_hash("a") + "\n";
  EXPECT_EQ(problem(good), "");
  EXPECT_THAT(problem(good + "bob:secret\n"),
              ::testing::HasSubstr("FILE, line 2: the password is"));
  EXPECT_THAT(problem("bob:{SHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g=\n"), ::testing::HasSubstr("weak"));
  EXPECT_THAT(problem("bob:$apr1$x$y\n"), ::testing::HasSubstr("weak"));
  EXPECT_THAT(problem("bob:$2y$10$short\n"), ::testing::HasSubstr("incomplete"));
  EXPECT_THAT(problem("no colon\n"), ::testing::HasSubstr("user:hash"));
  EXPECT_THAT(problem(good + good), ::testing::HasSubstr("twice"));
  EXPECT_THAT(problem("# nobody\n"), ::testing::HasSubstr("names no user"));
  // A wrong line never shows what may be a password.
  EXPECT_THAT(problem("bob:secret\n"), ::testing::Not(::testing::HasSubstr("secret")));
}

}  // namespace
}  // namespace hikae::web
