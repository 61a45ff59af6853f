// SPDX-License-Identifier: Apache-2.0
#include "os/users.h"

#include <grp.h>
#include <pwd.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <mutex>
#include <vector>

#include <climits>

#include "base/error.h"

namespace hikae::os {
namespace {

// Calls one of the get…_r functions with a buffer that grows until the entry fits; nullopt when
// there is no entry or the directory service does not answer.
template <typename Record, typename Key, typename Result>
std::optional<Result> look_up(int (*function)(Key, Record*, char*, std::size_t, Record**),
                              Key key,
                              Result (*pick)(const Record&)) {
  std::vector<char> buffer(1024);
  for (;;) {
    Record record{};
    Record* found = nullptr;
    const int error_number = function(key, &record, buffer.data(), buffer.size(), &found);
    if (error_number == ERANGE && buffer.size() < (1U << 24U)) {
      buffer.resize(buffer.size() * 4);
    } else if (error_number != EINTR) {
      return found == nullptr ? std::nullopt : std::optional<Result>(pick(record));
    }
  }
}

std::string name_of_user(const passwd& record) {
  return record.pw_name;
}
std::string home_of_user(const passwd& record) {
  return record.pw_dir;
}
std::string name_of_group(const group& record) {
  return record.gr_name;
}
uid_t id_of_user(const passwd& record) {
  return record.pw_uid;
}
gid_t id_of_group(const group& record) {
  return record.gr_gid;
}

}  // namespace

template <typename Key, typename Value>
template <typename Lookup>
Value Accounts::Cache<Key, Value>::get(const Key& key, Lookup lookup) {
  {
    const std::shared_lock lock(mutex_);
    const auto known = known_.find(key);
    if (known != known_.end()) return known->second;
  }
  Value value = lookup();
  const std::unique_lock lock(mutex_);
  return known_.emplace(key, std::move(value)).first->second;
}

std::string Accounts::user_name(uid_t id) {
  return user_names_.get(id, [&] { return look_up(&getpwuid_r, id, &name_of_user).value_or(""); });
}

std::string Accounts::group_name(gid_t id) {
  return group_names_.get(id,
                          [&] { return look_up(&getgrgid_r, id, &name_of_group).value_or(""); });
}

std::optional<uid_t> Accounts::user_id(const std::string& name) {
  return user_ids_.get(name, [&] { return look_up(&getpwnam_r, name.c_str(), &id_of_user); });
}

std::optional<gid_t> Accounts::group_id(const std::string& name) {
  return group_ids_.get(name, [&] { return look_up(&getgrnam_r, name.c_str(), &id_of_group); });
}

std::string hostname() {
  std::array<char, HOST_NAME_MAX + 1> name{};
  if (gethostname(name.data(), name.size() - 1) != 0)
    throw system_error(errno, text("os.no_hostname"));
  return name.data();
}

std::string current_user_name() {
  const uid_t id = geteuid();
  return look_up(&getpwuid_r, id, &name_of_user).value_or(std::to_string(id));
}

std::string current_user_home() {
  return look_up(&getpwuid_r, geteuid(), &home_of_user).value_or("");
}

}  // namespace hikae::os
