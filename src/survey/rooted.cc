// SPDX-License-Identifier: Apache-2.0
#include "survey/rooted.h"

#include <dirent.h>
#include <sys/stat.h>

#include <algorithm>
#include <memory>

#include "base/error.h"
#include "base/lines.h"
#include "os/files.h"

namespace hikae::survey {
namespace {

constexpr std::size_t kLongestFile = std::size_t{1} << 20U;

}  // namespace

Root::Root(std::string folder) : folder_(without_slash_at_end(std::move(folder))) {
  if (folder_ == "/") folder_.clear();
}

std::string Root::system_path(std::string_view path) const {
  return folder_ + std::string(path);
}

bool Root::exists(std::string_view path) const {
  struct stat status {};
  return stat(system_path(path).c_str(), &status) == 0;
}

bool Root::is_folder(std::string_view path) const {
  struct stat status {};
  return stat(system_path(path).c_str(), &status) == 0 && S_ISDIR(status.st_mode);
}

std::optional<std::string> Root::read(std::string_view path) const {
  const std::string place = system_path(path);
  struct stat status {};
  // Files below /proc are regular and say that they are empty.
  if (stat(place.c_str(), &status) != 0 || !S_ISREG(status.st_mode)) return std::nullopt;
  try {
    const Bytes content = os::read_file(place, kLongestFile);
    return std::string(as_text(content));
  } catch (const Error&) {  // absent is what the caller is told
    return std::nullopt;
  }
}

std::vector<std::string> Root::list(std::string_view path) const {
  struct Closer {
    void operator()(DIR* folder) const { closedir(folder); }
  };
  const std::unique_ptr<DIR, Closer> folder(opendir(system_path(path).c_str()));
  std::vector<std::string> names;
  if (!folder) return names;
  // No other thread reads this stream.
  while (const dirent* entry = readdir(folder.get())) {  // NOLINT(concurrency-mt-unsafe)
    const std::string name = entry->d_name;
    if (name != "." && name != "..") names.push_back(name);
  }
  std::sort(names.begin(), names.end());
  return names;
}

std::string without_slash_at_end(std::string path) {
  while (path.size() > 1 && path.back() == '/') path.pop_back();
  return path;
}

bool lies_in(std::string_view path, std::string_view folder) {
  const std::string inner = without_slash_at_end(std::string(path));
  const std::string outer = without_slash_at_end(std::string(folder));
  return inner == outer || outer == "/" || inner.starts_with(outer + "/");
}

std::vector<std::string> lines_of(std::string_view text) {
  const std::vector<std::string_view> lines = hikae::lines_of(text);
  return {lines.begin(), lines.end()};
}

std::string trimmed(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(" \t");
  if (begin == std::string_view::npos) return "";
  return std::string(text.substr(begin, text.find_last_not_of(" \t") - begin + 1));
}

}  // namespace hikae::survey
