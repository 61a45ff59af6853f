// SPDX-License-Identifier: Apache-2.0
#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <mutex>

#include "format/time.h"
#include "logs/sink.h"
#include "os/fd.h"
#include "os/files.h"

namespace hikae::logs {
namespace {

constexpr mode_t kFileMode = 0640;
constexpr mode_t kFolderMode = 0750;

// "20261126T020000Z": sorts by time, and is a plain file name.
std::string stamp_of(Instant time) {
  format::Timestamp whole = format::to_timestamp(time);
  whole.nanoseconds = 0;
  std::string stamp = format::to_rfc3339(whole);
  std::erase_if(stamp, [](char c) { return c == '-' || c == ':'; });
  return stamp;
}

bool must_be_durable(const Line& line) {
  return line.severity >= LogLevel::warning || line.event == kRunStarted ||
         line.event == kRunFinished || line.event == kRunStopped;
}

// Held while one line is written or the file is put aside; waits for other processes.
class FolderLock {
 public:
  explicit FolderLock(const os::Fd& file) : number_(file.get()) {
    while (flock(number_, LOCK_EX) != 0) {
      if (errno != EINTR) throw system_error(errno, text("logs.lock_failed"));
    }
  }
  ~FolderLock() { flock(number_, LOCK_UN); }
  FolderLock(const FolderLock&) = delete;
  FolderLock& operator=(const FolderLock&) = delete;

 private:
  int number_;
};

class FileSink final : public Sink {
 public:
  FileSink(std::string folder, const FileLimits& limits)
      : folder_(std::move(folder)), limits_(limits) {}

  void write(const Line& line) override {
    const std::lock_guard guard(mutex_);
    try {
      append(line);
    } catch (Error& error) {
      if (failure_) return;
      error.add_context(text("logs.writing", {{"path", folder_ + "/" + kLogFile}}));
      failure_ = error;
    }
  }

  std::optional<Error> failure() const override {
    const std::lock_guard guard(mutex_);
    return failure_;
  }

 private:
  void append(const Line& line) {
    if (!lock_file_) {
      os::ensure_directory(folder_, kFolderMode);
      lock_file_ = os::open_file(folder_ + "/.lock", O_RDWR | O_CREAT | O_NOFOLLOW, 0600);
    }
    const FolderLock lock(lock_file_);
    // Opened for each line: another process may have put the file aside since the last one.
    os::Fd file = open_current();
    std::string text = encode_line(line) + "\n";
    std::uint64_t size = size_of(file);
    if (size > 0 && size + text.size() > limits_.max_size) {
      put_aside(line.time);
      file = open_current();
      size = 0;
    }
    // A process that was killed, or a full disk, left half a line: the next one must not join it.
    if (size > 0 && !ends_with_newline(file, size)) text.insert(text.begin(), '\n');
    os::write_all(file.get(), as_bytes(text));
    if (must_be_durable(line) && fdatasync(file.get()) != 0 && errno != EINVAL)
      throw system_error(errno, hikae::text("logs.not_durable"));
  }

  os::Fd open_current() const {
    const std::string path = folder_ + "/" + kLogFile;
    os::Fd file = os::try_open(path, O_RDWR | O_APPEND | O_NOFOLLOW);
    if (file) return file;
    if (errno != ENOENT) throw system_error(errno, text("logs.open_failed"));
    file = os::open_file(path, O_RDWR | O_APPEND | O_CREAT | O_NOFOLLOW, kFileMode);
    fchmod(file.get(), kFileMode);  // whatever the umask
    return file;
  }

  static std::uint64_t size_of(const os::Fd& file) {
    struct stat status {};
    if (fstat(file.get(), &status) != 0) throw system_error(errno, text("logs.open_failed"));
    return static_cast<std::uint64_t>(status.st_size);
  }

  static bool ends_with_newline(const os::Fd& file, std::uint64_t size) {
    char last = '\n';
    return pread(file.get(), &last, 1, static_cast<off_t>(size - 1)) != 1 || last == '\n';
  }

  void put_aside(Instant now) const {
    const std::string current = folder_ + "/" + kLogFile;
    std::string aside = current + "." + stamp_of(now);
    // A clock that was set back may give a name that is taken.
    while (access(aside.c_str(), F_OK) == 0) aside += "+";
    if (std::rename(current.c_str(), aside.c_str()) != 0)
      throw system_error(errno, text("logs.rotate_failed", {{"path", current}}));
    std::vector<std::string> files = list_log_files(folder_);
    for (std::size_t i = 0; i + limits_.keep < files.size(); ++i) unlink(files[i].c_str());
    const os::Fd folder = os::open_file(folder_, O_RDONLY | O_DIRECTORY);
    os::sync_folder(folder.get());
  }

  const std::string folder_;
  const FileLimits limits_;
  mutable std::mutex mutex_;
  os::Fd lock_file_;
  std::optional<Error> failure_;
};

}  // namespace

std::vector<std::string> list_log_files(const std::string& folder) {
  std::vector<std::string> names;
  DIR* entries = opendir(folder.c_str());
  if (entries == nullptr) {
    if (errno == ENOENT) return {};
    throw system_error(errno, text("logs.folder_unreadable", {{"path", folder}}));
  }
  const std::string prefix = std::string(kLogFile) + ".";
  bool has_current = false;
  while (const dirent* entry =
             readdir(entries)) {  // NOLINT(concurrency-mt-unsafe): a stream of its own
    const std::string name = entry->d_name;
    if (name.starts_with(prefix)) names.push_back(folder + "/" + name);
    has_current = has_current || name == kLogFile;
  }
  closedir(entries);
  std::sort(names.begin(), names.end());
  if (has_current) names.push_back(folder + "/" + kLogFile);
  return names;
}

std::unique_ptr<Sink> make_file_sink(const std::string& folder, const FileLimits& limits) {
  return std::make_unique<FileSink>(folder, limits);
}

}  // namespace hikae::logs
