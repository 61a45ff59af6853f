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
    names.emplace(sentence.substr(at + 1, close - at - 1));
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

TEST(Catalogue, JapaneseIsWrittenInJapanese) {
  for (const CatalogueEntry& entry : catalogue()) {
    // Sentences that are names, numbers or layout only ("{a}: {b}") may be the same in both.
    if (entry.en == entry.ja) continue;
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
