// SPDX-License-Identifier: Apache-2.0
#include "base/text.h"

#include <algorithm>

#include <gtest/gtest.h>

namespace hikae {
namespace {

TEST(Text, RendersInTheLanguageAsked) {
  EXPECT_EQ(render(text("base.cancelled"), Language::en), "Interrupted.");
  EXPECT_EQ(render(text("base.cancelled"), Language::ja), "中断されました。");
}

TEST(Text, LosesNoArgumentOfAnUnknownKey) {
  const Text unknown = text("nowhere.at_all", {{"path", "/etc/x"}, {"reason", "gone"}});
  EXPECT_EQ(render(unknown, Language::ja), "nowhere.at_all path=/etc/x reason=gone");
}

// Any entry with placeholders shows how they are replaced, whatever the catalogue says today.
TEST(Text, ReplacesEachPlaceholderByItsArgument) {
  int seen = 0;
  for (const CatalogueEntry& entry : catalogue()) {
    const std::size_t open = entry.en.find('{');
    if (open == std::string_view::npos) continue;
    const std::string name(entry.en.substr(open + 1, entry.en.find('}', open) - open - 1));
    const std::string with =
        render(text(entry.key, {{name, "{no such name} as it is"}}), Language::en);
    EXPECT_NE(with.find("{no such name} as it is"), std::string::npos) << with;
    EXPECT_EQ(with.find("{" + name + "}"), std::string::npos) << with;
    const std::string without = render(text(entry.key), Language::en);
    EXPECT_EQ(without, entry.en) << "a missing argument leaves its placeholder to be seen";
    ++seen;
  }
  EXPECT_GT(seen, 0);
}

TEST(Text, ChoosesTheFormOfWhatIsCounted) {
  const auto listed = [](const char* count, Language language = Language::en) {
    return render(text("cli_snapshots.count", {{"count", count}}), language);
  };
  EXPECT_EQ(listed("1").rfind("1 snapshot.", 0), 0U) << listed("1");
  EXPECT_EQ(listed("0").rfind("0 snapshots.", 0), 0U) << listed("0");
  EXPECT_EQ(listed("21").rfind("21 snapshots.", 0), 0U) << listed("21");
  EXPECT_EQ(listed("1", Language::ja).find('|'), std::string::npos);
}

// How many bars each placeholder of a sentence holds.
std::vector<std::ptrdiff_t> bars_of(std::string_view sentence) {
  std::vector<std::ptrdiff_t> bars;
  for (std::size_t at = sentence.find('{'); at != std::string_view::npos;
       at = sentence.find('{', at + 1)) {
    const std::string_view placeholder = sentence.substr(at, sentence.find('}', at) - at);
    bars.push_back(std::count(placeholder.begin(), placeholder.end(), '|'));
  }
  return bars;
}

TEST(Text, HasNoBrokenFormInTheCatalogue) {
  for (const CatalogueEntry& entry : catalogue()) {
    for (const std::ptrdiff_t bars : bars_of(entry.en))
      EXPECT_TRUE(bars == 0 || bars == 2) << entry.key;
    for (const std::ptrdiff_t bars : bars_of(entry.ja))
      EXPECT_EQ(bars, 0) << entry.key << ": Japanese has one form";
  }
}

TEST(ChooseLanguage, TakesTheFirstThatIsSet) {
  EXPECT_EQ(choose_language({std::nullopt, std::nullopt}), Language::en);
  EXPECT_EQ(choose_language({"ja"}), Language::ja);
  EXPECT_EQ(choose_language({std::nullopt, "ja_JP.UTF-8", "C"}), Language::ja);
  EXPECT_EQ(choose_language({"en", "ja_JP.UTF-8"}), Language::en);
  EXPECT_EQ(choose_language({"", "ja_JP.UTF-8"}), Language::ja) << "an empty variable is unset";
  EXPECT_EQ(choose_language({"C.UTF-8", "ja_JP"}), Language::en);
}

}  // namespace
}  // namespace hikae
