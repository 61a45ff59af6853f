// SPDX-License-Identifier: Apache-2.0
#include <random>
#include <set>
#include <sstream>

#include <gtest/gtest.h>

#include "source/filter.h"
#include "support/stock_restic.h"
#include "unit/source/walk.h"

namespace hikae {
namespace {

using testing::StockRestic;

class Generator {
 public:
  explicit Generator(std::uint32_t seed) : random_(seed) {}

  void create_tree(const std::string& root) {
    for (int i = 0; i < 300; ++i) {
      std::string path = root;
      for (std::size_t depth = 1 + pick(4); depth > 0; --depth) path += "/" + one_of(kNames);
      std::error_code taken;
      if (!std::filesystem::is_directory(path, taken) && parents_are_folders(path, root))
        testing::write_file(path, "");
    }
  }

  std::vector<std::string> patterns(const std::string& root) {
    std::vector<std::string> result;
    for (std::size_t i = 3 + pick(6); i > 0; --i) {
      std::string pattern = pick(4) == 0 ? "!" : "";
      const std::size_t anchor = pick(5);
      if (anchor == 0) pattern += root + "/";
      if (anchor == 1) pattern += root + "/**/";
      for (std::size_t k = 0, count = 1 + pick(3); k < count; ++k)
        pattern += (k > 0 ? "/" : "") + one_of(pick(3) == 0 ? kNames : kParts);
      if (pick(8) == 0) pattern += "/";
      result.push_back(pattern);
    }
    return result;
  }

 private:
  static bool parents_are_folders(const std::string& path, const std::string& root) {
    for (std::filesystem::path at = std::filesystem::path(path).parent_path(); at != root;
         at = at.parent_path()) {
      if (std::filesystem::exists(at) && !std::filesystem::is_directory(at)) return false;
    }
    return true;
  }
  std::size_t pick(std::size_t count) { return std::size_t{random_()} % count; }
  const std::string& one_of(const std::vector<std::string>& list) {
    return list[pick(list.size())];
  }

  const std::vector<std::string> kNames = {
      "a", "b", "ab", "a.c", "b.o", "Cache", "cache", "x1", "日本", "本", "[x]", "a b", "Ａ", "ａ"};
  const std::vector<std::string> kParts = {
      "*",      "**",    "*.c",   "a*",  "*b*", "?",  "??",  "[ab]",   "[^a-c]*", "[一-龠]?",
      "*[0-9]", "\\[x]", "[[]x]", "*.?", "C*e", "**", "a?b", "x[1-3]", "???",     "\\a"};
  std::mt19937 random_;
};

std::string quoted(const std::string& argument) {
  return "'" + argument + "'";
}

std::set<std::string> stored_by_restic(const StockRestic& restic, const std::string& arguments) {
  std::istringstream lines(restic.run("backup --dry-run -vv " + arguments));
  std::set<std::string> stored;
  for (std::string line; std::getline(lines, line);) {
    const std::size_t begin = line.find('/');
    const std::size_t end = line.rfind(", saved in");
    if (line.starts_with("new ") && end != std::string::npos)
      stored.insert(line.substr(begin, end - begin));
  }
  return stored;
}

std::set<std::string> stored_by_us(const FilesOptions& options) {
  std::set<std::string> stored;
  for (const auto& [path, node] : testing::walk(options))
    stored.insert(path + (node.type == format::NodeType::dir ? "/" : ""));
  return stored;
}

TEST(FilterVersusRestic, LeavesOutTheSameFiles) {
  if (!StockRestic::installed()) GTEST_SKIP() << "restic is not installed";
  const StockRestic restic;
  const std::string root = restic.source().string();
  Generator generator(7);
  generator.create_tree(root);
  FilesOptions options;
  options.paths = {root};
  options.allow_empty = AllowEmpty::yes;
  const std::size_t all = stored_by_us(options).size();
  ASSERT_GT(all, 150U);
  std::size_t partial = 0;
  for (int round = 0; round < 14;) {
    const auto patterns = generator.patterns(root);
    const auto letter_case = round % 4 == 3 ? LetterCase::ignored : LetterCase::sensitive;
    // Versions of restic differ on whether a path that was named can be excluded.
    if (PatternList::parse(patterns, letter_case).match(root).matched) continue;
    ++round;
    const bool any_case = letter_case == LetterCase::ignored;
    options.exclude = any_case ? std::vector<std::string>{} : patterns;
    options.exclude_case_insensitive = any_case ? patterns : std::vector<std::string>{};
    std::string arguments = quoted(root);
    for (const std::string& pattern : patterns)
      arguments += (any_case ? " --iexclude=" : " --exclude=") + quoted(pattern);
    const auto ours = stored_by_us(options);
    EXPECT_EQ(ours, stored_by_restic(restic, arguments)) << ::testing::PrintToString(patterns);
    partial += ours.size() < all && ours.size() > all / 20 ? 1 : 0;
  }
  EXPECT_GT(partial, 6U) << "most pattern sets should leave out something but not everything";
}

}  // namespace
}  // namespace hikae
