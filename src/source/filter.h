// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "source/glob.h"

namespace hikae {

enum class LetterCase { sensitive, ignored };

// A pattern and where it comes from, for messages.
struct PatternLine {
  std::string text;
  std::string file;      // empty: not from a file
  std::size_t line = 0;  // from 1
};

// Patterns for excluding and including paths, with restic's rules:
// - A pattern that begins with "/" is matched from the root, any other one at every depth. Each of
//   its components is a Glob; "**" stands for any number of components, none included.
// - A path matches when the pattern covers it or one of its parents: "/home/*/cache" matches
//   "/home/anna/cache/x".
// - "!pattern" takes back what patterns before it matched; the last one that applies decides.
// - LetterCase::ignored compares both sides in lower case.
// - Patterns are cleaned as paths are, so that a "/" at the end means nothing; empty ones are
//   ignored.
// Immutable, so thread-safe.
class PatternList {
 public:
  struct Match {
    bool matched = false;
    // Whether something below the path may match, as far as the path tells: false only when no
    // pattern can. For deciding which folders an include list must enter.
    bool child_may_match = false;
  };

  PatternList() = default;
  // Throws Error{invalid_argument} naming the malformed pattern, with file and line if it has them.
  static PatternList parse(const std::vector<PatternLine>& lines,
                           LetterCase letter_case = LetterCase::sensitive);
  static PatternList parse(const std::vector<std::string>& patterns,
                           LetterCase letter_case = LetterCase::sensitive);

  bool empty() const { return patterns_.empty(); }
  // `path` is cleaned: "/a/b", or "a/b" for one that is not absolute.
  Match match(std::string_view path) const;

  class Folder;

 private:
  using Components = std::span<const std::string_view>;

  struct Pattern {
    bool negated = false;
    bool absolute = false;
    std::size_t part_count = 0;               // restic's count: "/" and each "**" are parts
    std::vector<std::vector<Glob>> segments;  // what stands between the "**"; may be empty

    bool matches(Components path) const;
    // Whether it covers the path itself, not only a parent. REQUIRES: at most one "**".
    bool ends_at(Components path) const;
    bool child_may_match(Components path) const;

   private:
    friend class PatternList;
    bool segment_at(std::size_t segment, Components path, std::size_t at) const;
    bool place(std::size_t segment,
               Components path,
               std::size_t at,
               std::size_t start,
               std::ptrdiff_t skipped) const;
  };

  static Pattern compile(const PatternLine& line, LetterCase letter_case);

  LetterCase letter_case_ = LetterCase::sensitive;
  std::vector<Pattern> patterns_;
  std::size_t negations_end_ = 0;  // behind the last negated pattern
};

// PatternList::match(folder + "/" + name).matched for many names of one folder; what the folder's
// own path decides is decided once. Refers to the list. Not thread-safe.
class PatternList::Folder {
 public:
  Folder(const PatternList& list, std::string_view path);
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  ~Folder() = default;

  bool matches(std::string_view name);

 private:
  const PatternList& list_;
  std::string path_;
  std::vector<std::string_view> components_;  // of path_, and one place for the name
  std::vector<char> folder_matches_;          // by pattern
};

// The lines of a pattern file without white space around them, empty ones and "#" comments left
// out. Variables are not expanded. Throws Error{invalid_argument} when it cannot be read as text.
std::vector<PatternLine> read_pattern_file(const std::string& path);

}  // namespace hikae
