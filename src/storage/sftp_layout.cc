// SPDX-License-Identifier: Apache-2.0
// The folders of a repository on an SFTP server: made, listed and cleaned.
#include <algorithm>
#include <array>
#include <utility>

#include "base/clock.h"
#include "base/error.h"
#include "storage/layout.h"
#include "storage/local_folders.h"
#include "storage/sftp.h"
#include "storage/sftp_files.h"

namespace hikae {

using net::SftpSession;
using net::sftp::Entry;
using Answer = SftpSession::Answer;

namespace {

constexpr std::uint32_t kFolderMode = 0700;
// Listed at once: many for the sake of distant servers, few for those that allow few open folders.
constexpr std::size_t kFoldersAtOnce = 32;

constexpr std::array<std::string_view, 5> kLayout = {"data", "keys", "locks", "snapshots", "index"};
constexpr std::string_view kOwnFolder = "hikae";
// What file systems, Synology and QNAP put into the root of a share by themselves.
constexpr std::array<std::string_view, 7> kNotOurs = {
    "lost+found", "@eaDir", "#recycle", "#snapshot", "@Recycle", ".@__thumb", "@Recently-Snapshot"};

template <std::size_t N>
bool contains(const std::array<std::string_view, N>& names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

std::string two_digits(unsigned number) {
  const auto byte = static_cast<std::uint8_t>(number);
  return to_hex({&byte, 1});
}

std::size_t folders_at_once(const SftpSession& session) {
  return std::clamp<std::size_t>(session.open_handles() / 4, 1, kFoldersAtOnce);
}

// "/a", "/a/b", "/a/b/c"
std::vector<std::string> prefixes_of(const std::string& path) {
  std::vector<std::string> prefixes;
  for (std::size_t end = path.find('/', 1); end != std::string::npos; end = path.find('/', end + 1))
    prefixes.push_back(path.substr(0, end));
  prefixes.push_back(path);
  return prefixes;
}

// True when these folders hold nothing, or only empty folders down to `depth` levels.
bool hold_nothing(SftpSession& session, std::vector<std::string> paths, int depth) {
  std::vector<std::string> below;
  while (!paths.empty()) {
    const std::size_t count = std::min(paths.size(), folders_at_once(session));
    const std::vector<std::string> some(paths.end() - static_cast<std::ptrdiff_t>(count),
                                        paths.end());
    paths.resize(paths.size() - count);
    const auto listed = sftp_files::read_folders(session, some);
    for (std::size_t i = 0; i < some.size(); ++i) {
      if (!listed[i]) continue;
      for (const Entry& entry : *listed[i]) {
        if (contains(kNotOurs, entry.name)) continue;
        if (depth == 0 || !net::sftp::is_folder(entry.attributes)) return false;
        below.push_back(some[i] + "/" + entry.name);
      }
    }
  }
  return below.empty() || hold_nothing(session, std::move(below), depth - 1);
}

}  // namespace

void SftpBackend::create_layout(const StopToken& stop) {
  throw_if_stopped(stop);
  refuse_if_read_only();
  try {
    const auto connection = connections_.acquire(stop);
    SftpSession& session = connection->session;
    // From above, since each needs the one before. What stands above a chroot or belongs to others
    // exists and cannot be made.
    for (const std::string& prefix : prefixes_of(options_.path)) {
      if (!session.wait(session.stat(prefix)).is_ok())
        sftp_files::make_folders(session, {prefix}, kFolderMode);
    }
    std::vector<std::string> folders;
    for (const std::string_view folder : kLayout) folders.push_back(full_path(std::string(folder)));
    sftp_files::make_folders(session, folders, kFolderMode);
    folders.clear();
    for (unsigned i = 0; i < 256; ++i) folders.push_back(full_path("data/" + two_digits(i)));
    sftp_files::make_folders(session, folders, kFolderMode);
    sftp_files::sync_folder(session, full_path("data"));
    sftp_files::sync_folder(session, options_.path);
  } catch (Error& error) {
    throw explained(std::move(error));
  }
}

bool SftpBackend::is_empty(const StopToken& stop) {
  throw_if_stopped(stop);
  try {
    const auto connection = connections_.acquire(stop);
    SftpSession& session = connection->session;
    const auto root = sftp_files::read_folders(session, {options_.path});
    if (!root[0]) return true;
    std::vector<std::string> ours;
    for (const Entry& entry : *root[0]) {
      if (contains(kNotOurs, entry.name)) continue;
      // A layout without files is what an interrupted init leaves.
      if (entry.name != kOwnFolder && !contains(kLayout, entry.name)) return false;
      ours.push_back(full_path(entry.name));
    }
    return ours.empty() || hold_nothing(session, std::move(ours), 1);
  } catch (Error& error) {
    throw explained(std::move(error));
  }
}

std::vector<std::string> SftpBackend::folders_of(FileType type) {
  const std::string folder(folder_of(type));
  if (type != FileType::pack) return {folder};
  std::vector<std::string> folders;
  for (unsigned i = 0; i < 256; ++i) folders.push_back(folder + "/" + two_digits(i));
  return folders;
}

void SftpBackend::visit_folders(
    FileType type,
    const std::function<void(const std::string& folder, std::vector<Entry>& entries)>& visit,
    const StopToken& stop) {
  const std::vector<std::string> folders = folders_of(type);
  bool any = false;
  for (std::size_t begin = 0; begin < folders.size();) {
    std::vector<std::optional<std::vector<Entry>>> listed;
    std::size_t count = 0;
    try {
      // A visitor may call the backend: it must not hold what such a call waits for.
      const auto connection = connections_.acquire(stop);
      count = std::min(folders.size() - begin, folders_at_once(connection->session));
      std::vector<std::string> paths;
      for (std::size_t i = 0; i < count; ++i) paths.push_back(full_path(folders[begin + i]));
      listed = sftp_files::read_folders(connection->session, paths);
      for (const auto& entries : listed) any = any || entries;
      if (!any && begin + count == folders.size()) check_is_repository(*connection);
    } catch (Error& error) {
      throw explained(std::move(error));
    }
    for (std::size_t i = 0; i < count; ++i) {
      if (listed[i]) visit(folders[begin + i], *listed[i]);
    }
    begin += count;
  }
}

std::optional<FileInfo> SftpBackend::info_of(const std::string& folder,
                                             const Entry& entry,
                                             const std::string& name,
                                             const StopToken& stop) {
  net::sftp::Attributes attributes = entry.attributes;
  // A link is listed as one; some servers tell less in a listing than when asked.
  if (!net::sftp::is_regular_file(attributes) || !attributes.size) {
    if (net::sftp::is_folder(attributes)) return std::nullopt;
    const std::string path = folder.empty() ? entry.name : folder + "/" + entry.name;
    const auto connection = connections_.acquire(stop);
    const Answer status = connection->session.wait(connection->session.stat(full_path(path)));
    // Removed since the folder was read.
    if (sftp_files::is_missing(status)) return std::nullopt;
    if (!status.is_ok())
      throw explained(
          sftp_files::status_error(status, text("storage.open_failed", {{"file", path}})));
    attributes = status.attributes;
    if (net::sftp::is_folder(attributes) || !attributes.size) return std::nullopt;
  }
  FileInfo info{name, *attributes.size, std::nullopt};
  if (attributes.modified) info.modified = Instant(std::chrono::seconds(*attributes.modified));
  return info;
}

void SftpBackend::list(FileType type,
                       const std::function<void(const FileInfo&)>& visit,
                       const StopToken& stop) {
  throw_if_stopped(stop);
  const auto visit_folder = [&](const std::string& folder, std::vector<Entry>& entries) {
    for (const Entry& entry : entries) {
      throw_if_stopped(stop);
      const bool is_config = type == FileType::config && entry.name == "config";
      // A pack in another's folder could not be loaded by its name.
      const bool is_ours = type != FileType::config && is_file_name(entry.name) &&
                           folder == folder_of(FileHandle{type, entry.name});
      if (!is_config && !is_ours) continue;
      if (const auto info = info_of(folder, entry, is_config ? "" : entry.name, stop)) visit(*info);
    }
  };
  visit_folders(type, visit_folder, stop);
}

std::size_t SftpBackend::remove_leftovers(std::chrono::seconds age, const StopToken& stop) {
  throw_if_stopped(stop);
  refuse_if_read_only();
  const Instant limit = SystemClock().now() - age;
  std::size_t removed = 0;
  const auto clean = [&](const std::string& folder, std::vector<Entry>& entries) {
    for (const Entry& entry : entries) {
      const bool old = entry.attributes.modified &&
                       Instant(std::chrono::seconds(*entry.attributes.modified)) < limit;
      if (!old || !is_temporary_name(entry.name) || !net::sftp::is_regular_file(entry.attributes))
        continue;
      const std::string path = folder.empty() ? entry.name : folder + "/" + entry.name;
      const auto connection = connections_.acquire(stop);
      if (connection->session.wait(connection->session.remove(full_path(path))).is_ok()) ++removed;
    }
  };
  for (const FileType type : kAllFileTypes) visit_folders(type, clean, stop);
  return removed;
}

}  // namespace hikae
