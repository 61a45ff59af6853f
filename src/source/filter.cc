// SPDX-License-Identifier: Apache-2.0
#include "source/filter.h"

#include <algorithm>
#include <utility>

#include "base/error.h"
#include "source/paths.h"
#include "source/unicode.h"

namespace hikae {
namespace {

// "/a/b" gives "/", "a", "b".
void split_components(std::string_view path, std::vector<std::string_view>& out) {
  if (path.starts_with('/')) {
    out.push_back(path.substr(0, 1));
    path.remove_prefix(1);
  }
  for (;;) {
    const std::size_t end = std::min(path.find('/'), path.size());
    out.push_back(path.substr(0, end));
    if (end == path.size()) return;
    path.remove_prefix(end + 1);
  }
}

// Patterns that are not absolute never cover the root itself.
std::size_t first_offset(std::span<const std::string_view> path) {
  return !path.empty() && path.front() == "/" ? 1 : 0;
}

Error bad_pattern(const PatternLine& line) {
  Text message =
      line.file.empty()
          ? text("source.bad_pattern", {{"pattern", line.text}})
          : text(
                "source.bad_pattern_in_file",
                {{"pattern", line.text}, {"file", line.file}, {"line", std::to_string(line.line)}});
  return Error(ErrorCode::invalid_argument, std::move(message))
      .with_hint(text("source.bad_pattern_hint"));
}

}  // namespace

PatternList::Pattern PatternList::compile(const PatternLine& line, LetterCase letter_case) {
  const std::string folded =
      letter_case == LetterCase::ignored ? to_lower(line.text) : std::string(line.text);
  Pattern pattern;
  pattern.negated = folded.starts_with('!');
  const std::string cleaned = clean_path(std::string_view(folded).substr(pattern.negated ? 1 : 0));
  std::vector<std::string_view> parts;
  split_components(cleaned, parts);
  pattern.absolute = parts.front() == "/";
  pattern.part_count = parts.size();
  pattern.segments.emplace_back();
  for (const std::string_view part : parts) {
    // The part after the root is empty in the pattern "/", which restic takes for "/**".
    if (part == "**" || part.empty()) {
      pattern.segments.emplace_back();
      continue;
    }
    auto glob = Glob::compile(part);
    if (!glob) throw bad_pattern(line);
    pattern.segments.back().push_back(std::move(*glob));
  }
  return pattern;
}

PatternList PatternList::parse(const std::vector<PatternLine>& lines, LetterCase letter_case) {
  PatternList list;
  list.letter_case_ = letter_case;
  for (const PatternLine& line : lines) {
    if (line.text.empty()) continue;
    list.patterns_.push_back(compile(line, letter_case));
    if (list.patterns_.back().negated) list.negations_end_ = list.patterns_.size();
  }
  return list;
}

PatternList PatternList::parse(const std::vector<std::string>& patterns, LetterCase letter_case) {
  std::vector<PatternLine> lines;
  lines.reserve(patterns.size());
  for (const std::string& pattern : patterns) lines.push_back({pattern, "", 0});
  return parse(lines, letter_case);
}

bool PatternList::Pattern::segment_at(std::size_t segment, Components path, std::size_t at) const {
  const std::vector<Glob>& globs = segments[segment];
  if (at + globs.size() > path.size()) return false;
  for (std::size_t i = globs.size(); i-- > 0;) {
    if (!globs[i].matches(path[at + i])) return false;
  }
  return true;
}

// Tries to put this and the following segments at `at` and behind, any number of components apart.
// `skipped` counts the components that "**" have taken so far. restic lets the n-th "**" take as
// many as the path is longer than the pattern when each "**" behind it takes one; the same limit
// here keeps the same answers for patterns with several.
bool PatternList::Pattern::place(std::size_t segment,
                                 Components path,
                                 std::size_t at,
                                 std::size_t start,
                                 std::ptrdiff_t skipped) const {
  if (!segment_at(segment, path, at)) return false;
  at += segments[segment].size();
  if (segment + 1 == segments.size()) return at > start;
  const std::ptrdiff_t limit = static_cast<std::ptrdiff_t>(path.size() + segment + 1) -
                               static_cast<std::ptrdiff_t>(part_count);
  for (; skipped <= limit && at <= path.size(); ++skipped, ++at) {
    if (place(segment + 1, path, at, start, skipped)) return true;
  }
  return false;
}

bool PatternList::Pattern::matches(Components path) const {
  if (absolute) return place(0, path, 0, 0, 0);
  for (std::size_t start = first_offset(path); start <= path.size(); ++start) {
    if (place(0, path, start, start, 0)) return true;
  }
  return false;
}

bool PatternList::Pattern::ends_at(Components path) const {
  const std::size_t first = first_offset(path);
  const std::size_t tail = segments.back().size();
  if (tail > path.size()) return false;
  const std::size_t tail_at = path.size() - tail;
  if (!segment_at(segments.size() - 1, path, tail_at)) return false;
  if (segments.size() == 1) return absolute ? tail_at == 0 : tail_at >= first;
  const std::size_t head = segments.front().size();
  if (absolute) return head <= tail_at && segment_at(0, path, 0);
  for (std::size_t start = first; start + head <= tail_at; ++start) {
    if (segment_at(0, path, start)) return start < path.size();
  }
  return false;
}

bool PatternList::Pattern::child_may_match(Components path) const {
  if (!absolute) return true;
  const std::size_t known = std::min(path.size(), segments.front().size());
  for (std::size_t i = 0; i < known; ++i) {
    if (!segments.front()[i].matches(path[i])) return false;
  }
  return true;
}

PatternList::Match PatternList::match(std::string_view path) const {
  Match result;
  if (patterns_.empty() || path.empty()) return result;
  const std::string folded = letter_case_ == LetterCase::ignored ? to_lower(path) : std::string();
  std::vector<std::string_view> components;
  split_components(letter_case_ == LetterCase::ignored ? std::string_view(folded) : path,
                   components);
  for (const Pattern& pattern : patterns_) {
    const bool matches = pattern.matches(components);
    if (pattern.negated) {
      result.matched = result.matched && !matches;
      result.child_may_match = result.child_may_match && !matches;
    } else {
      result.matched = result.matched || matches;
      result.child_may_match = result.child_may_match || pattern.child_may_match(components);
    }
  }
  return result;
}

PatternList::Folder::Folder(const PatternList& list, std::string_view path) : list_(list) {
  if (list.empty()) return;
  path_ = list.letter_case_ == LetterCase::ignored ? to_lower(path) : std::string(path);
  if (path_ == "/") {
    components_.push_back(path_);
  } else if (!path_.empty()) {
    split_components(path_, components_);
  }
  for (const Pattern& pattern : list.patterns_) {
    folder_matches_.push_back(pattern.matches(components_) ? 1 : 0);
  }
  components_.emplace_back();
}

bool PatternList::Folder::matches(std::string_view name) {
  if (list_.empty()) return false;
  std::string folded;
  if (list_.letter_case_ == LetterCase::ignored) name = folded = to_lower(name);
  components_.back() = name;
  bool matched = false;
  for (std::size_t i = 0; i < list_.patterns_.size(); ++i) {
    const Pattern& pattern = list_.patterns_[i];
    if (matched && i >= list_.negations_end_) return true;
    // Only a pattern that would change the answer is worth a comparison.
    if (matched != pattern.negated) continue;
    const bool matches =
        folder_matches_[i] != 0 || (pattern.segments.size() <= 2 ? pattern.ends_at(components_)
                                                                 : pattern.matches(components_));
    if (matches) matched = !matched;
  }
  return matched;
}

}  // namespace hikae
