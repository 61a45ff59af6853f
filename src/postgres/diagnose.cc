// SPDX-License-Identifier: Apache-2.0
#include "postgres/diagnose.h"

#include <algorithm>

#include "base/units.h"

namespace hikae::postgres {
namespace {

class Judge {
 public:
  Judge(const ServerObservation& seen, const DiagnoseOptions& options)
      : seen_(seen), options_(options) {}

  std::vector<Finding> take() && {
    if (seen_.no_connection) {
      find_failure(because(text("postgres_doctor.no_connection"), *seen_.no_connection),
                   seen_.no_connection->hint().value_or(text("postgres_doctor.connect_fix")));
      return std::move(findings_);
    }
    find_good(text("postgres_doctor.connected", {{"version", seen_.version}}));
    if (options_.logical == Wanted::yes) judge_logical();
    if (options_.physical == Wanted::yes) judge_physical();
    judge_health();
    return std::move(findings_);
  }

 private:
  void find_good(Text message) {
    findings_.push_back({Finding::Level::good, std::move(message), std::nullopt});
  }
  void find_hint(Text message, Text fix) {
    findings_.push_back({Finding::Level::hint, std::move(message), std::move(fix)});
  }
  void find_warning(Text message, Text fix) {
    findings_.push_back({Finding::Level::warning, std::move(message), std::move(fix)});
  }
  void find_failure(Text message, Text fix) {
    findings_.push_back({Finding::Level::failure, std::move(message), std::move(fix)});
  }

  static std::string joined(const std::vector<std::string>& names, std::uint64_t count) {
    std::string list;
    for (const std::string& name : names) list += (list.empty() ? "" : ", ") + name;
    return count > names.size() ? list + ", …" : list;
  }

  void judge_logical() {
    const std::string major = std::to_string(seen_.major);
    if (seen_.programs_major) {
      const Text::Arguments versions{{"version", std::to_string(*seen_.programs_major)},
                                     {"server", major}};
      if (*seen_.programs_major > seen_.major) {
        find_warning(text("postgres_doctor.newer_programs", versions),
                     text("postgres_doctor.newer_programs_fix", versions));
      } else {
        find_good(text("postgres_doctor.programs", versions));
      }
    } else {
      find_failure(text("postgres_doctor.no_programs", {{"version", major}}),
                   text("postgres_doctor.no_programs_fix", {{"version", major}}));
    }
    if (seen_.no_databases) {
      find_failure(because(text("postgres_doctor.databases"), *seen_.no_databases),
                   seen_.no_databases->hint().value_or(text("postgres_doctor.connect_fix")));
    }
    const std::size_t before = findings_.size();
    if (!seen_.reads_role_passwords) {
      find_failure(text("postgres_doctor.no_role_passwords"),
                   text("postgres_doctor.no_role_passwords_fix"));
    }
    for (const DatabaseRights& rights : seen_.databases) judge_rights(rights);
    if (findings_.size() == before && !seen_.no_databases) {
      find_good(text("postgres_doctor.all_readable",
                     {{"count", std::to_string(seen_.databases.size())}}));
    }
  }

  void judge_rights(const DatabaseRights& rights) {
    if (rights.unreadable_count > 0) {
      find_failure(text("postgres_doctor.unreadable",
                        {{"database", rights.name},
                         {"count", std::to_string(rights.unreadable_count)},
                         {"tables", joined(rights.unreadable, rights.unreadable_count)}}),
                   text("postgres_doctor.unreadable_fix"));
    }
    if (rights.row_security_count > 0 && !seen_.is_superuser && !seen_.bypasses_row_security) {
      find_failure(text("postgres_doctor.row_security",
                        {{"database", rights.name},
                         {"count", std::to_string(rights.row_security_count)},
                         {"tables", joined(rights.row_security, rights.row_security_count)}}),
                   text("postgres_doctor.row_security_fix"));
    }
    if (rights.large_objects_unreadable > 0 && !seen_.is_superuser) {
      find_failure(text("postgres_doctor.large_objects",
                        {{"database", rights.name},
                         {"count", std::to_string(rights.large_objects_unreadable)}}),
                   text("postgres_doctor.large_objects_fix"));
    }
    if (rights.subscriptions > 0 && !seen_.is_superuser) {
      find_warning(
          text("postgres_doctor.subscriptions",
               {{"database", rights.name}, {"count", std::to_string(rights.subscriptions)}}),
          text("postgres_doctor.subscriptions_fix"));
    }
    if (!rights.collation_recorded.empty() &&
        rights.collation_recorded != rights.collation_actual) {
      find_warning(text("postgres_doctor.collation",
                        {{"database", rights.name},
                         {"recorded", rights.collation_recorded},
                         {"actual", rights.collation_actual}}),
                   text("postgres_doctor.collation_fix", {{"database", rights.name}}));
    }
  }

