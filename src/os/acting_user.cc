// SPDX-License-Identifier: Apache-2.0
#include "os/acting_user.h"

#include <grp.h>
#include <pwd.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <exception>
#include <iterator>

#include "base/error.h"

namespace hikae::os {
namespace {

constexpr int kUnchanged = -1;

// The C library changes all threads at once; these change the calling one, as the kernel does.
int set_thread_uid(uid_t uid) {
  return static_cast<int>(syscall(SYS_setresuid, kUnchanged, uid, kUnchanged));
}

int set_thread_gid(gid_t gid) {
  return static_cast<int>(syscall(SYS_setresgid, kUnchanged, gid, kUnchanged));
}

int set_thread_groups(const std::vector<gid_t>& groups) {
  return static_cast<int>(syscall(SYS_setgroups, groups.size(), groups.data()));
}

std::vector<gid_t> groups_of(const passwd& user) {
  int count = 64;
  std::vector<gid_t> groups(static_cast<std::size_t>(count));
  if (getgrouplist(user.pw_name, user.pw_gid, groups.data(), &count) < 0) {
    groups.resize(static_cast<std::size_t>(count));
    getgrouplist(user.pw_name, user.pw_gid, groups.data(), &count);
  }
  groups.resize(static_cast<std::size_t>(std::max(count, 0)));
  return groups;
}

template <typename Lookup>
std::optional<UserAccount> look_up(const std::string& shown, Lookup lookup) {
  std::vector<char> buffer(4096);
  passwd entry{};
  passwd* found = nullptr;
  int result = 0;
  while ((result = lookup(&entry, buffer.data(), buffer.size(), &found)) == ERANGE)
    buffer.resize(buffer.size() * 2);
  if (found == nullptr) {
    // What the C library says for "no such user" differs between its sources of names.
    if (result == 0 || result == ENOENT || result == ESRCH) return std::nullopt;
    throw system_error(result, text("os.user_lookup_failed", {{"user", shown}}));
  }
  UserAccount account;
  account.name = entry.pw_name;
  account.uid = entry.pw_uid;
  account.gid = entry.pw_gid;
  account.groups = groups_of(entry);
  return account;
}

Error cannot_act(int error_number, const UserAccount& account) {
  return system_error(error_number, text("os.cannot_act_as", {{"user", account.name}}))
      .with_hint(text("os.cannot_act_as_hint", {{"user", account.name}}));
}

}  // namespace

std::optional<UserAccount> find_user_account(const std::string& name) {
  return look_up(name, [&](passwd* entry, char* buffer, std::size_t size, passwd** found) {
    return getpwnam_r(name.c_str(), entry, buffer, size, found);
  });
}

std::optional<UserAccount> find_user_account(uid_t uid) {
  return look_up(std::to_string(uid),
                 [&](passwd* entry, char* buffer, std::size_t size, passwd** found) {
                   return getpwuid_r(uid, entry, buffer, size, found);
                 });
}

ActingUser::ActingUser(const UserAccount& account)
    : uid_before_(geteuid()), gid_before_(getegid()) {
  if (account.uid == uid_before_) return;
  if (uid_before_ != 0) throw cannot_act(EPERM, account);
  groups_before_.resize(static_cast<std::size_t>(std::max(0, getgroups(0, nullptr))));
  if (!groups_before_.empty())
    getgroups(static_cast<int>(groups_before_.size()), groups_before_.data());
  if (set_thread_groups(account.groups) != 0) throw cannot_act(errno, account);
  changed_ = true;
  // The user last: with it goes the right to change the rest.
  if (set_thread_gid(account.gid) == 0 && set_thread_uid(account.uid) == 0) return;
  const int error_number = errno;
  set_thread_gid(gid_before_);
  set_thread_groups(groups_before_);
  throw cannot_act(error_number, account);
}

ActingUser::~ActingUser() {
  if (!changed_) return;
  const int kept = errno;
  if (set_thread_uid(uid_before_) != 0 || set_thread_gid(gid_before_) != 0 ||
      set_thread_groups(groups_before_) != 0)
    std::terminate();
  errno = kept;
}

std::vector<std::string> run_as_user(const UserAccount& account, std::vector<std::string> argv) {
  if (account.uid == geteuid()) return argv;
  if (geteuid() != 0) throw cannot_act(EPERM, account);
  std::vector<std::string> result = {"setpriv",
                                     "--reuid=" + std::to_string(account.uid),
                                     "--regid=" + std::to_string(account.gid),
                                     "--init-groups",
                                     "--"};
  std::move(argv.begin(), argv.end(), std::back_inserter(result));
  return result;
}

}  // namespace hikae::os
