// SPDX-License-Identifier: Apache-2.0
#include "postgres/live_clusters.h"

#include <sys/stat.h>

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <optional>

#include "os/acting_user.h"
#include "postgres/server.h"

namespace hikae::postgres {
namespace {

bool is_same_folder(const std::string& a, const std::string& b) {
  struct stat of_a {};
  struct stat of_b {};
  return stat(a.c_str(), &of_a) == 0 && stat(b.c_str(), &of_b) == 0 && of_a.st_dev == of_b.st_dev &&
         of_a.st_ino == of_b.st_ino;
}

std::optional<pid_t> process_number(const std::string& name) {
  pid_t pid = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), pid);
  if (error != std::errc() || end != name.data() + name.size()) return std::nullopt;
  return pid;
}

std::optional<LiveCluster> cluster_of(const std::string& process, pid_t pid) {
  std::error_code failed;
  const std::string folder = std::filesystem::read_symlink(process + "/cwd", failed).string();
  if (failed || !is_same_folder(folder, process + "/cwd")) return std::nullopt;
  const auto version = data_directory_version(folder);
  if (!version) return std::nullopt;
  const auto running = find_postmaster(folder);
  // Its children work in the same folder.
  if (!running || running->pid != pid) return std::nullopt;
  LiveCluster found;
  found.data_directory = folder;
  found.version = *version;
  found.port = running->port;
  struct stat status {};
  if (stat(folder.c_str(), &status) == 0) {
    if (const auto owner = os::find_user_account(status.st_uid)) found.owner = owner->name;
  }
  return found;
}

}  // namespace

std::vector<LiveCluster> find_live_clusters() {
  std::vector<LiveCluster> found;
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator("/proc", ignored)) {
    const auto pid = process_number(entry.path().filename().string());
    if (!pid) continue;
    try {
      if (auto cluster = cluster_of(entry.path().string(), *pid))
        found.push_back(std::move(*cluster));
    } catch (const std::exception&) {  // NOLINT(bugprone-empty-catch): it ended meanwhile
    }
  }
  std::sort(found.begin(), found.end(), [](const LiveCluster& a, const LiveCluster& b) {
    return a.data_directory < b.data_directory;
  });
  return found;
}

}  // namespace hikae::postgres
