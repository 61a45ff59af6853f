// SPDX-License-Identifier: Apache-2.0
#include "service/verify_manifest.h"

#include <fcntl.h>

#include <algorithm>
#include <atomic>

#include "concurrency/bounded_queue.h"
#include "concurrency/guarded.h"
#include "concurrency/task_group.h"
#include "crypto/crc32c.h"
#include "crypto/hash.h"
#include "os/fd.h"
#include "postgres/manifest.h"

namespace hikae {
namespace {

using postgres::ManifestFile;

constexpr std::size_t kBuffer = std::size_t{1} << 20U;

struct Verification {
  Verification(std::string data, const PassedFiles& known)
      : folder(std::move(data)), written(known) {}
  const std::string folder;
  const PassedFiles& written;
  BoundedQueue<std::vector<ManifestFile>> files{16};
  std::atomic<std::uint64_t> count{0};
  std::atomic<std::uint64_t> bytes{0};
  Guarded<std::vector<RestoreItemError>> errors;
};

// nullopt when it is as it must be.
std::optional<Text> find_difference(const std::string& path,
                                    const ManifestFile& file,
                                    MutableByteView buffer,
                                    const StopToken& stop) {
  const os::Fd opened = os::open_file(path, O_RDONLY);
  Sha256 hash;
  Crc32c sum;
  std::uint64_t size = 0;
  while (const std::size_t part = os::read_some(opened.get(), buffer)) {
    throw_if_stopped(stop);
    if (file.sha256) hash.update(buffer.first(part));
    if (file.crc32c) sum.update(buffer.first(part));
    size += part;
  }
  if (size != file.size) {
    return text("service.manifest_size",
                {{"size", std::to_string(size)}, {"expected", std::to_string(file.size)}});
  }
  const bool same = (!file.sha256 || hash.finish() == *file.sha256) &&
                    (!file.crc32c || sum.value() == *file.crc32c);
  if (!same) return text("service.manifest_content");
  return std::nullopt;
}

void verify_file(Verification& state,
                 const ManifestFile& file,
                 MutableByteView buffer,
                 const StopToken& stop) {
  std::optional<Text> difference;
  try {
    if (!state.written.has(file))
      difference = find_difference(state.folder + "/" + file.path, file, buffer, stop);
  } catch (const Error& error) {
    difference = error.message();
  }
  if (difference) {
    state.errors.lock()->push_back({file.path, *difference});
  } else {
    ++state.count;
    state.bytes += file.size;
  }
}

void verify_files(Verification& state, const StopToken& stop) {
  Bytes buffer(kBuffer);
  while (const auto files = state.files.pop(stop)) {
    for (const ManifestFile& file : *files) verify_file(state, file, buffer, stop);
  }
}

void read_manifest(Verification& state, const StopToken& stop) {
  constexpr std::size_t kMostTogether = 32;
  std::vector<ManifestFile> together;
  postgres::ManifestReader reader([&](const ManifestFile& file) {
    together.push_back(file);
    if (together.size() < kMostTogether) return;
    state.files.push(std::exchange(together, {}), stop);
  });
  const os::Fd opened = os::open_file(state.folder + "/backup_manifest", O_RDONLY);
  Bytes buffer(kBuffer);
  while (const std::size_t part = os::read_some(opened.get(), buffer))
    reader.update(ByteView(buffer).first(part));
  reader.finish();
  if (!together.empty()) state.files.push(std::move(together), stop);
  state.files.close();
}

}  // namespace

ManifestVerification verify_manifest(const std::string& data_directory,
                                     const PassedFiles& written,
                                     std::size_t workers,
                                     const StopToken& stop) {
  Verification state(data_directory, written);
  TaskGroup tasks(stop);
  tasks.spawn("manifest", [&](const StopToken& group) { read_manifest(state, group); });
  for (std::size_t i = 0; i < (workers == 0 ? cpu_count() : workers); ++i)
    tasks.spawn("verify", [&](const StopToken& group) { verify_files(state, group); });
  tasks.join();
  ManifestVerification result;
  result.files = state.count;
  result.bytes = state.bytes;
  result.errors = std::move(*state.errors.lock());
  std::sort(result.errors.begin(),
            result.errors.end(),
            [](const RestoreItemError& a, const RestoreItemError& b) { return a.path < b.path; });
  return result;
}

}  // namespace hikae
