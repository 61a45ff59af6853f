// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/text.h"
#include "policy/notify_rules.h"
#include "policy/rate_rule.h"
#include "policy/retention.h"
#include "policy/secret_reference.h"

// The policy as the administrator wrote it, decoded and checked (DESIGN §3). Plain data: copy it
// freely, share it between threads as const. policy/load.h makes it; policy/table.cc is the one
// list of its keys.
namespace hikae::policy {

// Where in the policy file something is written; both count from 1, columns in characters. {0, 0}:
// not written there, a default.
struct Place {
  int line = 0;
  int column = 0;

  bool operator==(const Place&) const = default;
};

// When each job is due, in the words that parse_schedule() (schedule.h) understands; empty: not
// scheduled.
struct PolicySchedule {
  std::string backup;
  std::string check;
  std::string drill;
  std::string review;
  std::string prune = "weekly";
  std::chrono::seconds window = std::chrono::hours(6);  // retries of a slot end then
  // A slot older than this is missed instead of caught up; nothing: however old.
  std::optional<std::chrono::seconds> catch_up;

  bool operator==(const PolicySchedule&) const = default;
};

// Commands around a run, a source or a destination, each run by /bin/sh (service/hooks.h).
struct Hooks {
  std::vector<std::string> before;
  std::vector<std::string> after;
  std::vector<std::string> on_error;
  std::vector<std::string> finally;
  std::chrono::seconds timeout = std::chrono::hours(1);  // of each command

  bool operator==(const Hooks&) const = default;
};

enum class SourceKind { files, postgres, docker_volume, docker_postgres };
enum class Importance { critical, high, normal, low };
enum class Quiesce { none, pause, stop };

// The method words of a PostgreSQL source.
enum class PostgresMethod { logical, physical };
enum class PostgresFormat { custom, plain };
enum class PostgresSslMode { verify_full, verify_ca, require, prefer, disable };

struct PostgresSource {
  std::string data_directory;
  std::string host;
  int port = 5432;
  std::string user;
  std::string run_as;
  std::optional<SecretReference> password;
  std::vector<std::string> databases{"all"};
  std::vector<PostgresMethod> method{PostgresMethod::logical};
  PostgresFormat format = PostgresFormat::custom;
  PostgresSslMode sslmode = PostgresSslMode::verify_full;
  std::string ca_file;   // absolute path; empty: the system's authorities
  std::string programs;  // the folder of pg_dump; empty: by the server's version
  std::chrono::seconds lock_timeout = std::chrono::seconds(30);
  std::chrono::seconds statement_timeout = std::chrono::minutes(10);
  // How long others may wait for a lock that a dump holds; 0: for ever.
  std::chrono::seconds blocking_limit = std::chrono::minutes(5);
  std::optional<std::chrono::seconds> time_limit;  // of one database's dump

  bool operator==(const PostgresSource&) const = default;
};

struct DockerVolumeSource {
  std::string name;
  Quiesce quiesce = Quiesce::none;

  bool operator==(const DockerVolumeSource&) const = default;
};

struct DockerPostgresSource {
  std::string container;
  std::string user = "postgres";
  std::optional<SecretReference> password;
  std::vector<std::string> databases{"all"};

  bool operator==(const DockerPostgresSource&) const = default;
};

struct Objectives {
  std::optional<std::chrono::seconds> rpo;  // how much work may be lost
  std::optional<std::chrono::seconds> rto;  // how long a restore may take

  bool operator==(const Objectives&) const = default;
};

struct SourceSchedule {
  std::string backup;

  bool operator==(const SourceSchedule&) const = default;
};

// One thing to protect. Exactly one kind is given.
struct Source {
  std::string name;

  // SourceKind::files: absolute paths.
  std::vector<std::string> files;
  std::optional<PostgresSource> postgres;
  std::optional<DockerVolumeSource> docker_volume;
  std::optional<DockerPostgresSource> docker_postgres;

  // restic's pattern rules, "!" negates.
  std::vector<std::string> exclude;
  std::vector<std::string> iexclude;
  std::vector<std::string> exclude_file;
  // "NAME" or "NAME:HEADER", as restic's --exclude-if-present.
  std::vector<std::string> exclude_if_present;
  bool exclude_caches = false;
  std::optional<std::uint64_t> exclude_larger_than;  // bytes
  bool one_file_system = false;
  bool require_mount = false;
  bool allow_empty = false;

  Importance importance = Importance::normal;
  std::optional<SourceSchedule> schedule;
  std::optional<RetentionRules> retention;
  Objectives objectives;
  Hooks hooks;
  std::optional<Quiesce> quiesce;

  SourceKind kind() const;
  bool operator==(const Source&) const = default;
};

enum class ServerSideEncryption { aes256, aws_kms };
// automatic: by path at an endpoint of one's own, else by host name.
enum class S3Addressing { automatic, path, host };
enum class ObjectLockMode { governance, compliance };

struct ObjectLock {
  ObjectLockMode mode = ObjectLockMode::governance;
  std::chrono::seconds keep{};

  bool operator==(const ObjectLock&) const = default;
};

struct Credentials {
  std::string access_key_id;
  std::optional<SecretReference> secret_access_key;
  std::optional<SecretReference> session_token;
  std::string profile;
  std::string user;
  std::optional<SecretReference> password;

  bool operator==(const Credentials&) const = default;
};

// A part of a whole: per cent of it, or bytes. Both zero: nothing.
struct Share {
  int percent = 0;
  std::uint64_t bytes = 0;

