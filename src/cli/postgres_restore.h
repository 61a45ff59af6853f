// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "cli/session.h"

namespace hikae::cli {

// What `hikae postgres restore` was asked for.
struct PostgresRestoreOptions {
  std::string snapshot;  // "latest", an id; empty: the source's newest
  std::string source;    // empty: the policy's only one, or the one that the snapshot is of
  bool dry_run = false;

  // Physical: into an empty folder.
  std::string target;                       // the new data directory
  std::vector<std::string> tablespace_map;  // OLD=NEW

  // Logical: into a server.
  std::vector<std::string> databases;  // NAME or NAME=NEWNAME
  bool all = false;
  bool globals = false;
  bool no_owner = false;
  bool no_tablespaces = false;
  bool skip_existing = false;
  bool verify = false;
  std::string data_directory;  // of the server; it and the rest: else as the policy says
  std::string host;
  int port = 0;
  std::string user;
  std::string run_as;
  std::string server_password;  // the file that holds it
  std::string ca_file;          // of the server's certificate
  std::string programs;
  int jobs = 0;           // 0: as many as CPUs
  std::string temporary;  // where dumps lie meanwhile
};

// Databases into a server; returns the exit code.
int restore_databases(const Session& session, const PostgresRestoreOptions& options);

}  // namespace hikae::cli
