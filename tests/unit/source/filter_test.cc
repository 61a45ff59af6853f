// SPDX-License-Identifier: Apache-2.0
#include "source/filter.h"

#include <random>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "support/temp_dir.h"

namespace hikae {
namespace {

using ::testing::HasSubstr;

struct Case {
  std::vector<std::string> patterns;
  std::string path;
  bool matched;
  bool child_may_match;
};

void check(const std::vector<Case>& cases, LetterCase letter_case = LetterCase::sensitive) {
  for (const Case& test : cases) {
    const PatternList list = PatternList::parse(test.patterns, letter_case);
    const auto result = list.match(test.path);
    std::string shown;
    for (const std::string& pattern : test.patterns) shown += pattern + " ";
    EXPECT_EQ(result.matched, test.matched) << shown << "on " << test.path;
    EXPECT_EQ(result.child_may_match, test.child_may_match) << shown << "on " << test.path;
  }
}

TEST(PatternList, MatchesWholeComponentsAtAnyDepth) {
  check({
      {{}, "/a", false, false},
      {{""}, "/a", false, false},
      {{"cache"}, "/home/anna/cache", true, true},
      {{"cache"}, "/home/anna/cache/x/y", true, true},
      {{"cache"}, "/home/anna/caches", false, true},
      {{"cache"}, "/home/anna/my-cache", false, true},
      {{"anna/cache"}, "/home/anna/cache/x", true, true},
      {{"anna/cache"}, "/home/anna/x/cache", false, true},
      {{"*.o"}, "/src/deep/main.o", true, true},
      {{"*.o"}, "/src/deep/main.c", false, true},
      {{"s*/main.o"}, "/src/main.o", true, true},
      {{"s*/main.o"}, "/src/deep/main.o", false, true},
      {{"*"}, "/a", true, true},
      {{"?"}, "/ab/c", true, true},
      {{"[uU]ser"}, "/home/User", true, true},
      {{"a/b"}, "a/b", true, true},
      {{"b"}, "a/b/c", true, true},
      {{"/a"}, "a/b", false, false},
      {{"a/b"}, "/b", false, true},
  });
}

TEST(PatternList, AnchorsAbsolutePatternsAtTheRoot) {
  check({
      {{"/bin"}, "/bin/sh", true, true},
      {{"/bin"}, "/usr/bin/sh", false, false},
      {{"/home/*/cache"}, "/home", false, true},
      {{"/home/*/cache"}, "/home/anna", false, true},
      {{"/home/*/cache"}, "/home/anna/docs", false, false},
      {{"/home/*/cache"}, "/home/anna/cache/x", true, true},
      {{"/home/*/cache"}, "/srv", false, false},
      {{"/home/*"}, "/home", false, true},
      {{"/home/"}, "/home", true, true},
      {{"/home//anna/../otto"}, "/home/otto", true, true},
      {{"/home/./anna"}, "/home/anna", true, true},
      {{"/*/x"}, "/a/x", true, true},
      {{"/"}, "/anything", true, true},
  });
}

TEST(PatternList, LetsTwoStarsStandForAnyNumberOfFolders) {
  check({
      {{"foo/**/bar"}, "/dir1/foo/dir2/bar/file", true, true},
      {{"foo/**/bar"}, "/foo/bar/file", true, true},
      {{"foo/**/bar"}, "/tmp/foo/bar", true, true},
      {{"foo/**/bar"}, "/tmp/foo/a/b/c/bar", true, true},
      {{"foo/**/bar"}, "/tmp/bar/foo", false, true},
      {{"/srv/**/target"}, "/srv/a/b/target", true, true},
      {{"/srv/**/target"}, "/srv/a/b", false, true},
      {{"/srv/**/target"}, "/home/a/target", false, false},
      {{"/srv/**"}, "/srv", true, true},
      {{"/srv/**"}, "/srv/x", true, true},
      {{"**"}, "/x", true, true},
      {{"**/x"}, "/x", true, true},
      {{"**/x"}, "/a/b/x", true, true},
      {{"a/**"}, "/q/a", true, true},
      {{"a**b"}, "/a/b", false, true},
      {{"a**b"}, "/axb", true, true},
      {{"a/**/b/**/c"}, "/a/x/b/c", true, true},
      {{"a/**/b/**/c"}, "/a/b/c", true, true},
      {{"a/**/b/**/c"}, "/z/a/1/2/b/3/c/d", true, true},
      {{"a/**/b/**/c"}, "/a/c/b", false, true},
      // restic's own limit for several "**" in an anchored pattern: it does not see the first one
      // expand where the path has no room for the second.
      {{"/a/**/b/**/c"}, "/a/x/b/c", false, true},
      {{"/a/**/b/**/c"}, "/a/x/b/c/d", true, true},
      {{"/a/**/b/**/c"}, "/a/x/b/y/c", true, true},
  });
}

TEST(PatternList, TakesBackInTheOrderGiven) {
  check({
      {{"!x", "x"}, "/x", true, true},
      {{"x", "!x"}, "/x", false, false},
      {{"x", "!x", "x"}, "/x", true, true},
      {{"/home/*", "!/home/anna"}, "/home/otto", true, true},
      {{"/home/*", "!/home/anna"}, "/home/anna", false, false},
      {{"/home/*", "!/home/anna", "*.o"}, "/home/anna/a.o", true, true},
      {{"/home/*", "!/home/anna", "*.o"}, "/home/anna/a.c", false, true},
      {{"*.o", "!/src/**/keep.o"}, "/src/a/b/keep.o", false, false},
      {{"*.o", "!/src/**/keep.o"}, "/src/a/b/drop.o", true, true},
      {{"!!x"}, "/x", false, false},
      {{"!x"}, "/x", false, false},
  });
}

TEST(PatternList, IgnoresLetterCaseOnRequest) {
  check(
      {
          {{"*.JPG"}, "/Photos/a.jpg", true, true},
          {{"*.jpg"}, "/Photos/A.JPG", true, true},
          {{"/photos"}, "/PHOTOS/x", true, true},
          {{"ＤＡＴＡ"}, "/ｄａｔａ", true, true},
          {{"ÄRGER"}, "/ärger", true, true},
          {{"[A-C]"}, "/b", true, true},
      },
      LetterCase::ignored);
  check({{{"*.JPG"}, "/a.jpg", false, true}});
}

TEST(PatternList, NamesTheMalformedPattern) {
  try {
    PatternList::parse(std::vector<std::string>{"ok", "a/[b/c"});
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::invalid_argument);
    EXPECT_THAT(render(error, Language::en), HasSubstr("a/[b/c"));
    EXPECT_TRUE(error.hint());
  }
  EXPECT_THROW(PatternList::parse(std::vector<std::string>{"!x/**/["}), Error);
  EXPECT_THROW(PatternList::parse(std::vector<std::string>{"x\\"}, LetterCase::ignored), Error);
}

TEST(PatternFile, HoldsOnePatternALine) {
  const testing::TempDir folder;
  const std::string file = folder / "patterns";
  testing::write_file(
      file, "\xef\xbb\xbf# comment\r\n\n  *.o \t\r\n#x\n$HOME/$$x\n\u3000\n!foo bar\nend");
  const std::vector<PatternLine> lines = read_pattern_file(file);
  ASSERT_EQ(lines.size(), 4U);
  EXPECT_EQ(lines[0].text, "*.o");
  EXPECT_EQ(lines[0].line, 3U);
  EXPECT_EQ(lines[1].text, "$HOME/$$x");
  EXPECT_EQ(lines[2].text, "!foo bar");
  EXPECT_EQ(lines[3].text, "end");
  EXPECT_EQ(lines[3].line, 8U);
}

TEST(PatternFile, IsNamedWithItsLineInErrors) {
  const testing::TempDir folder;
  const std::string file = folder / "patterns";
  testing::write_file(file, "fine\n\n[bad\n");
  try {
    PatternList::parse(read_pattern_file(file));
    FAIL();
  } catch (const Error& error) {
    const std::string message = render(error, Language::en);
    EXPECT_THAT(message, HasSubstr("[bad"));
    EXPECT_THAT(message, HasSubstr(file + ", line 3"));
  }
  for (const std::string& unusable : {folder / "missing", folder.path().string()}) {
    try {
      read_pattern_file(unusable);
      FAIL();
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::invalid_argument);
      EXPECT_THAT(render(error, Language::en), HasSubstr(unusable));
    }
  }
  testing::write_file(file, std::string("\xff\xfe*\0", 4));
  EXPECT_THROW(read_pattern_file(file), Error);
}

