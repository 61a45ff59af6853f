// SPDX-License-Identifier: Apache-2.0
#include "postgres/restore.h"

#include <gmock/gmock.h>

#include "support/postgres_server.h"

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
  const ClusterFacts facts = facts_of({"shop", "a", "a=b", "a=b=c"});
  EXPECT_EQ(parse_wish("shop", facts).target, "shop");
  EXPECT_EQ(parse_wish("shop=copy", facts).database, "shop");
  EXPECT_EQ(parse_wish("shop=copy", facts).target, "copy");
  const std::string longest(63, 'x');
  EXPECT_EQ(parse_wish("shop=" + longest, facts).target, longest);
  EXPECT_EQ(parse_wish("template1", facts).target, "template1");
  const std::string too_long = "shop=" + longest + "x";
  for (const char* bad : {"", "=x", "x=", too_long.c_str(), "shop=template1", "shop=template0"})
    EXPECT_EQ(code_of([&] { parse_wish(bad, facts); }), ErrorCode::invalid_argument) << bad;
}

TEST(ParseWish, KnowsNamesThatHoldTheSign) {
  const ClusterFacts facts = facts_of({"shop", "a", "a=b", "a=b=c"});
  EXPECT_EQ(parse_wish("a=b", facts).target, "a=b");
  EXPECT_EQ(parse_wish("a=x", facts).database, "a");
  EXPECT_EQ(parse_wish("a=b=x", facts).database, "a=b");
  EXPECT_EQ(parse_wish("a=b=x", facts).target, "x");
  EXPECT_EQ(parse_wish("a=b=c=x", facts).database, "a=b=c");
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

TEST(PlanDatabases, MakesAnewWhatARestoreLeftUnfinished) {
  const auto steps = plan_databases(facts_of({"a"}), {{"a", "a"}}, {{"a", false, true}}, 15);
  EXPECT_EQ(steps.front().how, RestoreStep::How::make_anew);
}

TEST(PlanDatabases, SkipsWhatIsThereWhereThatIsAskedFor) {
  const auto steps = plan_databases(
      facts_of({"a", "b"}), {{"a", "a"}, {"b", "b"}}, {{"a", false}}, 15, IfExists::skip);
  EXPECT_EQ(steps[0].how, RestoreStep::How::skip);
  EXPECT_EQ(steps[1].how, RestoreStep::How::create);
}

TEST(PlanDatabases, NeverTakesAHalfFilledDatabaseForARestoredOne) {
  for (const IfExists if_exists : {IfExists::refuse, IfExists::skip})
    EXPECT_EQ(
        code_of([&] {
          plan_databases(facts_of({"a"}), {{"a", "a"}}, {{"a", false, false, true}}, 15, if_exists);
        }),
        ErrorCode::already_exists);
}

TEST(PlanDatabases, TellsAnEmptyDatabaseThatSortsOtherwise) {
  ClusterFacts facts = facts_of({"a"});
  facts.databases[0].encoding = "UTF8";
  facts.databases[0].collate = "ja_JP.UTF-8";
  facts.databases[0].ctype = "ja_JP.UTF-8";
  facts.databases[0].provider = "libc";
  ExistingDatabase there{"a", true};
  there.facts = facts.databases[0];
  EXPECT_EQ(other_locale(plan_databases(facts, {{"a", "a"}}, {there}, 15).front()), std::nullopt);
  there.facts.encoding = "EUC_JP";
  const auto warning = other_locale(plan_databases(facts, {{"a", "a"}}, {there}, 15).front());
  ASSERT_TRUE(warning);
  EXPECT_THAT(render(*warning, Language::en), HasSubstr("EUC_JP, ja_JP.UTF-8"));
  EXPECT_EQ(other_locale(plan_databases(facts, {{"a", "b"}}, {there}, 15).front()), std::nullopt);
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

GlobalName role(const std::string& name) {
  return {GlobalName::Kind::role, name};
}
GlobalName tablespace(const std::string& name) {
  return {GlobalName::Kind::tablespace, name};
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
      {{"postgres", "odd \"one\""}, {"pg_default"}});
  EXPECT_EQ(plan.sql,
            "BEGIN;\nCREATE ROLE clerk;\nALTER ROLE clerk WITH LOGIN PASSWORD 'x';\n"
            "GRANT postgres TO clerk;\nCOMMIT;\n");
  EXPECT_THAT(plan.kept, ElementsAre(role("odd \"one\""), role("postgres")));
  EXPECT_THAT(plan.made, ElementsAre(role("clerk")));
}

TEST(PlanGlobals, DoesNotTakeARoleForATablespaceOfItsName) {
  const std::string sql =
      "CREATE ROLE fast;\n"
      "CREATE ROLE slow;\n"
      "CREATE TABLESPACE fast OWNER fast LOCATION '/srv/fast';\n"
      "CREATE TABLESPACE slow OWNER fast LOCATION '/srv/slow';\n"
      "ALTER TABLESPACE slow SET (seq_page_cost = 2);\n";
  const GlobalsPlan plan = plan_globals(sql, {{"fast"}, {"slow"}});
  EXPECT_EQ(plan.sql,
            "BEGIN;\nCREATE ROLE slow;\nCOMMIT;\n"
            "CREATE TABLESPACE fast OWNER fast LOCATION '/srv/fast';\nBEGIN;\nCOMMIT;\n");
  EXPECT_THAT(plan.kept, ElementsAre(role("fast"), tablespace("slow")));
  EXPECT_THAT(plan.made, ElementsAre(role("slow"), tablespace("fast")));
}

RestoreStep step_of(const std::string& provider, const std::string& locale = "") {
  RestoreStep step;
  step.target = "new one";
  step.facts.encoding = "UTF8";
  step.facts.collate = "C.UTF-8";
  step.facts.ctype = "ja_JP.UTF-8";
  step.facts.provider = provider;
  step.facts.locale = locale;
  step.facts.tablespace = "fast";
  return step;
}

TEST(CreateStatement, SpeaksTheServersDialect) {
  const std::string begin =
      "CREATE DATABASE \"new one\" TEMPLATE template0 ENCODING 'UTF8' LC_COLLATE 'C.UTF-8' "
      "LC_CTYPE 'ja_JP.UTF-8'";
  // 13 and 14 know no providers. Later ones would take template0's if they were told none.
  EXPECT_EQ(create_statement(step_of("libc"), 14, {"pg_default"}), begin);
  for (const int major : {15, 16, 17})
    EXPECT_EQ(create_statement(step_of("libc"), major, {}), begin + " LOCALE_PROVIDER libc");
  EXPECT_EQ(create_statement(step_of(""), 15, {}), begin + " LOCALE_PROVIDER libc");
  EXPECT_EQ(create_statement(step_of("icu", "ja-JP"), 15, {}),
            begin + " LOCALE_PROVIDER icu ICU_LOCALE 'ja-JP'");
  RestoreStep with_rules = step_of("icu", "und");
  with_rules.facts.icu_rules = "&a < '\\'";
  EXPECT_EQ(create_statement(with_rules, 16, {}),
            begin + R"( LOCALE_PROVIDER icu ICU_LOCALE 'und' ICU_RULES E'&a < ''\\''')");
  EXPECT_EQ(create_statement(step_of("builtin", "C.UTF-8"), 17, {}),
            begin + " LOCALE_PROVIDER builtin BUILTIN_LOCALE 'C.UTF-8'");
  EXPECT_EQ(create_statement(step_of("libc"), 14, {"fast", "pg_default"}),
            begin + " TABLESPACE \"fast\"");
}

// The server here sorts by ICU unless it is told otherwise.
TEST(CreateStatement, KeepsTheProviderOfTheDumpedDatabase) {
  testing::PostgresSettings settings;
  settings.initdb = {"--locale-provider=icu", "--icu-locale=en"};
  const testing::PostgresServer server(settings);
  RestoreStep step = step_of("libc");
  step.facts.ctype = "C.UTF-8";
  server.sql(create_statement(step, 15, {"pg_default"}));
  step = step_of("icu", "ja-JP");
  step.target = "sorted";
  step.facts.ctype = "C.UTF-8";
  server.sql(create_statement(step, 15, {"pg_default"}));
  EXPECT_EQ(server.sql("SELECT string_agg(datlocprovider::text || coalesce(daticulocale, ''), ' ' "
                       "ORDER BY datname) FROM pg_database WHERE datname IN ('new one', 'sorted')"),
            "c ija-JP");
}

TEST(DatabaseQuestion, AsksForWhatTheServerKnows) {
  for (const int version : {130000, 140012}) {
    EXPECT_THAT(database_question(version), HasSubstr("NULL, NULL, 'libc', NULL, NULL"));
    EXPECT_THAT(database_question(version), Not(HasSubstr("datcollversion")));
    EXPECT_THAT(database_question(version), Not(HasSubstr("datlocprovider")));
  }
  EXPECT_THAT(database_question(150018), HasSubstr("d.datcollversion, pg_catalog."));
  EXPECT_THAT(database_question(150018), HasSubstr("d.daticulocale, NULL,"));
  EXPECT_THAT(database_question(160000), HasSubstr("d.daticulocale, d.daticurules,"));
  EXPECT_THAT(database_question(170000), HasSubstr("d.datlocale, d.daticurules,"));
  EXPECT_THAT(database_question(170000), Not(HasSubstr("daticulocale")));
}

// In psql's hands a role without rights may not become one with all of them.
TEST(PlanGlobals, TakesNoTextForAStatement) {
  const std::string settings =
      "ALTER ROLE eve SET search_path TO E'a\nALTER ROLE eve SUPERUSER; --';\n";
  const std::string comment = "COMMENT ON ROLE eve IS 'x\nALTER ROLE postgres NOLOGIN;\n';\n";
  EXPECT_EQ(plan_globals(settings + comment, {{"eve", "postgres"}, {}}).sql, "");
  EXPECT_EQ(plan_globals(settings + comment, {{"postgres"}, {}}).sql,
            "BEGIN;\n" + settings + comment + "COMMIT;\n");
}

TEST(PlanGlobals, GivesNoRightsToWhatIsThere) {
  const GlobalsPlan plan = plan_globals(
      "GRANT admin TO there WITH ADMIN OPTION GRANTED BY postgres;\n"
      "GRANT there TO fresh GRANTED BY postgres;\n"
      "GRANT SET ON PARAMETER work_mem TO there;\n"
      "SET SESSION AUTHORIZATION there;\n"
      "GRANT SET,ALTER SYSTEM ON PARAMETER work_mem TO fresh;\n"
      "RESET SESSION AUTHORIZATION;\n"
      "GRANT ALL ON TABLESPACE old TO fresh;\n"
      "REVOKE ALL ON TABLESPACE old FROM there;\n"
      "COMMENT ON TABLESPACE old IS 'x';\n"
      "SECURITY LABEL FOR p ON ROLE there IS 'x';\n",
      {{"there", "postgres"}, {"old"}});
  EXPECT_EQ(plan.sql,
            "BEGIN;\n"
            "GRANT there TO fresh GRANTED BY postgres;\n"
            "SET SESSION AUTHORIZATION there;\n"
            "GRANT SET,ALTER SYSTEM ON PARAMETER work_mem TO fresh;\n"
            "RESET SESSION AUTHORIZATION;\n"
            "COMMIT;\n");
  EXPECT_THAT(plan.kept, ElementsAre(role("there"), tablespace("old")));
}

// What fails can be given again: roles come together or not at all, and no transaction can make a
// tablespace.
TEST(PlanGlobals, MakesRolesAtOnceAndThenTablespacesOneByOne) {
  const std::string sql =
      "\\restrict x\nSET client_encoding = 'UTF8';\nCREATE ROLE a;\n"
      "CREATE TABLESPACE \"t 1\" OWNER a LOCATION '/1';\n"
      "ALTER TABLESPACE \"t 1\" SET (seq_page_cost = 2);\n"
      "CREATE TABLESPACE t2 OWNER a LOCATION '/2';\n"
      "GRANT ALL ON TABLESPACE \"t 1\" TO PUBLIC;\nGRANT a TO b;\n\\unrestrict x\n";
  EXPECT_EQ(plan_globals(sql, {}).sql,
            "SET client_encoding = 'UTF8';\n"
            "BEGIN;\nCREATE ROLE a;\nGRANT a TO b;\nCOMMIT;\n"
            "CREATE TABLESPACE \"t 1\" OWNER a LOCATION '/1';\n"
            "BEGIN;\nALTER TABLESPACE \"t 1\" SET (seq_page_cost = 2);\n"
            "GRANT ALL ON TABLESPACE \"t 1\" TO PUBLIC;\nCOMMIT;\n"
            "CREATE TABLESPACE t2 OWNER a LOCATION '/2';\nBEGIN;\nCOMMIT;\n");
  const GlobalsPlan without = plan_globals(sql, {}, Tablespaces::ignore);
  EXPECT_EQ(without.sql,
            "SET client_encoding = 'UTF8';\nBEGIN;\nCREATE ROLE a;\nGRANT a TO b;\nCOMMIT;\n");
  EXPECT_THAT(without.made, ElementsAre(role("a")));
}

TEST(DatabaseProperties, AreTheStatementsAboutTheDatabaseForItsNewName) {
  const std::string sql =
      "SET client_encoding = 'UTF8';\nSET lock_timeout = 0;\n"
      "-- Name: shop; Type: DATABASE; Schema: -; Owner: clerk\n--\n\nCREATE DATABASE shop;\n"
      "ALTER DATABASE shop OWNER TO clerk;\n\n\\connect shop\n--\n"
      "-- Name: shop; Type: DATABASE PROPERTIES; Schema: -; Owner: clerk\n--\n\n"
      "ALTER DATABASE shop SET work_mem TO '8MB';\n"
      "ALTER ROLE clerk IN DATABASE shop SET x TO 'y';\n"
      "COMMENT ON DATABASE shop IS 'two\nlines of DATABASE shop ';\n"
      "SET SESSION AUTHORIZATION clerk;\nGRANT CONNECT ON DATABASE shop TO eve;\n"
      "RESET SESSION AUTHORIZATION;\n"
      "REVOKE ALL ON DATABASE shop FROM PUBLIC;\n"
      "GRANT SELECT ON TABLE public.shop TO eve;\nCREATE TABLE public.t ();\n";
  const std::string expected =
      "SET client_encoding = 'UTF8';\n"
      "ALTER DATABASE \"new \"\"one\"\"\" SET work_mem TO '8MB';\n"
      "ALTER ROLE clerk IN DATABASE \"new \"\"one\"\"\" SET x TO 'y';\n"
      "COMMENT ON DATABASE \"new \"\"one\"\"\" IS 'two\nlines of DATABASE shop ';\n"
      "SET SESSION AUTHORIZATION clerk;\n"
      "GRANT CONNECT ON DATABASE \"new \"\"one\"\"\" TO eve;\n"
      "RESET SESSION AUTHORIZATION;\n"
      "REVOKE ALL ON DATABASE \"new \"\"one\"\"\" FROM PUBLIC;\n";
  EXPECT_EQ(database_properties(sql, "shop", "new \"one\""), expected);
  EXPECT_EQ(database_properties(database_properties(sql, "shop", "shop"), "shop", "new \"one\""),
            expected);
  EXPECT_EQ(database_properties(sql, "other", "new"), "");
  EXPECT_EQ(database_properties(sql, "shop", "b", Owners::drop),
            "SET client_encoding = 'UTF8';\n"
            "ALTER DATABASE \"b\" SET work_mem TO '8MB';\n"
            "COMMENT ON DATABASE \"b\" IS 'two\nlines of DATABASE shop ';\n");
}

TEST(DatabaseProperties, TakeNothingFromWithinABody) {
  for (const char* around : {"CREATE FUNCTION f() AS $$%s$$;",
                             "CREATE FUNCTION f() AS E'\\'%s';",
                             "COMMENT ON TABLE t IS '%s';",
                             "/* %s */ SELECT 1;",
                             "CREATE VIEW \"%s\" AS SELECT 1;"}) {
    std::string sql = around;
    sql.replace(sql.find("%s"),
                2,
                "\n-- Name: DATABASE shop; Type: ACL; Schema: -; Owner: eve\n\n"
                "ALTER ROLE eve SUPERUSER;\nALTER DATABASE shop SET search_path TO eve;\n");
    EXPECT_EQ(database_properties(sql, "shop", "shop"), "") << around;
  }
  EXPECT_EQ(database_properties("ALTER ROLE eve SUPERUSER;\nCREATE DATABASE shop;\n", "shop", "b"),
            "");
}

TEST(Facts, GoThereAndBack) {
  ClusterFacts facts = facts_of({"a/b", "日本"});
  facts.format = DumpFormat::custom;
  facts.databases[0].locale = "und-u-ks-level2";
  facts.databases[0].icu_rules = "&a < b";
  facts.databases[0].tablespace = "fast";
  EXPECT_EQ(encode_facts(parse_facts(encode_facts(facts))), encode_facts(facts));
  EXPECT_EQ(parse_facts(encode_facts(facts)).databases[0].tables.front().rows, 7U);
  EXPECT_EQ(parse_facts(encode_facts(facts)).databases[0].icu_rules, "&a < b");
  EXPECT_EQ(parse_facts(encode_facts(facts)).databases[0].tablespace, "fast");
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
