// SPDX-License-Identifier: Apache-2.0
#include "storage/layout.h"

#include "base/id.h"

namespace hikae {

std::string_view folder_of(FileType type) {
  switch (type) {
    case FileType::config:
      return "";
    case FileType::key:
      return "keys";
    case FileType::lock:
      return "locks";
    case FileType::snapshot:
      return "snapshots";
    case FileType::index:
      return "index";
    case FileType::pack:
      return "data";
    case FileType::policy:
      return "hikae/policies";
    case FileType::evidence:
      return "hikae/evidence";
    case FileType::forgotten:
      return "hikae/forgotten";
  }
  return "";
}

std::string folder_of(const FileHandle& file) {
  std::string folder(folder_of(file.type));
  if (file.type == FileType::pack) folder += "/" + file.name.substr(0, 2);
  return folder;
}

bool is_file_name(std::string_view name) {
  std::array<std::uint8_t, 32> ignored{};
  return parse_hex_id(name, ignored);
}

void check_name(const FileHandle& file) {
  const bool good = file.type == FileType::config ? file.name.empty() : is_file_name(file.name);
  if (!good)
    throw Error(ErrorCode::invalid_argument, text("storage.bad_name", {{"name", file.name}}));
}

std::string path_of(const FileHandle& handle) {
  if (handle.type == FileType::config) return "config";
  return folder_of(handle) + "/" + handle.name;
}

}  // namespace hikae