  void judge_physical() {
    if (!seen_.may_replicate && !seen_.is_superuser)
      find_failure(text("postgres_doctor.no_replication"), text("postgres_doctor.replication_fix"));
    if (seen_.wal_level == "minimal")
      find_failure(text("postgres_doctor.wal_level"), text("postgres_doctor.wal_level_fix"));
    // One session brings the backup and its WAL.
    if (seen_.wal_senders_free < 1) {
      find_failure(text("postgres_doctor.wal_senders"), text("postgres_doctor.wal_senders_fix"));
    } else if (seen_.no_replication) {
      judge_replication(*seen_.no_replication);
    }
    if (seen_.replication_slots_free < 1) {
      find_failure(text("postgres_doctor.replication_slots"),
                   text("postgres_doctor.replication_slots_fix"));
    }
    judge_configuration();
  }

  void judge_configuration() {
    const std::string& file = seen_.outer_configuration;
    const bool is_kept =
        std::any_of(options_.files.begin(), options_.files.end(), [&](const std::string& kept) {
          return file == kept || file.starts_with(kept.ends_with('/') ? kept : kept + "/");
        });
    // Another host's files are that host's matter.
    if (file.empty() || is_kept || options_.data_directory.empty()) return;
    const std::string folder = file.substr(0, file.rfind('/'));
    find_hint(text("postgres_doctor.configuration", {{"folder", folder}}),
              text("postgres_doctor.configuration_fix", {{"folder", folder}}));
  }

  void judge_replication(const Error& error) {
    const Text fix = text("postgres_doctor.replication_session_fix");
    find_failure(because(text("postgres_doctor.no_replication_session"), error),
                 error.code() == ErrorCode::permission ? fix : error.hint().value_or(fix));
  }

  void judge_health() {
    if (!seen_.checksums)
      find_warning(text("postgres_doctor.no_checksums"), text("postgres_doctor.checksums_fix"));
    if (!seen_.sees_all_sessions && !seen_.is_superuser)
      find_hint(text("postgres_doctor.sessions_hidden"), text("postgres_doctor.sessions_fix"));
    for (const LongTransaction& old : seen_.long_transactions) {
      find_warning(
          text("postgres_doctor.long_transaction",
               {{"pid", std::to_string(old.pid)},
                {"user", old.user},
                {"database", old.database},
                {"age", format_duration(old.age)}}),
          text("postgres_doctor.long_transaction_fix", {{"pid", std::to_string(old.pid)}}));
    }
    if (seen_.prepared_transactions > 0) {
      find_warning(text("postgres_doctor.prepared",
                        {{"count", std::to_string(seen_.prepared_transactions)}}),
                   text("postgres_doctor.prepared_fix"));
    }
    for (const ServerDisk& disk : seen_.disks) judge_space(disk);
  }

  void judge_space(const ServerDisk& disk) {
    constexpr std::uint64_t kShare = 10;
    const Text::Arguments facts{{"folder", disk.folder},
                                {"free", format_bytes(disk.free)},
                                {"total", format_bytes(disk.total)}};
    if (disk.free >= disk.total / kShare) {
      find_good(text("postgres_doctor.space", facts));
    } else {
      find_warning(text("postgres_doctor.little_space", facts),
                   text("postgres_doctor.little_space_fix"));
    }
  }

  const ServerObservation& seen_;
  const DiagnoseOptions& options_;
  std::vector<Finding> findings_;
};

}  // namespace

std::vector<Finding> diagnose(const ServerObservation& observed, const DiagnoseOptions& options) {
  return Judge(observed, options).take();
}

}  // namespace hikae::postgres
