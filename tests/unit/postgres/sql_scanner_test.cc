// SPDX-License-Identifier: Apache-2.0
#include "postgres/sql_scanner.h"

#include <gmock/gmock.h>

namespace hikae::postgres {
namespace {

using ::testing::ElementsAre;

std::vector<std::string> texts_of(std::string_view sql) {
  std::vector<std::string> texts;
  for (const SqlPart& part : split_sql(sql)) texts.emplace_back(part.text);
  return texts;
}

TEST(SplitSql, FindsTheStatements) {
  EXPECT_THAT(texts_of(" SELECT 1;SELECT\n2 ;\n\n"), ElementsAre("SELECT 1;", "SELECT\n2 ;"));
  EXPECT_THAT(texts_of(""), ElementsAre());
  EXPECT_THAT(texts_of("SELECT 1; begun"), ElementsAre("SELECT 1;"));
}

TEST(SplitSql, TellsCommentsAndCommandsFromStatements) {
  const std::vector<SqlPart> parts = split_sql(
      "-- one; two\n/* a; /* b; */ c; */\\connect \"a b\"\nSELECT 1 -- no; end\n + 2;\n--\n");
  ASSERT_EQ(parts.size(), 5U);
  EXPECT_EQ(parts[0].kind, SqlScanner::Part::comment);
  EXPECT_EQ(parts[0].text, "-- one; two");
  EXPECT_EQ(parts[1].kind, SqlScanner::Part::comment);
  EXPECT_EQ(parts[1].text, "/* a; /* b; */ c; */");
  EXPECT_EQ(parts[2].kind, SqlScanner::Part::command);
  EXPECT_EQ(parts[2].text, "\\connect \"a b\"");
  EXPECT_EQ(parts[3].kind, SqlScanner::Part::statement);
  EXPECT_EQ(parts[3].text, "SELECT 1 -- no; end\n + 2;");
  EXPECT_EQ(parts[4].kind, SqlScanner::Part::comment);
}

TEST(SplitSql, LeavesWhatIsQuotedWhole) {
  for (const char* whole : {"SELECT 'a;b''c;d';",
                            "SELECT E'a\\';b';",
                            "SELECT e'a\\\\' || ';';",
                            "SELECT 'a\\';",
                            "SELECT \"a;\"\"b'\";",
                            "SELECT $$a;'b$$;",
                            "SELECT $a$ $b$ ; $$ $a$;",
                            "SELECT $a$;$ab$a$;",
                            "SELECT a$b$ + 1;",
                            "SELECT 1 /* ; ' */ + 2;",
                            "SELECT 1 /*/ ; */ + 2;",
                            "SELECT 1 /*/* ; */ ; */ + 2;",
                            "SELECT 1 /* ; **/ + 2;",
                            "SELECT 1 --' ;\n;",
                            "SELECT $1 + $2;",
                            "CREATE RULE r AS ON INSERT TO t DO (SELECT 1; SELECT 2);",
                            "SELECT nothinge'a\\';"})
    EXPECT_THAT(texts_of(std::string(whole) + "\nSELECT 0;"), ElementsAre(whole, "SELECT 0;"));
}

// Of a database whose strings were written the old way.
TEST(SplitSql, FollowsTheSettingOfStrings) {
  const std::string off = "SET standard_conforming_strings = off;";
  const std::string on = "SET standard_conforming_strings = on;";
  EXPECT_THAT(texts_of(off + "SELECT 'a\\';b';" + on + "SELECT 'a\\';SELECT 1;"),
              ElementsAre(off, "SELECT 'a\\';b';", on, "SELECT 'a\\';", "SELECT 1;"));
}

TEST(SqlScanner, ReadsPiecesOfAnySize) {
  const std::string sql = "SELECT E'\\';' || $a$;$a$ /* ; */;\n-- ;\nSELECT 2;\n";
  for (std::size_t piece = 1; piece < sql.size(); ++piece) {
    SqlScanner scanner;
    std::vector<std::size_t> ends;
    for (std::size_t at = 0; at < sql.size(); at += piece) {
      std::string_view rest = std::string_view(sql).substr(at, piece);
      const std::size_t size = rest.size();
      while (!rest.empty())
        if (scanner.read(rest)) ends.push_back(at + size - rest.size());
    }
    EXPECT_THAT(ends, ElementsAre(33, 39, 48)) << piece;
    EXPECT_TRUE(scanner.is_between());
  }
}

TEST(FirstTokens, KnowNamesFromKeywords) {
  const auto tokens = first_tokens("GRANT \"TO \"\"x\"\"\" TO 日本_1.b IS 'TO c';");
  ASSERT_EQ(tokens.size(), 7U);
  EXPECT_EQ(tokens[1].name(), "TO \"x\"");
  EXPECT_FALSE(tokens[1].is("TO"));
  EXPECT_TRUE(tokens[2].is("TO"));
  EXPECT_EQ(tokens[3].name(), "日本_1");
  EXPECT_EQ(tokens[4].text, ".");
  EXPECT_TRUE(first_tokens("").empty());
  EXPECT_EQ(first_tokens("\"open").size(), 1U);
}

}  // namespace
}  // namespace hikae::postgres
