// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "source/files_source.h"

namespace hikae::testing {

class CollectedErrors final : public ItemErrorSink {
 public:
  void report(ItemError error) override {
    const std::lock_guard lock(mutex_);
    errors.push_back(std::move(error));
  }
  std::vector<ItemError> errors;

 private:
  std::mutex mutex_;
};

inline void walk(SourceDirectory& folder,
                 const std::string& prefix,
                 ItemErrorSink& errors,
                 std::map<std::string, format::Node>& out) {
  for (const SourceEntry& entry : folder.read(errors)) {
    const std::string path = prefix + "/" + entry.node.name;
    out[path] = entry.node;
    if (entry.node.type == format::NodeType::dir)
      walk(*folder.open_directory(entry), path, errors, out);
  }
}

// All nodes of the snapshot by their path in it.
inline std::map<std::string, format::Node> walk(Source& source, ItemErrorSink& errors) {
  std::map<std::string, format::Node> nodes;
  walk(*source.open_root(), "", errors, nodes);
  return nodes;
}

inline std::map<std::string, format::Node> walk(const FilesOptions& options) {
  CollectedErrors errors;
  const auto source = make_files_source(options);
  return walk(*source, errors);
}

// The paths of the snapshot below `below`, without it and its "/".
inline std::vector<std::string> names_below(const std::map<std::string, format::Node>& nodes,
                                            const std::string& below = "") {
  std::vector<std::string> names;
  for (const auto& [path, node] : nodes) {
    if (path.starts_with(below + "/")) names.push_back(path.substr(below.size() + 1));
  }
  return names;
}

}  // namespace hikae::testing
