// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "postgres/connection.h"
#include "postgres/dump_watcher.h"

// What hikae asks a server's catalogue, and how it writes that down.
namespace hikae::postgres {

// A session in one of the two databases that initdb makes; an administrator may have dropped the
// first. Throws Error.
struct AnywhereConnection {
  Connection connection;
  std::string database;
};
AnywhereConnection connect_anywhere(const Server& server, Log& log, const StopToken& stop);

// Whether the role that connected may do all. (A setting of the role may have made the session
// another's, which the options that a session begins with know nothing of.)
bool is_superuser(Connection& connection, const StopToken& stop);

// After a crash another process may have the number that a postmaster.pid names, and another server
// its port. Throws Error{not_found} when the session's server is known not to be the one of this
// data directory.
void require_cluster_of(Connection& connection,
                        const Server& server,
                        const std::string& data_directory,
                        const StopToken& stop);

struct DatabaseEntry {
  std::string name;
  bool allows_connections = true;
  bool is_template = false;
  std::uint64_t bytes = 0;  // 0: may not be asked
  bool is_valid = true;     // else DROP DATABASE was interrupted: it can only be dropped again
};

// All but template0. Throws Error.
std::vector<DatabaseEntry> list_databases(Connection& connection, const StopToken& stop);

// Those that the policy's words choose: "all", names, wildcards ("shop_*"), "!" takes back; the
// last word that fits decides; what is not valid only a plain name chooses. Pure. Throws Error when
// a plain name is not there, when one that was chosen is not valid or allows no connection (a dump
// would leave it out silently), or when nothing is left.
std::vector<DatabaseEntry> choose_databases(const std::vector<DatabaseEntry>& all,
                                            const std::vector<std::string>& words);

struct Extension {
  std::string name;
  std::string version;
};

// One database as it was when it was dumped.
struct DatabaseFacts {
  std::string name;
  std::string file;              // in the snapshot, beside the facts
  std::uint64_t bytes = 0;       // on the server's disk
  std::uint64_t dump_bytes = 0;  // of the file
  std::string owner;
  std::string tablespace;  // of what names none itself
  std::string encoding;
  std::string collate;
  std::string ctype;
  std::string provider;                  // of collations: "libc", "icu", "builtin"
  std::string locale;                    // of a provider other than libc
  std::string icu_rules;                 // more rules of an ICU locale, since 16
  std::string collation_version;         // as recorded; empty: the server does not record any
  std::string actual_collation_version;  // of the server's operating system
  std::uint64_t large_objects = 0;
  std::vector<Extension> extensions;
  std::vector<TableRows> tables;
  std::vector<std::string> warnings;  // pg_dump's own
  std::string properties;             // of a plain dump: database_properties() of restore.h
};

struct ClusterFacts {
  std::string server_version;  // "15.18 (Debian 15.18-0+deb12u1)"
  int dump_major = 0;          // of pg_dump
  DumpFormat format = DumpFormat::custom;
  std::string system_identifier;
  bool in_recovery = false;
  std::vector<DatabaseFacts> databases;
};

// The question about a database in the words of the server's version (150018); what an older server
// does not know is NULL. Pure.
std::string database_question(int server_version);
// All but file, dump_bytes, tables, warnings and properties, as the connection's database is in its
// transaction.
DatabaseFacts load_database_facts(Connection& connection, const StopToken& stop);
// What the cluster tells; without databases.
ClusterFacts load_cluster_facts(Connection& connection, const StopToken& stop);

// The JSON document that the snapshot holds. Pure.
std::string encode_facts(const ClusterFacts& facts);
// And back; members that this version does not know are ignored. Throws Error{corrupt}.
ClusterFacts parse_facts(std::string_view json);

// The file name of a database's dump: "database-shop.dump"; "/", "%" and control characters as %2F.
std::string dump_file_name(const std::string& database, DumpFormat format);
// And back; nullopt for another file.
std::optional<std::string> database_of_file(std::string_view file_name);

}  // namespace hikae::postgres
