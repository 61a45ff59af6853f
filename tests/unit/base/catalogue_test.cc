// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <set>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/text.h"

namespace hikae {
namespace {

std::multiset<std::string> placeholders(std::string_view sentence) {
  std::multiset<std::string> names;
  for (std::size_t at = sentence.find('{'); at != std::string_view::npos;
       at = sentence.find('{', at + 1)) {
    const std::size_t close = sentence.find('}', at);
    if (close == std::string_view::npos) return {"unclosed"};
    const std::string_view placeholder = sentence.substr(at + 1, close - at - 1);
    names.emplace(placeholder.substr(0, placeholder.find('|')));  // "count|file|files" is the count
  }
  return names;
}

std::set<std::string> distinct(const std::multiset<std::string>& names) {
  return {names.begin(), names.end()};
}

TEST(Catalogue, HasBothLanguagesForEachKeyOnce) {
  std::set<std::string_view> keys;
  ASSERT_FALSE(catalogue().empty());
  for (const CatalogueEntry& entry : catalogue()) {
    EXPECT_TRUE(keys.insert(entry.key).second) << entry.key << " stands there twice";
    EXPECT_FALSE(entry.en.empty()) << entry.key;
    EXPECT_FALSE(entry.ja.empty()) << entry.key;
  }
}

TEST(Catalogue, HasTheSamePlaceholdersInBothLanguages) {
  for (const CatalogueEntry& entry : catalogue()) {
    EXPECT_EQ(distinct(placeholders(entry.en)), distinct(placeholders(entry.ja))) << entry.key;
  }
}

// Letters of the Latin alphabet outside {placeholders}.
bool has_latin_words(std::string_view sentence) {
  bool in_placeholder = false;
  for (const char c : sentence) {
    if (c == '{') in_placeholder = true;
    if (c == '}') in_placeholder = false;
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    if (letter && !in_placeholder) return true;
  }
  return false;
}

TEST(Catalogue, JapaneseIsWrittenInJapanese) {
  for (const CatalogueEntry& entry : catalogue()) {
    // What is only names, numbers and layout ("{a} / {b}") needs no Japanese word.
    if (entry.en == entry.ja || !has_latin_words(entry.ja)) continue;
    EXPECT_TRUE(std::any_of(entry.ja.begin(),
                            entry.ja.end(),
                            [](char c) { return static_cast<unsigned char>(c) >= 0x80; }))
        << entry.key << ": " << entry.ja;
  }
}

TEST(Catalogue, TurnsEscapesIntoLineBreaks) {
  for (const CatalogueEntry& entry : catalogue()) {
    EXPECT_EQ(entry.en.find("\\n"), std::string_view::npos) << entry.key;
    EXPECT_EQ(entry.ja.find("\\n"), std::string_view::npos) << entry.key;
  }
}

}  // namespace
}  // namespace hikae
