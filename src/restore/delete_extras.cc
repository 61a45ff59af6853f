// SPDX-License-Identifier: Apache-2.0
#include "restore/delete_extras.h"

#include <algorithm>

namespace hikae::restore {
namespace {

std::vector<std::string_view> split_names(std::string_view entries) {
  std::vector<std::string_view> names;
  while (!entries.empty()) {
    const std::size_t end = entries.find('\0');
    names.push_back(entries.substr(0, end));
    entries.remove_prefix(end + 1);
  }
  std::sort(names.begin(), names.end());
  return names;
}

void clean_folder(const FolderItem& folder,
                  int at,
                  const std::string& path,
                  const RemoveRules& rules,
                  const StopToken& stop) {
  const std::vector<std::string_view> expected = split_names(folder.entries);
  const std::string prefix = path == "/" ? path : path + "/";
  for (const std::string& name : list_names(at)) {
    if (std::binary_search(expected.begin(), expected.end(), std::string_view(name))) continue;
    remove_item(at, name, prefix + name, rules, stop);
  }
}

}  // namespace

void delete_extras(Context& context,
                   const RestoreTree& tree,
                   Folders& folders,
                   const RemoveRules& rules,
                   const StopToken& stop) {
  for (std::uint32_t number = 0; number < tree.folders.size(); ++number) {
    throw_if_stopped(stop);
    const FolderItem& folder = tree.folders[number];
    // What we made holds nothing else.
    if (folder.state != FolderItem::State::existed || !folder.complete) continue;
    const std::string path = tree.path_of(number);
    try {
      clean_folder(folder, folders.open(number)->fd.get(), path, rules, stop);
    } catch (const Error& error) {
      context.errors.add(path, error.message());
    }
  }
}

}  // namespace hikae::restore
