// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace hikae {

// The names in an open folder, ascending, without "." and ".."; each is followed by a NUL.
class FolderNames {
 public:
  // Throws Error, not_found also when the folder was removed since it was opened. `path` is for the
  // message.
  FolderNames(int folder, const std::string& path);
  FolderNames(const FolderNames&) = delete;
  FolderNames& operator=(const FolderNames&) = delete;
  ~FolderNames() = default;

  const std::vector<std::string_view>& names() const { return names_; }

 private:
  void append(std::string_view records, std::vector<std::size_t>& starts);

  std::vector<char> bytes_;
  std::vector<std::string_view> names_;
};

}  // namespace hikae
