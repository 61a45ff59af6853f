// SPDX-License-Identifier: Apache-2.0
#include "restore/selection.h"

namespace hikae::restore {

PathSelection::PathSelection(const RestoreOptions& options)
    : include_(PatternList::parse(options.include)),
      include_any_case_(PatternList::parse(options.include_any_case, LetterCase::ignored)),
      exclude_(PatternList::parse(options.exclude)),
      exclude_any_case_(PatternList::parse(options.exclude_any_case, LetterCase::ignored)) {}

PathSelection::Choice PathSelection::choose(const std::string& path, format::NodeType type) const {
  Choice choice;
  if (has_includes()) {
    // Each list decides by itself: a "!pattern" takes back nothing of the other one.
    const PatternList::Match match = include_.match(path);
    const PatternList::Match any_case = include_any_case_.match(path);
    choice = {match.matched || any_case.matched, match.child_may_match || any_case.child_may_match};
  }
  // What is below an excluded folder is excluded, too.
  if (exclude_.match(path).matched || exclude_any_case_.match(path).matched) {
    choice = {false, false};
  }
  if (type != format::NodeType::dir) choice.below_may_be = false;
  return choice;
}

}  // namespace hikae::restore
