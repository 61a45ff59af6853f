// SPDX-License-Identifier: Apache-2.0
#include "service/object_lock.h"

#include <algorithm>
#include <charconv>
#include <map>

#include "concurrency/task_group.h"
#include "os/files.h"

namespace hikae {
namespace {

constexpr std::size_t kLargestMemory = std::size_t{256} << 20U;

using Ends = std::map<std::string, Instant>;  // by the path in the repository

// "UNIX-SECONDS PATH" on each line below the repository's id. A line that is none is left out: it
// costs a request.
Ends parse_ends(std::string_view text, const std::string& repository) {
  Ends ends;
  const auto next_line = [&] {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    return line;
  };
  if (next_line() != repository) return ends;
  while (!text.empty()) {
    const std::string_view line = next_line();
    std::int64_t seconds = 0;
    const auto [end, error] = std::from_chars(line.data(), line.data() + line.size(), seconds);
    const auto digits = static_cast<std::size_t>(end - line.data());
    if (error != std::errc() || digits + 1 >= line.size() || line[digits] != ' ') continue;
    ends[std::string(line.substr(digits + 1))] = Instant(std::chrono::seconds(seconds));
  }
  return ends;
}

Ends load_ends(const std::string& memory_file, const std::string& repository) {
  try {
    return parse_ends(as_text(os::read_file(memory_file, kLargestMemory)), repository);
  } catch (const Error&) {
    return {};  // never written, or damaged: see above
  }
}

void save_ends(const std::string& memory_file,
               const std::string& repository,
               const std::vector<LockedFile>& files) {
  std::string out = repository + "\n";
  for (const LockedFile& file : files) {
    const auto seconds =
        std::chrono::floor<std::chrono::seconds>(file.until.time_since_epoch()).count();
    out += std::to_string(seconds) + " " + path_of(file.file) + "\n";
  }
  os::ensure_directory(memory_file.substr(0, memory_file.rfind('/')), 0700);
  os::write_file_durably(memory_file, {as_bytes(out)}, {0600, os::IfExists::replace});
}

// What is needed, each with the end that is known.
std::vector<LockedFile> survey(Repository& repository,
                               const std::unordered_set<PackId>& needed,
                               std::chrono::seconds keep,
                               const Ends& moved,
                               const StopToken& stop) {
  std::vector<LockedFile> files;
  const auto add = [&](const FileHandle& file, std::optional<Instant> stored) {
    Instant until = stored.value_or(Instant()) + keep;
    const auto earlier = moved.find(path_of(file));
    if (earlier != moved.end()) until = std::max(until, earlier->second);
    files.push_back({file, until});
  };
  add({FileType::config, ""}, std::nullopt);
  for (const FileType type : {FileType::key, FileType::index, FileType::pack}) {
    repository.backend().list(
        type,
        [&](const FileInfo& info) {
          if (type == FileType::pack && !needed.contains(*PackId::parse(info.name))) return;
          add({type, info.name}, info.modified);
        },
        stop);
  }
  return files;
}

LockExtensions apply(Backend& backend, std::vector<LockedFile>& plan, const StopToken& stop) {
  Guarded<LockExtensions> result;
  std::atomic<std::size_t> next{0};
  TaskGroup tasks(stop);
  for (std::size_t i = 0; i < std::min(plan.size(), backend.connections()); ++i) {
    tasks.spawn("extend-locks", [&](const StopToken& group) {
      for (std::size_t number = next++; number < plan.size(); number = next++) {
        throw_if_stopped(group);
        try {
          backend.extend_lock(plan[number].file, plan[number].until, group);
          ++result.lock()->extended;
        } catch (const Error& error) {
          plan[number].until = Instant();  // not remembered
          auto found = result.lock();
          ++found->failed;
          if (!found->failure) found->failure = error;
        }
      }
    });
  }
  tasks.join();
  return std::move(*result.lock());
}

}  // namespace

std::vector<LockedFile> plan_lock_extensions(const std::vector<LockedFile>& needed,
                                             std::chrono::seconds keep,
                                             Instant now) {
  std::vector<LockedFile> plan;
  for (const LockedFile& file : needed) {
    if (file.until < now + keep) plan.push_back({file.file, now + keep + keep / 4});
  }
  return plan;
}

LockExtensions extend_object_locks(Repository& repository,
                                   const std::unordered_set<PackId>& needed,
                                   std::chrono::seconds keep,
                                   const std::string& memory_file,
                                   Instant now,
                                   const StopToken& stop) {
  const std::string& id = repository.config().id;
  const std::vector<LockedFile> files =
      survey(repository, needed, keep, load_ends(memory_file, id), stop);
  std::vector<LockedFile> plan = plan_lock_extensions(files, keep, now);
  if (plan.empty()) return {};
  LockExtensions done = apply(repository.backend(), plan, stop);
  std::map<std::string, Instant> ends;
  for (const LockedFile& file : files) ends[path_of(file.file)] = file.until;
  for (LockedFile& file : plan) {
    Instant& end = ends[path_of(file.file)];
    end = std::max(end, file.until);
  }
  std::vector<LockedFile> known = files;
  for (LockedFile& file : known) file.until = ends[path_of(file.file)];
  save_ends(memory_file, id, known);
  return done;
}

}  // namespace hikae
