// SPDX-License-Identifier: Apache-2.0
#include "storage/memory.h"

#include <algorithm>

#include "base/error.h"
#include "storage/layout.h"

namespace hikae {

MemoryBackend::MemoryBackend(AccessMode mode)
    : mode_(mode), files_(std::make_shared<Guarded<Files>>()) {}

std::unique_ptr<MemoryBackend> MemoryBackend::reopen(AccessMode mode) const {
  auto second = std::make_unique<MemoryBackend>(mode);
  second->files_ = files_;
  return second;
}

void MemoryBackend::refuse_if_read_only() const {
  if (mode_ == AccessMode::read_only)
    throw Error(ErrorCode::read_only, text("storage.opened_read_only", {{"path", location()}}));
}

MemoryBackend::Content MemoryBackend::find(const FileHandle& file) const {
  check_name(file);
  auto files = files_->lock();
  const auto found = files->find({file.type, file.name});
  return found == files->end() ? nullptr : found->second;
}

MemoryBackend::Content MemoryBackend::get(const FileHandle& file) const {
  Content content = find(file);
  if (!content)
    throw Error(ErrorCode::not_found, text("storage.no_such_file", {{"file", path_of(file)}}));
  return content;
}

void MemoryBackend::create_layout(const StopToken& stop) {
  throw_if_stopped(stop);
  refuse_if_read_only();
}

bool MemoryBackend::is_empty(const StopToken& stop) {
  throw_if_stopped(stop);
  return files_->lock()->empty();
}

void MemoryBackend::save(const FileHandle& file,
                         const std::vector<ByteView>& pieces,
                         const StopToken& stop) {
  throw_if_stopped(stop);
  check_name(file);
  refuse_if_read_only();
  auto content = std::make_shared<Bytes>();
  for (const ByteView piece : pieces) append(*content, piece);
  const bool added = files_->lock()->emplace(std::pair(file.type, file.name), content).second;
  if (!added)
    throw Error(ErrorCode::already_exists, text("storage.file_exists", {{"file", path_of(file)}}));
}

Bytes MemoryBackend::load(const FileHandle& file, const StopToken& stop) {
  throw_if_stopped(stop);
  return *get(file);
}

void MemoryBackend::load_range(const FileHandle& file,
                               std::uint64_t offset,
                               MutableByteView out,
                               const StopToken& stop) {
  throw_if_stopped(stop);
  const Content content = get(file);
  if (offset > content->size() || out.size() > content->size() - offset)
    throw Error(ErrorCode::corrupt, text("storage.file_too_short", {{"file", path_of(file)}}));
  std::copy_n(content->begin() + static_cast<std::ptrdiff_t>(offset), out.size(), out.begin());
}

std::optional<std::uint64_t> MemoryBackend::size(const FileHandle& file, const StopToken& stop) {
  throw_if_stopped(stop);
  const Content content = find(file);
  if (!content) return std::nullopt;
  return content->size();
}

void MemoryBackend::list(FileType type,
                         const std::function<void(const FileInfo&)>& visit,
                         const StopToken& stop) {
  throw_if_stopped(stop);
  // Without the lock while visiting, since visitors may call this backend.
  std::vector<FileInfo> found;
  {
    auto files = files_->lock();
    for (auto file = files->lower_bound({type, ""});
         file != files->end() && file->first.first == type;
         ++file)
      found.push_back({file->first.second, file->second->size(), std::nullopt});
  }
  for (const FileInfo& info : found) {
    throw_if_stopped(stop);
    visit(info);
  }
}

void MemoryBackend::remove(const FileHandle& file, const StopToken& stop) {
  throw_if_stopped(stop);
  check_name(file);
  refuse_if_read_only();
  files_->lock()->erase({file.type, file.name});
}

std::size_t MemoryBackend::remove_leftovers(std::chrono::seconds, const StopToken& stop) {
  throw_if_stopped(stop);
  refuse_if_read_only();
  return 0;
}

}  // namespace hikae
