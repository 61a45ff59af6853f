// SPDX-License-Identifier: Apache-2.0
#include "restore/selection.h"

namespace hikae::restore {

PathSelection::PathSelection(const RestoreOptions& options)
    : include_(PatternList::parse(options.include)),
      exclude_(PatternList::parse(options.exclude)) {}

PathSelection::Choice PathSelection::choose(const std::string& path, format::NodeType type) const {
  Choice choice;
  if (!include_.empty()) {
    const PatternList::Match match = include_.match(path);
    choice = {match.matched, match.child_may_match};
  }
  // What is below an excluded folder is excluded, too.
  if (!exclude_.empty() && exclude_.match(path).matched) choice = {false, false};
  if (type != format::NodeType::dir) choice.below_may_be = false;
  return choice;
}

}  // namespace hikae::restore
