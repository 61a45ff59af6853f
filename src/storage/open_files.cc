// SPDX-License-Identifier: Apache-2.0
#include "storage/open_files.h"

namespace hikae {

OpenFiles::File OpenFiles::find(const std::string& path) {
  auto state = state_.lock();
  const auto known = state->by_path.find(path);
  if (known == state->by_path.end()) return nullptr;
  state->entries.splice(state->entries.begin(), state->entries, known->second);
  return known->second->second;
}

OpenFiles::File OpenFiles::add(const std::string& path, OpenFile opened) {
  auto file = std::make_shared<const OpenFile>(std::move(opened));
  auto state = state_.lock();
  // Two threads may have opened the same file; the first one stays.
  const auto known = state->by_path.find(path);
  if (known != state->by_path.end()) return known->second->second;
  state->entries.emplace_front(path, file);
  state->by_path[path] = state->entries.begin();
  if (state->entries.size() > limit_) {
    state->by_path.erase(state->entries.back().first);
    state->entries.pop_back();
  }
  return file;
}

void OpenFiles::forget(const std::string& path) {
  auto state = state_.lock();
  const auto known = state->by_path.find(path);
  if (known == state->by_path.end()) return;
  state->entries.erase(known->second);
  state->by_path.erase(known);
}

}  // namespace hikae
