// SPDX-License-Identifier: Apache-2.0
#include "cli/private_folder.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <filesystem>

#include "base/error.h"
#include "os/files.h"

namespace hikae::cli {
namespace {

constexpr std::string_view kName = "hikae-postgres-";
constexpr int kFolderFlags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW;

// One that was made a moment ago may be locked the next.
bool is_ours_and_old(const os::Fd& folder, const postgres::Server& server, std::int64_t now) {
  constexpr std::int64_t kMoment = 60;
  struct stat status {};
  if (fstat(folder.get(), &status) != 0 || now - status.st_mtime < kMoment) return false;
  return status.st_uid == geteuid() || (server.run_as && status.st_uid == server.run_as->uid);
}

void remove_left_behind(const std::string& place,
                        const postgres::Server& server,
                        std::int64_t now) {
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator(place, ignored)) {
    if (!entry.path().filename().string().starts_with(kName)) continue;
    const os::Fd folder = os::try_open(entry.path().string(), kFolderFlags);
    if (!folder || !is_ours_and_old(folder, server, now) ||
        flock(folder.get(), LOCK_EX | LOCK_NB) != 0)
      continue;
    std::filesystem::remove_all(entry.path(), ignored);
  }
}

}  // namespace

PrivateFolder::PrivateFolder(const std::string& parent,
                             const postgres::Server& server,
                             const Clock& clock)
    : server_(server) {
  const std::string place = parent.empty() ? "/var/tmp" : parent;
  const auto now = std::chrono::floor<std::chrono::seconds>(clock.now()).time_since_epoch();
  remove_left_behind(place, server, now.count());
  path_ = place + "/" + std::string(kName) + "XXXXXX";
  if (mkdtemp(path_.data()) == nullptr) {
    throw system_error(errno, text("os.create_failed", {{"path", path_}}))
        .with_hint(text("cli_postgres.no_space_hint"));
  }
  lock_ = os::open_file(path_, kFolderFlags);
  flock(lock_.get(), LOCK_EX | LOCK_NB);
  give(path_);
}

PrivateFolder::~PrivateFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

void PrivateFolder::give(const std::string& path) const {
  if (!server_.run_as || geteuid() != 0) return;
  if (chown(path.c_str(), server_.run_as->uid, server_.run_as->gid) != 0)
    throw system_error(errno, text("os.create_failed", {{"path", path}}));
}

}  // namespace hikae::cli
