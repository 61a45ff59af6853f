// SPDX-License-Identifier: Apache-2.0
#include "service/unfinished_init.h"

#include "storage/layout.h"

namespace hikae {
namespace {

std::vector<std::string> names_of(Backend& backend, FileType type, const StopToken& stop) {
  std::vector<std::string> names;
  backend.list(
      type, [&](const FileInfo& file) { names.push_back(file.name); }, stop);
  return names;
}

bool holds_only_keys(Backend& backend, const StopToken& stop) {
  try {
    if (backend.size({FileType::config, ""}, stop)) return false;
    for (const FileType type : kAllFileTypes) {
      if (type == FileType::config || type == FileType::key) continue;
      if (!names_of(backend, type, stop).empty()) return false;
    }
    return true;
  } catch (const Error& error) {
    // Not even the folders of a repository: something foreign.
    if (error.code() != ErrorCode::no_repository) throw;
    return false;
  }
}

bool was_written_here(const Bytes& key_file, const Identity& identity) {
  try {
    return format::decode_key_file(as_text(key_file)).hostname == identity.hostname;
  } catch (const Error&) {
    return false;  // not what init writes: files appear whole or not at all
  }
}

struct SavedKey {
  std::string name;
  Bytes content;
};

}  // namespace

UnfinishedInit clear_unfinished_init(Backend& backend,
                                     const Identity& identity,
                                     const StopToken& stop) {
  if (backend.is_empty(stop) || !holds_only_keys(backend, stop)) return UnfinishedInit::none;
  std::vector<SavedKey> keys;
  for (const std::string& name : names_of(backend, FileType::key, stop)) {
    keys.push_back({name, backend.load({FileType::key, name}, stop)});
    if (!was_written_here(keys.back().content, identity)) return UnfinishedInit::none;
  }
  // Something foreign lies there, or only unfinished temporary files of a killed init do.
  if (keys.empty() && backend.remove_leftovers(std::chrono::seconds(0), stop) == 0)
    return UnfinishedInit::none;
  for (const SavedKey& key : keys) backend.remove({FileType::key, key.name}, stop);
  backend.remove_leftovers(std::chrono::seconds(0), stop);
  if (backend.is_empty(stop)) return UnfinishedInit::cleared;
  // There is something that no list shows: not our business, so all is put back.
  for (const SavedKey& key : keys) backend.save({FileType::key, key.name}, key.content, stop);
  return UnfinishedInit::none;
}

}  // namespace hikae
