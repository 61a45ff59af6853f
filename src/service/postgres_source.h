// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <vector>

#include "concurrency/stop.h"
#include "policy/policy.h"
#include "postgres/live_clusters.h"
#include "postgres/server.h"
#include "service/environment.h"
#include "source/postgres_source.h"

// From the policy's words to a PostgreSQL source.
namespace hikae {

// Who connects where, by the policy: the socket or server that it names, else that of the running
// server of its data directory, else Debian's socket folder. Without `user` the role is `run_as`'s
// name, else "postgres"; root without `run_as` connects over a socket as the owner of the data
// directory, else as "postgres". Reads the password. Throws Error.
postgres::Server find_server(const policy::PostgresSource& source,
                             const Environment& environment,
                             const StopToken& stop);

// REQUIRES: source.postgres is given. The environment outlives the result.
std::unique_ptr<Source> make_postgres_source(const policy::Source& source,
                                             const Environment& environment,
                                             const StopToken& stop);

// A running cluster's data directory in a `files` source: it would be stored as pages of different
// moments, which no server can start from.
struct LiveClusterFinding {
  postgres::LiveCluster cluster;
  std::string path;  // of the source, that leads there
};
// Those that the source would read, also through links; what it excludes is none.
std::vector<LiveClusterFinding> live_clusters_in(const policy::Source& source,
                                                 const std::vector<postgres::LiveCluster>& running);
// The source that replaces it, and the line that excludes the folder, as YAML in a text.
Text replacing_yaml(const postgres::LiveCluster& cluster);
// Throws Error{invalid_argument} with that YAML when there is one now.
void refuse_live_clusters(const policy::Source& source);

// Nothing may be written among the files of a running server. Throws Error{already_exists} when the
// folder is, or lies in, the data directory of one.
void refuse_live_target(const std::string& target);

}  // namespace hikae
