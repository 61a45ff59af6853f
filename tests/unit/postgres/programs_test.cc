// SPDX-License-Identifier: Apache-2.0
#include "postgres/programs.h"

#include <gmock/gmock.h>

#include "support/temp_dir.h"

namespace hikae::postgres {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

TEST(ChoosePrograms, TakesTheOldestThatIsNotOlderThanTheServer) {
  const std::vector<Programs> found = {{13, "a"}, {15, "b"}, {17, "c"}};
  EXPECT_EQ(choose_programs(found, 13)->major, 13);
  EXPECT_EQ(choose_programs(found, 14)->major, 15);
  EXPECT_EQ(choose_programs(found, 17)->major, 17);
  EXPECT_FALSE(choose_programs(found, 18));
  EXPECT_FALSE(choose_programs({}, 15));
}

TEST(FindPrograms, NamesThePackageWhenAllAreOlder) {
  try {
    find_programs("", 99);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::not_found);
    EXPECT_THAT(render(*error.hint(), Language::en), HasSubstr("postgresql-client-99"));
  }
}

TEST(FindPrograms, AsksTheProgramOfAFolderForItsVersion) {
  const std::string folder = installed_programs().back().folder;
  EXPECT_EQ(find_programs(folder, 13).major, installed_programs().back().major);
  EXPECT_THROW(find_programs("/nonexistent", 13), Error);
}

TEST(ClientLaunch, ShowsNoPasswordAnywhereAndTheProgramReadsIt) {
  Server server;
  server.host = "db01";
  server.user = "backup";
  server.password = std::make_shared<Secret>("pass:w\\ord");
  // What libpq would do with PGPASSFILE.
  const ClientLaunch launch(
      server,
      {"sh",
       "-c",
       "stat -L -c %a-%F $PGPASSFILE; cat $PGPASSFILE; env; tr '\\0' ' ' </proc/self/cmdline"});
  const os::ProcessResult result = os::run_process(launch.process());
  EXPECT_EQ(result.exit_code, 0) << result.errors;
  EXPECT_THAT(result.output, HasSubstr("600-regular file\n*:*:*:*:pass\\:w\\\\ord\n"));
  EXPECT_THAT(result.output, HasSubstr("PGSSLMODE=verify-full\n"));
  EXPECT_THAT(result.output, HasSubstr("PWD=/\n"));
  const std::string rest = result.output.substr(result.output.find("ord\n") + 4);
  EXPECT_THAT(rest, Not(HasSubstr("pass:w")));
  EXPECT_THAT(rest, Not(HasSubstr("HOME=")));
}

TEST(ClientLaunch, QuotesTheDatabaseSoThatItsNameIsNoConnectionString) {
  Server server;
  server.host = "/run/postgresql";
  EXPECT_EQ(database_argument(server, "host=evil's"), "dbname='host=evil\\'s'");
  EXPECT_EQ(database_argument(server, "a\\b"), "dbname='a\\\\b'");
  server.host = "db01";
  EXPECT_THAT(database_argument(server, "a"), StartsWith("dbname='a' keepalives_idle=30 "));
}

TEST(ProgramWords, AreTheErrorsInOneLine) {
  const std::string errors =
      "pg_dump: warning: there are circular foreign-key constraints\n"
      "pg_dump: error: query failed: ERROR:  permission denied for table wages\n"
      "pg_dump: detail: Query was: LOCK TABLE public.wages IN ACCESS SHARE MODE\n";
  EXPECT_EQ(program_words(errors),
            "pg_dump: error: query failed: ERROR:  permission denied for table wages "
            "pg_dump: detail: Query was: LOCK TABLE public.wages IN ACCESS SHARE MODE");
  EXPECT_THAT(program_warnings(errors),
              ElementsAre("pg_dump: warning: there are circular foreign-key constraints"));
  EXPECT_EQ(program_words("something else\n"), "something else");
  EXPECT_LT(program_words(std::string(100000, 'x')).size(), 1000U);
  const Error error = explain_program(errors, text("postgres.nothing_chosen"));
  EXPECT_EQ(error.code(), ErrorCode::permission);
  EXPECT_EQ(error.retry(), Retry::no);
  EXPECT_EQ(
      explain_program("FATAL:  terminating connection due to administrator command", text("x"))
          .retry(),
      Retry::after_backoff);
  const Error conflict = explain_program(
      "ERROR:  canceling statement due to conflict with recovery", text("postgres.bad_facts"));
  EXPECT_EQ(conflict.retry(), Retry::after_backoff);
  EXPECT_THAT(render(*conflict.hint(), Language::en), HasSubstr("max_standby_streaming_delay"));
  EXPECT_EQ(
      explain_program("ERROR:  could not extend file: No space left on device", text("x")).code(),
      ErrorCode::no_space);
}

}  // namespace
}  // namespace hikae::postgres
