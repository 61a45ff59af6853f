// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "format/node.h"
#include "restore/pipeline.h"
#include "source/filter.h"

namespace hikae::restore {

// Which paths of a snapshot the patterns of --include, --exclude and their forms
// that ignore case select, by restic's rules. A
// path is selected when a pattern of either include list (or none is given) and no exclude pattern
// matches it. Thread-safe.
class PathSelection {
 public:
  // Throws Error{invalid_argument} for a bad pattern.
  explicit PathSelection(const RestoreOptions& options);

  struct Choice {
    bool selected = true;
    bool below_may_be = true;  // whether something below a folder may be selected
  };
  // `path` begins with "/".
  Choice choose(const std::string& path, format::NodeType type) const;
  bool is_selected(const std::string& path) const {
    return choose(path, format::NodeType::file).selected;
  }
  // False when everything is selected.
  bool is_limited() const { return has_includes() || has_excludes(); }

 private:
  bool has_includes() const { return !include_.empty() || !include_any_case_.empty(); }
  bool has_excludes() const { return !exclude_.empty() || !exclude_any_case_.empty(); }

  PatternList include_;
  PatternList include_any_case_;
  PatternList exclude_;
  PatternList exclude_any_case_;
};

}  // namespace hikae::restore
