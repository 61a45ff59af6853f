// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "concurrency/guarded.h"
#include "os/fd.h"
#include "storage/backend.h"
#include "storage/location.h"
#include "storage/open_files.h"
#include "storage/pace.h"

namespace hikae {

// A repository in a folder of this machine: a disk or a mounted share.
//
// The folder is opened with the first use and stays open, so that all later calls reach the same
// file system even if something else is mounted there meanwhile; it is opened again only after the
// server of a share has forgotten it (ESTALE). Only create_layout() makes it:
// save() refuses to build a repository beneath an empty mount point. Folders are 0700 and finished
// files 0400; 0770 and 0440 where the repository's config is readable by its group, as restic has
// it.
//
// Errors beyond Backend's: no_repository when the folder does not exist or is none, not_mounted
// when it vanished during the work.
class LocalBackend final : public Backend {
 public:
  // `path` is absolute. Opens nothing yet.
  LocalBackend(std::string path, AccessMode mode);

  std::string location() const override { return path_; }
  std::size_t connections() const override;
  // The disk takes one after the other, and a pack is filled meanwhile.
  std::size_t uploads() const override { return 1; }
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
  Pacing keep_pace(const Paces& paces) override;
  std::optional<Space> space() override;

 private:
  struct Root {
    os::Fd fd;
    mode_t file_mode = 0400;
    mode_t folder_mode = 0700;
  };
  using RootPointer = std::shared_ptr<const Root>;

  // Null when the folder does not exist.
  RootPointer find_root();
  RootPointer root();
  void refuse_if_read_only() const;
  // Throws when the root itself is gone, so that its absence is not taken for a file's.
  void check_not_vanished(const Root& root) const;
  void check_is_repository(const Root& root) const;
  os::Fd folder_for_writing(const Root& root, const FileHandle& file);
  Error unreadable(int error_number, const FileHandle& file) const;
  os::Fd open_for_reading(const FileHandle& file);
  std::uint64_t size_of(int fd, const FileHandle& file) const;
  // Less than out.size() where the file ends before.
  std::size_t read_part(int fd,
                        FileType type,
                        std::uint64_t offset,
                        MutableByteView out,
                        const StopToken& stop) const;
  // Calls `visit` with each folder that holds files of that kind: descriptor and the digits that
  // its names begin with.
  void visit_folders(const Root& root,
                     FileType type,
                     const std::function<void(int folder, const std::string& prefix)>& visit,
                     const StopToken& stop) const;
  Error explained(Error error) const;

  const std::string path_;
  const AccessMode mode_;
  Guarded<RootPointer> root_;
  OpenFiles open_files_;
  Paces paces_;
};

}  // namespace hikae
