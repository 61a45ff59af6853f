// SPDX-License-Identifier: Apache-2.0
#include "restore/restore_tree.h"

#include <algorithm>
#include <cstring>

namespace hikae::restore {
namespace {

constexpr std::size_t kChunk = std::size_t{256} * 1024;

}  // namespace

std::string_view TextStore::keep(std::string_view text) {
  const std::size_t length = text.size() + 1;
  if (size_ - used_ < length) {
    size_ = std::max(kChunk, length);
    used_ = 0;
    chunks_.emplace_back(new char[size_]);
  }
  char* place = chunks_.back().get() + used_;
  if (!text.empty()) std::memcpy(place, text.data(), text.size());
  place[text.size()] = '\0';
  used_ += length;
  return {place, text.size()};
}

std::string RestoreTree::path_of(std::uint32_t folder, std::string_view name) const {
  std::vector<std::string_view> parts;
  if (!name.empty()) parts.push_back(name);
  for (; folders[folder].parent != kNone; folder = folders[folder].parent) {
    parts.push_back(folders[folder].name);
  }
  if (parts.empty()) return "/";
  std::string path;
  for (auto part = parts.rbegin(); part != parts.rend(); ++part) {
    path += '/';
    path += *part;
  }
  return path;
}

}  // namespace hikae::restore
