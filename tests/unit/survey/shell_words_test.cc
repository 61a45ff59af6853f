// SPDX-License-Identifier: Apache-2.0
#include "survey/shell_words.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace hikae::survey {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

std::vector<std::vector<std::string>> words_of(std::string_view script) {
  std::vector<std::vector<std::string>> all;
  for (const ShellCommand& command : parse_shell(script)) all.push_back(command.words);
  return all;
}

TEST(ShellWords, QuotesAreRemovedAndKeepBlanks) {
  EXPECT_THAT(words_of(R"(cp 'a b' "c \"d\"" e\ f)"),
              ElementsAre(ElementsAre("cp", "a b", "c \"d\"", "e f")));
}

TEST(ShellWords, CommandsEndAtOperatorsAndCommentsAreNone) {
  EXPECT_THAT(words_of("a 1 && b | c; d # e\nf & (g)"),
              ElementsAre(ElementsAre("a", "1"),
                          ElementsAre("b"),
                          ElementsAre("c"),
                          ElementsAre("d"),
                          ElementsAre("f"),
                          ElementsAre("g")));
}

TEST(ShellWords, ContinuedLinesAreOneCommandThatBeginsWhereItBegins) {
  const auto commands = parse_shell("\n\nrsync -a \\\n  /a \\\n  /b\nnext");
  ASSERT_EQ(commands.size(), 2U);
  EXPECT_THAT(commands[0].words, ElementsAre("rsync", "-a", "/a", "/b"));
  EXPECT_EQ(commands[0].line, 3);
  EXPECT_EQ(commands[1].line, 6);
}

TEST(ShellWords, OutputsAreSeparateFromWords) {
  const auto commands = parse_shell("pg_dumpall 2>&1 >/b/x.sql 2>/dev/null | gzip >> log");
  ASSERT_EQ(commands.size(), 2U);
  EXPECT_THAT(commands[0].words, ElementsAre("pg_dumpall"));
  EXPECT_THAT(commands[0].outputs, ElementsAre("/b/x.sql"));
  EXPECT_TRUE(commands[0].feeds_next);
  EXPECT_THAT(commands[1].outputs, ElementsAre("log"));
}

TEST(ShellWords, HereDocumentsAreNoCommands) {
  EXPECT_THAT(words_of("cat <<'END' >/etc/x\nrm -rf /backup\nEND\necho done"),
              ElementsAre(ElementsAre("cat"), ElementsAre("echo", "done")));
}

TEST(ShellWords, SubstitutionsStayAsTheyStand) {
  EXPECT_THAT(words_of("tar czf /b/$(date +%F -d \"1 day\").tgz `pwd`"),
              ElementsAre(ElementsAre("tar", "czf", "/b/$(date +%F -d \"1 day\").tgz", "`pwd`")));
}

TEST(ShellWords, ControlWordsAreLeftOut) {
  EXPECT_THAT(words_of("if true; then rm -r x; fi"),
              ElementsAre(ElementsAre("true"), ElementsAre("rm", "-r", "x")));
}

TEST(ShellWords, UnfinishedQuotesEndWithTheText) {
  EXPECT_THAT(words_of("a 'b"), ElementsAre(ElementsAre("a", "b")));
  EXPECT_THAT(words_of("a \"$(b"), ElementsAre(ElementsAre("a", "$(b")));
  EXPECT_THAT(words_of("<<"), IsEmpty());
}

TEST(ShellWords, VariablesAreFollowedWhereTheyAreKnown) {
  const ShellVariables known{{"DEST", "/backup"}, {"D", "x"}};
  EXPECT_EQ(expand("${DEST}/$D/$DEST.$OTHER/${DEST", known), "/backup/x//backup.$OTHER/${DEST");
}

}  // namespace
}  // namespace hikae::survey
