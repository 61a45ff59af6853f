// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

namespace hikae::os {

// An operating-system account with all its groups.
struct UserAccount {
  std::string name;
  uid_t uid = 0;
  gid_t gid = 0;
  std::vector<gid_t> groups;  // all of them, the primary one included
};

// nullopt when this host knows no such user. Throws Error when the system cannot tell.
std::optional<UserAccount> find_user_account(const std::string& name);
// The account of a number; nullopt when it has no name here.
std::optional<UserAccount> find_user_account(uid_t uid);

// This thread, and no other one, acts as `account` while the object lives: files that it opens and
// sockets that it connects are that user's (SO_PEERCRED shows the connecting thread's effective
// user). Programs that it starts meanwhile are NOT: they would get a mixture; use run_as_user().
// Nothing happens when the process is that user already. Throws Error{permission} when it is
// neither that user nor root. Ends on the thread where it began; a thread that could not go back
// ends the process rather than work on as somebody else.
class ActingUser {
 public:
  explicit ActingUser(const UserAccount& account);
  ~ActingUser();
  ActingUser(const ActingUser&) = delete;
  ActingUser& operator=(const ActingUser&) = delete;

 private:
  bool changed_ = false;
  uid_t uid_before_ = 0;
  gid_t gid_before_ = 0;
  std::vector<gid_t> groups_before_;
};

// The argument list that runs `argv` as that user with its groups (util-linux's setpriv, which
// Debian always has); `argv` itself when the process is that user already.
std::vector<std::string> run_as_user(const UserAccount& account, std::vector<std::string> argv);

}  // namespace hikae::os
