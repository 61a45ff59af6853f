// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/stat.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "source/files_source.h"
#include "source/filter.h"

namespace hikae {

// The rules that leave entries out, compiled. Immutable, so thread-safe.
class Selection {
 public:
  // Throws Error{invalid_argument} for a bad pattern, a bad NAME:HEADER, an unreadable file.
  explicit Selection(const FilesOptions& options);

 private:
  friend class FolderSelection;
  struct Tag {
    std::string name;
    std::string header;  // what its content must begin with; empty: anything
  };

  PatternList patterns_;
  PatternList patterns_any_case_;
  std::vector<Tag> tags_;
  std::optional<std::uint64_t> larger_than_;
  FileSystems file_systems_;
};

// The same for the entries of one folder. Refers to the selection. Not thread-safe.
class FolderSelection {
 public:
  // `path` is absolute and cleaned.
  FolderSelection(const Selection& selection, std::string_view path);

  // Looks for the tag files in the open folder.
  void look_for_tags(int folder);
  // The devices of the folder and of the path that it was reached from, for FileSystems::one.
  void set_devices(dev_t folder, dev_t allowed);

  bool rejects_name(std::string_view name);
  // REQUIRES: look_for_tags() and set_devices() were called.
  bool rejects(std::string_view name, const struct stat& status) const;

 private:
  const Selection& selection_;
  PatternList::Folder patterns_;
  PatternList::Folder patterns_any_case_;
  std::vector<std::string_view> tags_present_;
  dev_t device_ = 0;
  dev_t allowed_device_ = 0;
};

}  // namespace hikae
