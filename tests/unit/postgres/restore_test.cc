// SPDX-License-Identifier: Apache-2.0
#include "postgres/restore.h"

#include <gmock/gmock.h>

namespace hikae::postgres {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

ClusterFacts facts_of(std::initializer_list<std::string> names) {
  ClusterFacts facts;
  facts.server_version = "15.18 (Debian 15.18-0+deb12u1)";
  for (const std::string& name : names) {
    DatabaseFacts database;
    database.name = name;
    database.file = dump_file_name(name, DumpFormat::custom);
    database.tables = {{"public", "t", 7}};
    database.extensions = {{"plpgsql", "1.0"}};
    facts.databases.push_back(database);
  }
  return facts;
}

ErrorCode code_of(const std::function<void()>& action) {
  try {
    action();
  } catch (const Error& error) {
    return error.code();
  }
  return ErrorCode::locked;
}

TEST(ParseWish, ReadsANameAndANewOne) {
  EXPECT_EQ(parse_wish("shop").target, "shop");
  EXPECT_EQ(parse_wish("shop=copy").database, "shop");
  EXPECT_EQ(parse_wish("shop=copy").target, "copy");
  for (const char* bad : {"", "=x", "x="})
    EXPECT_EQ(code_of([&] { parse_wish(bad); }), ErrorCode::invalid_argument) << bad;
}

TEST(PlanDatabases, CreatesWhatIsNotThereAndFillsWhatIsEmpty) {
  const auto steps =
      plan_databases(facts_of({"a", "b"}), {{"a", "a"}, {"b", "new"}}, {{"a", true}}, 15);
  ASSERT_EQ(steps.size(), 2U);
  EXPECT_EQ(steps[0].how, RestoreStep::How::fill_empty);
  EXPECT_EQ(steps[1].how, RestoreStep::How::create);
  EXPECT_EQ(steps[1].facts.name, "b");
  EXPECT_EQ(steps[1].target, "new");
}

TEST(PlanDatabases, RefusesWhatWouldLoseSomething) {
  const ClusterFacts facts = facts_of({"a", "b"});
  EXPECT_EQ(code_of([&] {
              plan_databases(facts, {{"a", "a"}}, {{"a", false}}, 15);
            }),
            ErrorCode::already_exists);
  EXPECT_EQ(code_of([&] { plan_databases(facts, {{"c", "c"}}, {}, 15); }), ErrorCode::not_found);
  EXPECT_EQ(code_of([&] {
              plan_databases(facts, {{"a", "x"}, {"b", "x"}}, {}, 15);
            }),
            ErrorCode::invalid_argument);
  EXPECT_EQ(code_of([&] { plan_databases(facts, {{"a", "a"}}, {}, 14); }), ErrorCode::unsupported);
  EXPECT_EQ(plan_databases(facts, {{"a", "a"}}, {}, 17).size(), 1U);
}

TEST(PlanGlobals, LeavesWhatTheServerHasAsItIs) {
  const GlobalsPlan plan = plan_globals(
      "CREATE ROLE clerk;\n"
      "ALTER ROLE clerk WITH LOGIN PASSWORD 'x';\n"
      "CREATE ROLE postgres;\n"
      "ALTER ROLE postgres WITH SUPERUSER PASSWORD 'old';\n"
      "CREATE ROLE \"odd \"\"one\"\"\";\n"
      "ALTER ROLE \"odd \"\"one\"\"\" WITH NOLOGIN;\n"
      "GRANT postgres TO clerk;\n",
      {"postgres", "odd \"one\""});
  EXPECT_EQ(
      plan.sql,
      "CREATE ROLE clerk;\nALTER ROLE clerk WITH LOGIN PASSWORD 'x';\nGRANT postgres TO clerk;\n");
  EXPECT_THAT(plan.kept, ElementsAre("odd \"one\"", "postgres"));
}

TEST(DatabaseProperties, AreTheStatementsAboutTheDatabaseForItsNewName) {
  const std::string sql = database_properties(
      "-- Name: shop; Type: DATABASE; Schema: -; Owner: clerk\n--\n\nCREATE DATABASE shop;\n"
      "\\connect shop\n--\n"
      "-- Name: shop; Type: DATABASE PROPERTIES; Schema: -; Owner: clerk\n--\n\n"
      "ALTER DATABASE shop SET work_mem TO '8MB';\nALTER ROLE clerk IN DATABASE shop SET x TO "
      "'y';\n"
      "--\n-- Name: DATABASE shop; Type: ACL; Schema: -; Owner: clerk\n--\n\n"
      "GRANT CONNECT ON DATABASE shop TO clerk;\n"
      "--\n-- Name: t; Type: TABLE; Schema: public; Owner: clerk\n--\n\nCREATE TABLE public.t "
      "();\n",
      "shop",
      "new \"one\"");
  EXPECT_THAT(sql, HasSubstr("ALTER DATABASE \"new \"\"one\"\"\" SET work_mem TO '8MB';"));
  EXPECT_THAT(sql, HasSubstr("IN DATABASE \"new \"\"one\"\"\" SET x"));
  EXPECT_THAT(sql, HasSubstr("GRANT CONNECT ON DATABASE \"new \"\"one\"\"\" TO clerk;"));
  EXPECT_THAT(sql, Not(HasSubstr("CREATE")));
  EXPECT_THAT(sql, Not(HasSubstr("connect shop")));
  EXPECT_EQ(database_properties("-- Name: t; Type: TABLE;\nCREATE TABLE t ();\n", "a", "b"), "");
}

TEST(Facts, GoThereAndBack) {
  ClusterFacts facts = facts_of({"a/b", "日本"});
  facts.format = DumpFormat::custom;
  facts.databases[0].locale = "und-u-ks-level2";
  EXPECT_EQ(encode_facts(parse_facts(encode_facts(facts))), encode_facts(facts));
  EXPECT_EQ(parse_facts(encode_facts(facts)).databases[0].tables.front().rows, 7U);
}

TEST(Facts, LeadToNoFileOutsideTheirFolder) {
  for (const char* bad : {"",
                          "[]",
                          R"({"databases":[{"name":"a","file":"../../etc/passwd"}]})",
                          R"({"databases":[{"name":"a","file":"database-b.dump"}]})",
                          R"({"databases":[{}]})"})
    EXPECT_EQ(code_of([&] { parse_facts(bad); }), ErrorCode::corrupt) << bad;
}

}  // namespace
}  // namespace hikae::postgres
