// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>

#include "concurrency/guarded.h"
#include "postgres/catalog.h"
#include "postgres/programs.h"
#include "source/postgres_source.h"

namespace hikae {

// What the parts of one backup of a cluster share. Thread-safe.
class PostgresRun {
 public:
  PostgresRun(const PostgresOptions& of, const Clock& by, Log& to, const StopToken& when)
      : options(of), clock(by), log(to), link_(when, Forward{&stop_}) {}

  const PostgresOptions& options;  // with host and port
  const Clock& clock;
  Log& log;
  // Set before any part works.
  std::string maintenance_database;  // one that is always there
  int server_version = 0;
  postgres::Programs programs;
  postgres::ClusterFacts cluster;
  std::vector<postgres::DatabaseEntry> databases;

  // Ends all parts: asked from outside, or because one of them failed.
  StopToken stop() const { return stop_.get_token(); }
  void give_up() { stop_.request_stop(); }

  // A database was dumped whole.
  void add(postgres::DatabaseFacts facts);
  // Those of all databases, in the order of names; waits for them. Throws Cancelled.
  postgres::ClusterFacts wait_for_facts();
  bool has_all_facts();

  // A node as the snapshot holds it; the times are now.
  format::Node make_node(const std::string& name, format::NodeType type, std::uint64_t size) const;

 private:
  struct Forward {
    std::stop_source* source;
    void operator()() const { source->request_stop(); }
  };
  std::stop_source stop_;
  Guarded<std::map<std::string, postgres::DatabaseFacts>> facts_;
  std::stop_callback<Forward> link_;  // last: gone before what it stops
};

// The files of /postgres/logical. Each may be opened once.
std::unique_ptr<SourceFile> open_database_dump(PostgresRun& run, const std::string& database);
std::unique_ptr<SourceFile> open_globals_dump(PostgresRun& run);
std::unique_ptr<SourceFile> open_facts_file(PostgresRun& run);

// /postgres/physical, a streamed folder. The run outlives it.
std::unique_ptr<SourceDirectory> open_physical_folder(PostgresRun& run);

}  // namespace hikae
