// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <set>
#include <string>
#include <vector>

#include "postgres/catalog.h"
#include "postgres/programs.h"

// Logical dumps back into a server: decided first, then done.
namespace hikae::postgres {

// NAME or NAME=NEWNAME of the command line. Throws Error{invalid_argument} when a name is empty.
struct RestoreWish {
  std::string database;
  std::string target;
};
RestoreWish parse_wish(const std::string& argument);
// Every database of the snapshot under its own name.
std::vector<RestoreWish> wish_all(const ClusterFacts& facts);

// A database that is on the server already.
struct ExistingDatabase {
  std::string name;
  bool is_empty = false;  // nobody has made anything in it
};
// Looks into each database of `names` that exists.
std::vector<ExistingDatabase> find_existing(const Server& server,
                                            const std::vector<std::string>& names,
                                            Log& log,
                                            const StopToken& stop);

struct RestoreStep {
  DatabaseFacts facts;  // of the dump
  std::string target;
  enum class How { create, fill_empty } how = How::create;
};
// What will be done. Pure. Throws Error not_found for a database that the snapshot has not,
// already_exists for a target that holds anything, invalid_argument for two with one target,
// unsupported when the server is older than the one that was dumped.
std::vector<RestoreStep> plan_databases(const ClusterFacts& facts,
                                        const std::vector<RestoreWish>& wishes,
                                        const std::vector<ExistingDatabase>& existing,
                                        int server_major);

// The globals without what the server has already: its roles keep their passwords and rights. Pure.
struct GlobalsPlan {
  std::string sql;
  std::vector<std::string> kept;  // roles and tablespaces that were there
};
GlobalsPlan plan_globals(std::string_view sql, const std::set<std::string>& existing);
// Roles and tablespaces of the server.
std::set<std::string> find_globals(Connection& connection, const StopToken& stop);

// Of what `pg_restore --create` would run, the statements about the database itself (settings,
// rights, comment), for the name `target`. Pure.
std::string database_properties(std::string_view sql,
                                const std::string& database,
                                const std::string& target);

enum class Owners { keep, drop };  // drop: everything belongs to who restores
struct RestoreTools {
  const Server& server;
  const Programs& programs;
  DumpFormat format = DumpFormat::custom;
  int jobs = 1;
  Owners owners = Owners::keep;
  Log& log;
};
// Runs the SQL in the maintenance database `database`; the first mistake ends it. Throws Error.
void apply_globals(const RestoreTools& tools,
                   const GlobalsPlan& plan,
                   const std::string& database,
                   const StopToken& stop);
// Makes the database if it is not there, and fills it from `file`, which server.run_as can read.
// After an error what it made is dropped again. Throws Error with pg_restore's own words.
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
