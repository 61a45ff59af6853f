// SPDX-License-Identifier: Apache-2.0
#include "maintenance/verify_files.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "base/units.h"
#include "concurrency/guarded.h"
#include "concurrency/task_group.h"
#include "crypto/hash.h"
#include "storage/layout.h"

namespace hikae {
namespace {

constexpr std::size_t kPart = kMiB;

struct Task {
  FileHandle file;
  std::uint64_t size = 0;
};

// Folder by folder, as they lie on the disk.
std::vector<Task> list_all(Backend& backend, VerifyProgress& progress, const StopToken& stop) {
  std::vector<Task> tasks;
  for (const FileType type : kAllFileTypes) {
    if (type == FileType::config) continue;
    backend.list(
        type,
        [&](const FileInfo& file) {
          tasks.push_back({{type, file.name}, file.size});
          ++progress.files_total;
          progress.bytes_total += file.size;
        },
        stop);
  }
  return tasks;
}

Digest hash_of(Backend& backend,
               const Task& task,
               Bytes& buffer,
               VerifyProgress& progress,
               const StopToken& stop) {
  Sha256 hash;
  for (std::uint64_t done = 0; done < task.size;) {
    const auto part =
        MutableByteView(buffer).first(std::min<std::uint64_t>(buffer.size(), task.size - done));
    backend.load_range(task.file, done, part, stop);
    hash.update(part);
    done += part.size();
    progress.bytes += part.size();
  }
  return hash.finish();
}

// nullopt for a file that is as it should be, or that has gone.
std::optional<BadFile> look_at(Backend& backend,
                               const Task& task,
                               Bytes& buffer,
                               VerifyProgress& progress,
                               const StopToken& stop) {
  const std::string path = path_of(task.file);
  try {
    const Digest hash = hash_of(backend, task, buffer, progress, stop);
    if (hash.hex() == task.file.name) return std::nullopt;
    return BadFile{path,
                   BadFile::Problem::hash_differs,
                   text("maintenance.file_hash_differs", {{"path", path}, {"hash", hash.hex()}})};
  } catch (const Error& error) {
    if (error.code() == ErrorCode::not_found) return std::nullopt;
    if (error.code() == ErrorCode::not_mounted) throw;
    return BadFile{path,
                   BadFile::Problem::unreadable,
                   text("maintenance.file_unreadable",
                        {{"path", path}, {"reason", render(error, Language::en)}})};
  }
}

}  // namespace

VerifyReport verify_files(Backend& backend, VerifyProgress& progress, const StopToken& stop) {
  const std::vector<Task> tasks = list_all(backend, progress, stop);
  std::atomic<std::size_t> next{0};
  Guarded<std::vector<BadFile>> bad;
  TaskGroup workers(stop);
  const std::size_t count = std::min(cpu_count(), backend.connections());
  for (std::size_t i = 0; i < count; ++i) {
    workers.spawn("verify", [&](const StopToken& group) {
      Bytes buffer(kPart);
      for (std::size_t at = next++; at < tasks.size(); at = next++) {
        if (auto found = look_at(backend, tasks[at], buffer, progress, group))
          bad.lock()->push_back(std::move(*found));
        ++progress.files;
      }
    });
  }
  workers.join();
  VerifyReport report;
  report.files = progress.files;
  report.bytes = progress.bytes;
  report.bad = std::move(*bad.lock());
  std::sort(report.bad.begin(), report.bad.end(), [](const BadFile& a, const BadFile& b) {
    return a.path < b.path;
  });
  return report;
}

}  // namespace hikae
