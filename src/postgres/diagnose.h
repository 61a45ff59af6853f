// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "postgres/connection.h"

// Whether a backup of a server will work and a restore of it can be trusted, before it is tried;
// for `hikae doctor`. observe_server() asks, diagnose() judges.
namespace hikae::postgres {

enum class Wanted { no, yes };
struct DiagnoseOptions {
  std::vector<std::string> databases{"all"};  // the policy's words
  Wanted logical = Wanted::yes;
  Wanted physical = Wanted::no;
  std::string data_directory;      // of this host; empty: not looked at
  std::string programs;            // the policy's folder; empty: those installed
  std::vector<std::string> files;  // what the policy backs up as files
  std::chrono::seconds long_transaction = std::chrono::hours(1);  // is one that is open longer
};

// What a role may not read of one database.
struct DatabaseRights {
  std::string name;
  std::vector<std::string> unreadable;  // tables without SELECT, the first few
  std::uint64_t unreadable_count = 0;
  std::vector<std::string> row_security;  // tables whose policies would hide rows from the role
  std::uint64_t row_security_count = 0;
  std::uint64_t large_objects_unreadable = 0;
  std::uint64_t subscriptions = 0;  // which only a superuser may dump
  std::string collation_recorded;
  std::string collation_actual;
};

struct LongTransaction {
  int pid = 0;
  std::string user;
  std::string database;
  std::chrono::seconds age{};
};

// A file system that the server writes to.
struct ServerDisk {
  std::string folder;      // the first of the server's folders that lies there
  std::uint64_t free = 0;  // bytes
  std::uint64_t total = 0;
};

struct ServerObservation {
  std::optional<Error> no_connection;   // then nothing else is known
  std::optional<Error> no_databases;    // what the policy names is not there
  std::optional<Error> no_replication;  // of a role that may: pg_hba.conf does not let it in
  std::string version;                  // "15.18 (Debian …)"
  int major = 0;
  std::uint64_t bytes = 0;            // of the databases whose size may be asked
  std::optional<int> programs_major;  // of the pg_dump that would be used; nothing: none fits
  bool is_superuser = false;
  bool bypasses_row_security = false;
  bool reads_all_data = false;
  bool reads_role_passwords = false;  // pg_authid, for pg_dumpall --globals-only
  bool sees_all_sessions = false;     // when the transactions of others began
  bool may_replicate = false;
  bool checksums = false;
  bool in_recovery = false;
  std::string wal_level;
  std::string outer_configuration;  // postgresql.conf outside of the data directory; empty: not
                                    // outside, or not told to the role
  std::int64_t wal_senders_free = 0;
  std::int64_t replication_slots_free = 0;
  std::uint64_t prepared_transactions = 0;
  std::vector<LongTransaction> long_transactions;
  std::vector<DatabaseRights> databases;
  std::vector<ServerDisk> disks;  // of the data directory, its WAL and its tablespaces
};

// Asks the server; a failure to connect is data. Opens one session to each database that is chosen.
// Throws only Cancelled.
ServerObservation observe_server(const Server& server,
                                 const DiagnoseOptions& options,
                                 Log& log,
                                 const StopToken& stop);

struct Finding {
  enum class Level {
    good,
    hint,     // nothing is known to be wrong
    warning,  // a backup works; something should be seen to
    failure,  // a backup will fail
  };
  Level level = Level::good;
  Text message;
  std::optional<Text> fix;  // what to do; given for all but good
};
// Pure. Never empty.
std::vector<Finding> diagnose(const ServerObservation& observed, const DiagnoseOptions& options);

}  // namespace hikae::postgres
