// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <compare>
#include <set>
#include <string>
#include <vector>

#include "postgres/catalog.h"
#include "postgres/programs.h"

// Logical dumps back into a server: decided first, then done.
namespace hikae::postgres {

enum class Owners { keep, drop };         // drop: everything belongs to who restores
enum class Tablespaces { keep, ignore };  // ignore: everything lies in the default one

// NAME or NAME=NEWNAME of the command line; a name of the snapshot may itself hold "=". Throws
// Error{invalid_argument} when a name is empty or longer than the server has room for, or when
// another database would become the pattern of all new ones.
struct RestoreWish {
  std::string database;
  std::string target;
};
RestoreWish parse_wish(const std::string& argument, const ClusterFacts& facts);
// Every database of the snapshot under its own name.
std::vector<RestoreWish> wish_all(const ClusterFacts& facts);

// A database that is on the server already.
struct ExistingDatabase {
  std::string name;
  bool is_empty = false;  // nobody has made anything in it
  // A restore made it and did not come to its end, and nobody is in it.
  bool is_unfinished = false;
  // It was empty, and a restore into it did not come to its end.
  bool is_half_filled = false;
  DatabaseFacts facts{};  // how it sorts and compares
};
// Looks into each database of `names` that exists.
std::vector<ExistingDatabase> find_existing(const Server& server,
                                            const std::vector<std::string>& names,
                                            Log& log,
                                            const StopToken& stop);

struct RestoreStep {
  DatabaseFacts facts;  // of the dump
  std::string target;
  // make_anew: what an unfinished restore left is dropped first. skip: it is there, and stays.
  enum class How { create, fill_empty, make_anew, skip } how = How::create;
  DatabaseFacts there{};  // of the empty database that is filled
};
enum class IfExists { refuse, skip };  // a database that holds anything

// What will be done. Pure. Throws Error not_found for a database that the snapshot has not,
// already_exists for a target that holds anything (unless it is skipped) or is half-filled,
// invalid_argument for two with one target, unsupported when the server is older than the one that
// was dumped.
std::vector<RestoreStep> plan_databases(const ClusterFacts& facts,
                                        const std::vector<RestoreWish>& wishes,
                                        const std::vector<ExistingDatabase>& existing,
                                        int server_major,
                                        IfExists if_exists = IfExists::refuse);

// An empty database that is filled may encode, sort and compare otherwise than the dumped one did:
// what a unique index takes, and the order of answers, are then other ones. nullopt: it does not.
// Pure.
std::optional<Text> other_locale(const RestoreStep& step);

// What makes the step's database on a server of that version that has these tablespaces. Nothing of
// how it sorts and compares is left to the server's own choice, which may be another. Pure.
std::string create_statement(const RestoreStep& step,
                             int server_major,
                             const std::set<std::string>& tablespaces);

// Roles and tablespaces of a server. One may have the name of the other.
struct ExistingGlobals {
  std::set<std::string> roles;
  std::set<std::string> tablespaces;
};

// The globals without the statements about what the server has already: its roles and tablespaces
// keep their passwords, settings and rights, and get no new ones. All about roles is one
// transaction, so that one that fails can be given again; tablespaces, which no transaction can
// make, follow one by one. Pure.
struct GlobalName {
  enum class Kind { role, tablespace } kind = Kind::role;
  std::string name;
  auto operator<=>(const GlobalName&) const = default;
};
struct GlobalsPlan {
  std::string sql;
  std::vector<GlobalName> made;
  std::vector<GlobalName> kept;  // those that were there
};
GlobalsPlan plan_globals(std::string_view sql,
                         const ExistingGlobals& existing,
                         Tablespaces tablespaces = Tablespaces::keep);
ExistingGlobals find_globals(Connection& connection, const StopToken& stop);

// Of the SQL of a dump with --create the statements about the database itself (settings, rights,
// comment), for the name `target`; none about its owner, and with Owners::drop none that name a
// role. Its own output can be given again. Pure.
std::string database_properties(std::string_view sql,
                                const std::string& database,
                                const std::string& target,
                                Owners owners = Owners::keep);

struct RestoreTools {
  const Server& server;
  const Programs& programs;
  DumpFormat format = DumpFormat::custom;
  int jobs = 1;
  Owners owners = Owners::keep;
  Log& log;
  Tablespaces tablespaces = Tablespaces::keep;
};
// Runs the SQL in the maintenance database `database`; the first mistake ends it. Throws Error.
void apply_globals(const RestoreTools& tools,
                   const GlobalsPlan& plan,
                   const std::string& database,
                   const StopToken& stop);
// Makes the database if it is not there, and fills it from `file`, which server.run_as can read.
// Until it is whole its comment says that it is unfinished. After an error what it made is dropped
// again, with the sessions in it; a server that restarts is waited for. What could not be dropped
// the same step makes anew, once it is planned again. Throws Error with pg_restore's own words.
void apply_step(const RestoreTools& tools,
                const RestoreStep& step,
                const std::string& file,
                const std::string& maintenance_database,
                const StopToken& stop);
// Counts the rows of every table that the dump knows; the tables where they differ from the dump.
struct RowDifference {
  TableRows expected;
  std::uint64_t found = 0;
};
std::vector<RowDifference> compare_rows(const RestoreTools& tools,
                                        const RestoreStep& step,
                                        const StopToken& stop);

}  // namespace hikae::postgres
