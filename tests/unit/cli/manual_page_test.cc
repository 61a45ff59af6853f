// SPDX-License-Identifier: Apache-2.0
#include "cli/manual_page.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cli/roff.h"

namespace hikae::cli {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TEST(Roff, TextIsNeverAMacro) {
  Roff page("X", 1, "hikae 1", "manual");
  page.paragraph(".so /etc/shadow\n'br\nback\\slash");
  page.item("--a-b", "\"FILE", "");
  const std::string out = std::move(page).take();
  EXPECT_THAT(out, HasSubstr("\n\\&.so /etc/shadow\n\\&'br\nback\\eslash\n"));
  EXPECT_THAT(out, HasSubstr(".TP\n\\fB\\-\\-a\\-b\\fR \\fI\"FILE\\fR\n"));
}

TEST(Roff, JapaneseMayBreakBetweenCharactersButNotBeforeAStop) {
  Roff page("X", 1, "hikae 1", "manual");
  page.paragraph("保存先。次");
  EXPECT_THAT(std::move(page).take(), HasSubstr("保\\:存\\:先。\\:次\n"));
}

TEST(ManualPage, TellsCommandsArgumentsAndOptions) {
  const CommandLine::Described flag{"-n, --dry-run", "", "Only show.", {}, {}};
  const CommandLine::Described file{"FILE",
                                    "",
                                    "A file.",
                                    CommandLine::Described::Need::required,
                                    CommandLine::Described::Times::many};
  const std::vector<CommandLine::Entry> entries = {
      {{}, {}, "The program. It works.", {}, {}},
      {{"key"}, {}, "Keys.", {}, {}},
      {{"key", "add"}, {}, "Add a key. Twice.", {flag}, {file}}};
  const auto pages = command_pages(entries, "hikae 1.2", Language::en);
  ASSERT_EQ(pages.size(), 3U);
  EXPECT_EQ(pages[2].name, "hikae-key-add");
  EXPECT_THAT(pages[2].source, HasSubstr("hikae\\-key\\-add \\- Add a key\n"));
  EXPECT_THAT(pages[2].source, HasSubstr("hikae key add [OPTIONS] FILE…\n"));
  EXPECT_THAT(pages[2].source, HasSubstr("\\fB\\-n, \\-\\-dry\\-run\\fR\nOnly show.\n"));
  EXPECT_THAT(pages[1].source, HasSubstr("hikae key [OPTIONS] COMMAND\n"));
  EXPECT_THAT(pages[1].source, HasSubstr("hikae\\-key\\-add(1)"));
  EXPECT_THAT(pages[0].source, Not(HasSubstr("hikae\\-key\\-add(1)")));  // one level at a time
}

TEST(ManualPage, ThePolicyPageIsInTheLanguageAsked) {
  EXPECT_THAT(policy_page("hikae 1", Language::en).source,
              HasSubstr(".SH \"KEYS OF destination\""));
  EXPECT_THAT(policy_page("hikae 1", Language::ja).source, HasSubstr(".SH \"キー\""));
}

}  // namespace
}  // namespace hikae::cli
