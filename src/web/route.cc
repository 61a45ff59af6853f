// SPDX-License-Identifier: Apache-2.0
#include "web/route.h"

#include <algorithm>
#include <array>

#include "base/percent.h"
#include "base/utf8.h"
#include "storage/layout.h"

namespace hikae::web {
namespace {

constexpr std::size_t kTargetLimit = 2048;
constexpr std::size_t kFolderLimit = 2;
constexpr std::size_t kNameLimit = 255;  // of Linux's file systems

// Split before decoding, so that an encoded slash stays inside of its name, where it is refused.
std::optional<std::vector<std::string>> segments_of(std::string_view path) {
  std::vector<std::string> segments;
  for (;;) {
    const std::size_t end = std::min(path.find('/'), path.size());
    auto segment = percent_decoded(path.substr(0, end));
    if (!segment) return std::nullopt;
    segments.push_back(std::move(*segment));
    if (end == path.size()) return segments;
    path.remove_prefix(end + 1);
  }
}

bool is_folder_name(std::string_view name) {
  if (name.empty() || name.size() > kNameLimit || name.front() == '.') return false;
  while (!name.empty()) {
    const Character c = first_character(name);
    const bool broken = c.bytes.size() == 1 && static_cast<unsigned char>(c.bytes[0]) >= 0x80;
    if (broken || c.value < 0x20 || (c.value >= 0x7f && c.value < 0xa0) || c.value == '/')
      return false;
    name.remove_prefix(c.bytes.size());
  }
  return true;
}

// How many segments from `at` on spell the folder of a type, and which type.
struct TypeFound {
  FileType type = FileType::config;
  std::size_t segments = 0;
};
TypeFound find_type(const std::vector<std::string>& segments, std::size_t at) {
  const std::string& one = segments[at];
  const std::string two = at + 1 < segments.size() ? one + "/" + segments[at + 1] : std::string();
  for (const FileType type : kAllFileTypes) {
    if (type == FileType::config) continue;
    if (folder_of(type) == one) return {type, 1};
    if (folder_of(type) == two) return {type, 2};
  }
  return {};
}

bool asks_to_create(std::string_view query) {
  while (!query.empty()) {
    const std::size_t end = std::min(query.find('&'), query.size());
    if (query.substr(0, end) == "create=true") return true;
    query.remove_prefix(std::min(end + 1, query.size()));
  }
  return false;
}

}  // namespace

std::optional<Route> parse_route(std::string_view target) {
  if (target.size() > kTargetLimit || !target.starts_with('/')) return std::nullopt;
  const std::size_t question = std::min(target.find('?'), target.size());
  const auto segments = segments_of(target.substr(1, question - 1));
  if (!segments) return std::nullopt;
  Route route;
  route.create = question < target.size() && asks_to_create(target.substr(question + 1));
  for (std::size_t at = 0; at < segments->size(); ++at) {
    const std::string& segment = (*segments)[at];
    const std::size_t left = segments->size() - at - 1;
    if (segment == "config") {
      if (left != 0) return std::nullopt;
      route.kind = Route::Kind::file;
      return route;
    }
    if (const TypeFound found = find_type(*segments, at); found.segments > 0) {
      if (left != found.segments) return std::nullopt;
      route.type = found.type;
      route.name = segments->back();
      route.kind = route.name.empty() ? Route::Kind::list : Route::Kind::file;
      if (route.kind == Route::Kind::file && !is_file_name(route.name)) return std::nullopt;
      return route;
    }
    // The path of a repository ends with a slash, so that its last segment is empty.
    if (left == 0) return segment.empty() ? std::optional(route) : std::nullopt;
    if (route.folders.size() == kFolderLimit || !is_folder_name(segment)) return std::nullopt;
    route.folders.push_back(segment);
  }
  return std::nullopt;
}

std::string folder_path(const Route& route) {
  std::string path;
  for (const std::string& folder : route.folders) path += (path.empty() ? "" : "/") + folder;
  return path;
}

}  // namespace hikae::web