// The form for folders must answer as the plain one does, for any patterns and paths.
TEST(PatternListFolder, AgreesWithMatch) {
  std::mt19937 random(20240229);
  const auto pick = [&](std::size_t count) { return std::size_t{random()} % count; };
  const std::vector<std::string> parts = {"a", "b", "A", "*", "**", "a*", "*b", "?", "[ab]", "ab"};
  const std::vector<std::string> names = {"a", "b", "ab", "ba", "A", "c"};
  std::size_t matches = 0;
  for (int round = 0; round < 3000; ++round) {
    std::vector<std::string> patterns;
    for (std::size_t i = 0; i <= pick(4); ++i) {
      std::string pattern = pick(4) == 0 ? "!" : "";
      if (pick(3) == 0) pattern += "/";
      for (std::size_t k = 0; k <= pick(4); ++k) pattern += (k > 0 ? "/" : "") + parts[pick(10)];
      patterns.push_back(pattern);
    }
    const LetterCase letter_case = pick(4) == 0 ? LetterCase::ignored : LetterCase::sensitive;
    const PatternList list = PatternList::parse(patterns, letter_case);
    std::string folder_path;
    for (std::size_t i = 0; i < pick(5); ++i) folder_path += "/" + names[pick(6)];
    if (folder_path.empty()) folder_path = "/";
    PatternList::Folder folder(list, folder_path);
    for (const std::string& name : names) {
      const std::string path = (folder_path == "/" ? "" : folder_path) + "/" + name;
      const bool expected = list.match(path).matched;
      matches += expected ? 1 : 0;
      ASSERT_EQ(folder.matches(name), expected)
          << path << " " << ::testing::PrintToString(patterns);
    }
  }
  EXPECT_GT(matches, 3000U);
}

}  // namespace
}  // namespace hikae