  std::uint64_t of(std::uint64_t whole) const;
  bool operator==(const Share&) const = default;
};

// One repository to protect the sources in.
struct Destination {
  std::string name;
  std::string url;  // a path, restic's forms or a URL; contains no password
  bool require_mount = false;
  std::optional<RetentionRules> retention;
  std::vector<RateRule> limit_upload;  // empty: no limit
  std::vector<RateRule> limit_download;
  std::optional<int> connections;
  std::string endpoint;
  std::string region;
  std::string storage_class;
  S3Addressing addressing = S3Addressing::automatic;
  std::string ca_file;  // absolute path; empty: the system's authorities
  std::optional<ServerSideEncryption> server_side_encryption;
  std::string kms_key_id;
  std::optional<ObjectLock> object_lock;
  std::optional<Credentials> credentials;
  bool may_delete = true;  // false: this host never forgets or prunes here
  Share min_free{5, 0};    // with less room than this, people are told
  Hooks hooks;

  bool operator==(const Destination&) const = default;
};

enum class Cipher { aes_256 };
// any: what the store and the system's libraries agree on.
enum class TransportCipher { aes_256, any };
// shared: all destinations have one master key, so that blobs are encrypted once.
enum class KeySharing { shared, separate };

struct Encryption {
  Cipher at_rest = Cipher::aes_256;
  TransportCipher in_transit = TransportCipher::aes_256;
  SecretReference password;
  KeySharing keys = KeySharing::shared;

  bool operator==(const Encryption&) const = default;
};

struct RetryRule {
  int attempts = 3;  // in all, the first one included
  std::chrono::seconds wait = std::chrono::minutes(10);

  bool operator==(const RetryRule&) const = default;
};

enum class DrillGeneration { random, latest };

struct DrillRules {
  std::string directory;
  std::optional<int> files;               // how many files a drill restores
  std::optional<std::uint64_t> max_size;  // bytes that a drill reads at most, per destination
  DrillGeneration generation = DrillGeneration::random;

  bool operator==(const DrillRules&) const = default;
};

struct ReviewRules {
  std::string owner;
  std::string approver;

  bool operator==(const ReviewRules&) const = default;
};

struct Documents {
  std::string write_to;

  bool operator==(const Documents&) const = default;
};

struct EvidenceRules {
  std::optional<std::chrono::seconds> keep;  // nothing: 400 days

  bool operator==(const EvidenceRules&) const = default;
};

struct Limits {
  std::optional<std::uint64_t> memory;  // bytes
  std::optional<int> cpu;               // threads that compute
  std::optional<std::uint64_t> io;      // bytes per second read from the sources

  bool operator==(const Limits&) const = default;
};

struct PruneRules {
  // How much of a destination may lie unused, in per cent: with more, a backup is followed by a
  // prune at once. A prune leaves half of it at most, so that the next backup does not need one.
  int max_unused = 10;

  bool operator==(const PruneRules&) const = default;
};

// How much a source may change between two generations before deletion is frozen.
struct AnomalyRules {
  std::optional<int> max_shrink;  // per cent
  std::optional<int> max_growth;  // per cent

  bool operator==(const AnomalyRules&) const = default;
};

// Where else than in the log folder it is written what runs do.
struct LogRules {
  std::string classic;  // one file about the last run; empty: none
  std::uint64_t max_size = std::uint64_t{10} * 1024 * 1024;  // bytes of a log file before the next
  int keep = 14;                                             // older log files

  bool operator==(const LogRules&) const = default;
};

// For Prometheus.
struct MetricsRules {
  std::string textfile;       // a file, or the folder of node_exporter's collector; empty: none
  bool restic_names = false;  // also the names that dashboards for restic use
  std::string listen;  // where `hikae serve` shows them: PORT or ADDRESS:PORT; empty: nowhere

  bool operator==(const MetricsRules&) const = default;
};

struct Policy {
  int version = 1;
  std::string name;
  Language language = Language::en;
  std::string timezone;
  std::vector<Source> sources;            // in file order
  std::vector<Destination> destinations;  // in file order
  Encryption encryption;
  PolicySchedule schedule;
  std::optional<RetentionRules> retention;  // nothing: nothing is deleted
  RetryRule retry;
  Notify notify;
  PruneRules prune;
  DrillRules drill;
  ReviewRules review;
  Documents documents;
  EvidenceRules evidence;
  Limits limits;
  Hooks hooks;
  AnomalyRules anomaly;
  LogRules logs;
  MetricsRules metrics;

  // The place of every key that the file gives, by its path: "schedule.backup",
  // "sources.fileshare.files". An element of a list has no path of its own.
  std::map<std::string, Place, std::less<>> places;
};

// {0, 0} when the file does not give that key.
Place place_of(const Policy& policy, std::string_view path);

// nullptr when there is none of that name.
const Source* find_source(const Policy& policy, std::string_view name);
const Destination* find_destination(const Policy& policy, std::string_view name);

// The rules for one source in one destination: the source's own, else the destination's own, else
// the policy's; nothing where nothing may be deleted (no rules, or `may_delete: false`).
std::optional<RetentionRules> retention_for(const Policy& policy,
                                            const Source& source,
                                            const Destination& destination);

// When that source's backup is due: its own schedule, else the policy's.
const std::string& backup_schedule_of(const Policy& policy, const Source& source);

}  // namespace hikae::policy
