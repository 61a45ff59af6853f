// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/log.h"
#include "concurrency/stop.h"
#include "postgres/dump_watcher.h"
#include "postgres/server.h"
#include "source/source.h"

namespace hikae {

// What of a PostgreSQL cluster is stored, and how. The snapshot's tree:
//   /postgres/logical/database-NAME.dump   one for each database (.sql for plain SQL)
//   /postgres/logical/facts.json           what postgres/catalog.h tells of them
//   /postgres/logical/globals.sql          roles, tablespaces: pg_dumpall --globals-only
//   /postgres/physical/…                   the data directory, ready to start
struct PostgresOptions {
  postgres::Server server;  // host and port come from data_directory, if that is given
  std::string data_directory;
  std::vector<std::string> databases{"all"};
  bool logical = true;
  bool physical = false;
  postgres::DumpFormat format = postgres::DumpFormat::custom;
  std::string programs;  // the folder of pg_dump; empty: found by the server's version
  std::chrono::milliseconds blocking_limit{0};  // of who waits for a dump's locks; 0: none
  std::chrono::milliseconds time_limit{0};      // of one database's dump; 0: none
  std::int32_t utc_offset = 0;  // of this host, seconds east, for the times of files
};

// A cluster that is read while it works. Each database's dump is a stream of one pg_dump, in one
// transaction with what its facts tell; as many at once as the backup has readers. Any failure is
// the whole source's. Nothing is connected before open_root(). The clock and the log outlive it.
std::unique_ptr<Source> make_postgres_source(PostgresOptions options,
                                             const Clock& clock,
                                             Log& log,
                                             const StopToken& stop);

}  // namespace hikae
