// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "concurrency/guarded.h"
#include "storage/backend.h"
#include "storage/location.h"

namespace hikae {

// A repository in memory: for tests and dry runs. Gone with its last backend.
class MemoryBackend final : public Backend {
 public:
  explicit MemoryBackend(AccessMode mode = AccessMode::read_write);
  // A second backend on the same files, as another process would open a folder.
  std::unique_ptr<MemoryBackend> reopen(AccessMode mode) const;

  std::string location() const override { return "memory"; }
  std::size_t connections() const override { return 4; }
  void create_layout(const StopToken& stop) override;
  bool is_empty(const StopToken& stop) override;
  using Backend::save;
  void save(const FileHandle& file,
            const std::vector<ByteView>& pieces,
            const StopToken& stop) override;
  Bytes load(const FileHandle& file, const StopToken& stop) override;
  void load_range(const FileHandle& file,
                  std::uint64_t offset,
                  MutableByteView out,
                  const StopToken& stop) override;
  std::optional<std::uint64_t> size(const FileHandle& file, const StopToken& stop) override;
  void list(FileType type,
            const std::function<void(const FileInfo&)>& visit,
            const StopToken& stop) override;
  void remove(const FileHandle& file, const StopToken& stop) override;
  std::size_t remove_leftovers(std::chrono::seconds age, const StopToken& stop) override;

 private:
  using Content = std::shared_ptr<const Bytes>;
  using Files = std::map<std::pair<FileType, std::string>, Content>;

  Content find(const FileHandle& file) const;
  Content get(const FileHandle& file) const;
  void refuse_if_read_only() const;

  AccessMode mode_;
  std::shared_ptr<Guarded<Files>> files_;
};

}  // namespace hikae
