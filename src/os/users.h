// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <optional>
#include <shared_mutex>
#include <string>
#include <unordered_map>

namespace hikae::os {

// Names and numbers of users and groups as this host knows them, each asked once. Thread-safe.
class Accounts {
 public:
  // Empty for a number that has no name, as restic stores it.
  std::string user_name(uid_t id);
  std::string group_name(gid_t id);
  std::optional<uid_t> user_id(const std::string& name);
  std::optional<gid_t> group_id(const std::string& name);

 private:
  template <typename Key, typename Value>
  class Cache {
   public:
    template <typename Lookup>
    Value get(const Key& key, Lookup lookup);

   private:
    std::shared_mutex mutex_;
    std::unordered_map<Key, Value> known_;
  };
  Cache<uid_t, std::string> user_names_;
  Cache<gid_t, std::string> group_names_;
  Cache<std::string, std::optional<uid_t>> user_ids_;
  Cache<std::string, std::optional<gid_t>> group_ids_;
};

std::string hostname();
// The name of the effective user; its number where it has none.
std::string current_user_name();
// The home of the effective user as the system's accounts have it, whatever HOME says (under
// systemd it may be unset); empty for a user without one.
std::string current_user_home();

}  // namespace hikae::os
