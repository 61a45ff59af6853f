// SPDX-License-Identifier: Apache-2.0
#include "web/folders.h"

#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <system_error>
#include <utility>

#include "base/error.h"
#include "storage/local.h"

namespace hikae::web {
namespace {

constexpr std::chrono::minutes kUnused{5};
// Somebody may ask for any number of names; those in use live on.
constexpr std::size_t kMostEntries = 1024;

std::uint64_t size_of_files_below(const std::string& path, const StopToken& stop) {
  namespace fs = std::filesystem;
  std::uint64_t total = 0;
  std::error_code error;
  fs::recursive_directory_iterator at(path, fs::directory_options::skip_permission_denied, error);
  for (; !error && at != fs::recursive_directory_iterator(); at.increment(error)) {
    throw_if_stopped(stop);
    struct stat status {};
    if (lstat(at->path().c_str(), &status) == 0 && S_ISREG(status.st_mode))
      total += static_cast<std::uint64_t>(status.st_size);
  }
  if (error) throw system_error(error.value(), text("web.count_failed", {{"path", path}}));
  return total;
}

}  // namespace

RepositoryFolders::RepositoryFolders(std::string path, const Clock& clock)
    : path_(std::move(path)), clock_(clock) {
  struct stat status {};
  if (stat(path_.c_str(), &status) != 0 || !S_ISDIR(status.st_mode))
    throw Error(ErrorCode::no_repository, text("web.no_folder", {{"path", path_}}))
        .with_hint(text("web.no_folder_hint", {{"path", path_}}));
  device_ = status.st_dev;
  inode_ = status.st_ino;
}

std::shared_ptr<Backend> RepositoryFolders::open(const std::string& relative) {
  auto entries = entries_.lock();
  if (entries->size() >= kMostEntries) entries->clear();
  Entry& entry = (*entries)[relative];
  if (!entry.backend)
    entry.backend = std::make_shared<LocalBackend>(
        relative.empty() ? path_ : path_ + "/" + relative, AccessMode::read_write);
  entry.used = clock_.steady_now();
  return entry.backend;
}

void RepositoryFolders::forget(const std::string& relative) {
  entries_.lock()->erase(relative);
}

void RepositoryFolders::close_unused() {
  const auto limit = clock_.steady_now() - kUnused;
  auto entries = entries_.lock();
  std::erase_if(*entries, [&](const auto& entry) { return entry.second.used < limit; });
}

void RepositoryFolders::check_same_place() const {
  struct stat status {};
  if (stat(path_.c_str(), &status) == 0 && status.st_dev == device_ && status.st_ino == inode_)
    return;
  throw Error(ErrorCode::not_mounted, text("web.folder_replaced", {{"path", path_}}))
      .with_hint(text("web.folder_replaced_hint"));
}

Quota::Quota(const std::string& path, std::optional<std::uint64_t> limit, const StopToken& stop)
    : limit_(limit), used_(limit ? size_of_files_below(path, stop) : 0) {}

bool Quota::try_reserve(std::uint64_t bytes) {
  if (!limit_) return true;
  auto used = used_.lock();
  if (*used > *limit_ || bytes > *limit_ - *used) return false;
  *used += bytes;
  return true;
}

void Quota::release(std::uint64_t bytes) {
  if (!limit_) return;
  auto used = used_.lock();
  *used -= std::min(*used, bytes);
}

}  // namespace hikae::web
