// SPDX-License-Identifier: Apache-2.0
#include "survey/measure.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>

#include <memory>
#include <vector>

#include "base/units.h"
#include "os/fd.h"

namespace hikae::survey {
namespace {

struct Closer {
  void operator()(DIR* folder) const { closedir(folder); }
};

class Counter {
 public:
  Counter(Measure& measure, std::uint64_t limit, dev_t device)
      : measure_(measure), limit_(limit), device_(device) {}

  void count(const std::string& start) {
    std::vector<std::string> waiting{start};
    while (!waiting.empty() && measure_.is_complete) {
      const std::string path = std::move(waiting.back());
      waiting.pop_back();
      const std::unique_ptr<DIR, Closer> folder(opendir(path.c_str()));
      if (!folder) {
        ++measure_.unreadable;
        continue;
      }
      bool is_empty = true;
      // No other thread reads this stream.
      while (const dirent* entry = readdir(folder.get())) {  // NOLINT(concurrency-mt-unsafe)
        const std::string name = entry->d_name;
        if (name == "." || name == "..") continue;
        is_empty = false;
        add(dirfd(folder.get()), name, path, waiting);
        if (!measure_.is_complete) return;
      }
      if (is_empty && path != start) ++measure_.empty_folders;
    }
  }

 private:
  void add(int folder,
           const std::string& name,
           const std::string& path,
           std::vector<std::string>& waiting) {
    if (seen_++ >= limit_) {
      measure_.is_complete = false;
      return;
    }
    struct stat status {};
    if (fstatat(folder, name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) return;
    if (S_ISDIR(status.st_mode)) {
      ++measure_.folders;
      if (status.st_dev == device_) waiting.push_back(path + "/" + name);
      return;
    }
    ++measure_.files;
    if (S_ISREG(status.st_mode)) measure_.bytes += static_cast<std::uint64_t>(status.st_size);
  }

  Measure& measure_;
  std::uint64_t limit_;
  dev_t device_;
  std::uint64_t seen_ = 0;
};

}  // namespace

Measure measure_tree(const std::string& system_path, std::uint64_t limit) {
  Measure measure;
  struct stat status {};
  if (stat(system_path.c_str(), &status) != 0) return measure;
  if (!S_ISDIR(status.st_mode)) {
    measure.files = 1;
    measure.bytes = static_cast<std::uint64_t>(status.st_size);
    return measure;
  }
  Counter(measure, limit, status.st_dev).count(system_path);
  return measure;
}

std::string shown_size(const Measure& measure) {
  return (measure.is_complete ? "" : ">") + format_bytes(measure.bytes);
}

}  // namespace hikae::survey
