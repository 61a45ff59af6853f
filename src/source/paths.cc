// SPDX-License-Identifier: Apache-2.0
#include "source/paths.h"

#include <algorithm>

namespace hikae {

std::string clean_path(std::string_view path) {
  const bool absolute = path.starts_with('/');
  std::vector<std::string_view> kept;
  for (std::size_t at = 0; at < path.size();) {
    const std::size_t end = std::min(path.find('/', at), path.size());
    const std::string_view component = path.substr(at, end - at);
    at = end + 1;
    if (component.empty() || component == ".") continue;
    const bool up = component == "..";
    if (up && !kept.empty() && kept.back() != "..") {
      kept.pop_back();
    } else if (!up || !absolute) {
      kept.push_back(component);
    }
  }
  std::string result = absolute ? "/" : "";
  result.reserve(path.size());
  for (std::size_t i = 0; i < kept.size(); ++i) {
    if (i > 0) result += '/';
    result += kept[i];
  }
  return result.empty() ? "." : result;
}

std::string join_path(std::string_view folder, std::string_view name) {
  std::string joined;
  joined.reserve(folder.size() + 1 + name.size());
  joined.append(folder).append("/").append(name);
  // An empty folder must not make the path absolute.
  return clean_path(folder.empty() ? name : std::string_view(joined));
}

std::string absolute_path(std::string_view working_directory, std::string_view path) {
  return path.starts_with('/') ? clean_path(path) : join_path(working_directory, path);
}

std::string_view parent_path(std::string_view path) {
  const std::size_t slash = path.rfind('/');
  if (slash == std::string_view::npos) return ".";
  return slash == 0 ? path.substr(0, 1) : path.substr(0, slash);
}

std::string_view base_name(std::string_view path) {
  const std::size_t slash = path.rfind('/');
  return slash == std::string_view::npos || path.size() == 1 ? path : path.substr(slash + 1);
}

}  // namespace hikae
