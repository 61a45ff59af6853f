// SPDX-License-Identifier: Apache-2.0
#include "journal/journal.h"

#include <mutex>
#include <type_traits>

#include "journal/database.h"
#include "journal/lenient.h"

namespace hikae {
namespace {

std::int64_t to_number(Instant time) {
  return time.time_since_epoch().count();
}
Instant to_instant(std::int64_t number) {
  return Instant(std::chrono::nanoseconds(number));
}
// A column holds 63 bits; no size reaches beyond.
std::int64_t to_column(std::uint64_t number) {
  return static_cast<std::int64_t>(number);
}

Verdict to_verdict(const std::string& word) {
  for (const Verdict verdict : {Verdict::ok, Verdict::warning, Verdict::partial}) {
    if (to_string(verdict) == word) return verdict;
  }
  return Verdict::failed;
}

constexpr const char* kRunColumns =
    "SELECT id, policy, job, slot_group, scheduled, started, finished, verdict, message FROM run ";
constexpr const char* kItemColumns =
    "SELECT source, destination, item.verdict, snapshot, files, bytes, bytes_stored, unreadable, "
    "item.message, item.sealed FROM item ";

RunRecord read_run(SQLite::Statement& row) {
  RunRecord run;
  run.id = row.getColumn(0).getString();
  run.policy = row.getColumn(1).getString();
  run.slot.job = row.getColumn(2).getString();
  run.slot.group = row.getColumn(3).getString();
  run.slot.scheduled = to_instant(row.getColumn(4).getInt64());
  run.started = to_instant(row.getColumn(5).getInt64());
  if (!row.getColumn(6).isNull()) run.finished = to_instant(row.getColumn(6).getInt64());
  if (!row.getColumn(7).isNull()) run.verdict = to_verdict(row.getColumn(7).getString());
  run.message = row.getColumn(8).getString();
  return run;
}

RunItem read_item(SQLite::Statement& row) {
  RunItem item;
  item.source = row.getColumn(0).getString();
  item.destination = row.getColumn(1).getString();
  item.verdict = to_verdict(row.getColumn(2).getString());
  item.snapshot = row.getColumn(3).getString();
  item.files = static_cast<std::uint64_t>(row.getColumn(4).getInt64());
  item.bytes = static_cast<std::uint64_t>(row.getColumn(5).getInt64());
  item.bytes_stored = static_cast<std::uint64_t>(row.getColumn(6).getInt64());
  item.unreadable = static_cast<std::uint64_t>(row.getColumn(7).getInt64());
  item.message = row.getColumn(8).getString();
  if (!row.getColumn(9).isNull()) item.sealed = to_instant(row.getColumn(9).getInt64());
  return item;
}

DeletionRecord read_deletion(SQLite::Statement& row) {
  DeletionRecord deletion;
  deletion.time = to_instant(row.getColumn(0).getInt64());
  deletion.run = row.getColumn(1).getString();
  deletion.policy = row.getColumn(2).getString();
  deletion.source = row.getColumn(3).getString();
  deletion.destination = row.getColumn(4).getString();
  deletion.snapshot = row.getColumn(5).getString();
  deletion.snapshot_time = to_instant(row.getColumn(6).getInt64());
  deletion.rule = row.getColumn(7).getString();
  return deletion;
}

ConnectionRecord read_connection(SQLite::Statement& row) {
  ConnectionRecord connection;
  connection.destination = row.getColumn(0).getString();
  connection.protocol = row.getColumn(1).getString();
  connection.cipher = row.getColumn(2).getString();
  connection.is_aes_256 = row.getColumn(3).getInt() != 0;
  return connection;
}

// One kind of request; rows of one destination follow each other and are joined by join_requests().
ConnectionRecord read_requests(SQLite::Statement& row) {
  ConnectionRecord connection;
  connection.destination = row.getColumn(0).getString();
  connection.requests.push_back({row.getColumn(1).getString(),
                                 static_cast<std::uint64_t>(row.getColumn(2).getInt64()),
                                 static_cast<std::uint64_t>(row.getColumn(3).getInt64()),
                                 static_cast<std::uint64_t>(row.getColumn(4).getInt64())});
  return connection;
}

std::vector<ConnectionRecord> join_requests(std::vector<ConnectionRecord> rows) {
  std::vector<ConnectionRecord> joined;
  for (ConnectionRecord& row : rows) {
    if (joined.empty() || joined.back().destination != row.destination) {
      joined.push_back(std::move(row));
    } else {
      joined.back().requests.push_back(std::move(row.requests.front()));
    }
  }
  return joined;
}

void bind_values(SQLite::Statement&, int) {}

template <typename First, typename... Rest>
void bind_values(SQLite::Statement& statement,
                 int position,
                 const First& first,
                 const Rest&... rest) {
  statement.bind(position, first);
  bind_values(statement, position + 1, rest...);
}

class SqliteJournal final : public Journal {
 public:
  explicit SqliteJournal(std::unique_ptr<SQLite::Database> database)
      : database_(std::move(database)) {}

  std::string begin_run(const std::string& policy, const SlotId& slot, Instant started) override {
    return guarded([&] {
      // RETURNING is stepped to its end: only then is the change committed.
      SQLite::Statement insert(*database_,
                               "INSERT INTO run (id, policy, job, slot_group, scheduled, started, "
                               "message) VALUES (lower(hex(randomblob(8))), ?, ?, ?, ?, ?, '') "
                               "RETURNING id");
      bind_values(
          insert, 1, policy, slot.job, slot.group, to_number(slot.scheduled), to_number(started));
      std::string id;
      while (insert.executeStep()) id = insert.getColumn(0).getString();
      return id;
    });
  }

  void add_item(const std::string& run, const RunItem& item) override {
    guarded([&] { insert_item(run, item); });
  }

  void add_connection(const std::string& run, const ConnectionRecord& connection) override {
    guarded([&] {
      SQLite::Transaction transaction(*database_, SQLite::TransactionBehavior::IMMEDIATE);
      execute(
          "INSERT INTO connection (run, destination, protocol, cipher, is_aes_256) "
          "VALUES (?, ?, ?, ?, ?)",
          run,
          connection.destination,
          connection.protocol,
          connection.cipher,
          connection.is_aes_256 ? 1 : 0);
      for (const ConnectionRecord::Requests& kind : connection.requests) {
        execute(
            "INSERT INTO request (run, destination, kind, requests, bytes_sent, bytes_received) "
            "VALUES (?, ?, ?, ?, ?, ?)",
            run,
            connection.destination,
            kind.kind,
            to_column(kind.requests),
            to_column(kind.bytes_sent),
            to_column(kind.bytes_received));
      }
      transaction.commit();
    });
  }

  void finish_run(const std::string& run,
                  Instant finished,
                  Verdict verdict,
                  const std::string& message) override {
    const int changed = guarded([&] {
      return execute("UPDATE run SET finished = ?, verdict = ?, message = ? WHERE id = ?",
                     to_number(finished),
                     std::string(to_string(verdict)),
                     message,
                     run);
    });
    if (changed == 0)
      throw Error(ErrorCode::not_found, text("journal.unknown_run", {{"run", run}}));
  }

  Recorded record_run(const RunRecord& run, const std::vector<RunItem>& items) override {
    return guarded([&] {
      SQLite::Transaction transaction(*database_, SQLite::TransactionBehavior::IMMEDIATE);
      if (insert_run(run) == 0) return Recorded::was_known;
      for (const RunItem& item : items) insert_item(run.id, item);
      transaction.commit();
      return Recorded::added;
    });
  }

  void add_deletion(const DeletionRecord& deletion) override {
    guarded([&] {
      execute(
          "INSERT INTO deletion (time, run, policy, source, destination, snapshot, "
          "snapshot_time, rule) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
          to_number(deletion.time),
          deletion.run,
          deletion.policy,
          deletion.source,
          deletion.destination,
          deletion.snapshot,
          to_number(deletion.snapshot_time),
          deletion.rule);
    });
  }

  std::vector<RunRecord> runs(const std::string& policy, std::size_t limit) override {
    return select<RunRecord>(
        std::string(kRunColumns) + "WHERE policy = ? ORDER BY started DESC, rowid DESC LIMIT ?",
        read_run,
        policy,
        to_column(limit));
  }

  std::vector<RunItem> items(const std::string& run) override {
    return select<RunItem>(
        std::string(kItemColumns) + "WHERE run = ? ORDER BY number", read_item, run);
  }

  std::vector<ConnectionRecord> connections(const std::string& run) override {
    std::vector<ConnectionRecord> found = select<ConnectionRecord>(
        "SELECT destination, protocol, cipher, is_aes_256 FROM connection WHERE run = ? ORDER BY "
        "destination",
        read_connection,
        run);
    for (ConnectionRecord& connection : found) {
      std::vector<ConnectionRecord> requests = join_requests(select<ConnectionRecord>(
          "SELECT destination, kind, requests, bytes_sent, bytes_received FROM request WHERE run = "
          "? AND destination = ? ORDER BY kind",
          read_requests,
          run,
          connection.destination));
      if (!requests.empty()) connection.requests = std::move(requests.front().requests);
    }
    return found;
  }

  std::vector<ConnectionRecord> total_requests(const std::string& policy, Instant since) override {
    return join_requests(select<ConnectionRecord>(
        "SELECT destination, kind, sum(requests), sum(bytes_sent), sum(bytes_received) FROM "
        "request JOIN run ON run.id = request.run WHERE policy = ? AND started >= ? GROUP BY "
        "destination, kind ORDER BY destination, kind",
        read_requests,
        policy,
        to_number(since)));
  }

  std::vector<DeletionRecord> deletions(const std::string& policy, std::size_t limit) override {
    return select<DeletionRecord>(
        "SELECT time, run, policy, source, destination, snapshot, snapshot_time, rule FROM "
        "deletion WHERE policy = ? ORDER BY time DESC, number DESC LIMIT ?",
        read_deletion,
        policy,
        to_column(limit));
  }

  std::optional<RunItem> last_item(const std::string& policy,
                                   const std::string& source,
                                   const std::string& destination) override {
    std::vector<RunItem> found = select<RunItem>(
        std::string(kItemColumns) +
            "JOIN run ON run.id = item.run WHERE policy = ? AND source = ? AND destination = ? "
            "ORDER BY started DESC, number DESC LIMIT 1",
        read_item,
        policy,
        source,
        destination);
    if (found.empty()) return std::nullopt;
    return std::move(found.front());
  }

 private:
  // One thread at a time, and errors in our words.
  template <typename Work>
  std::invoke_result_t<Work> guarded(Work work) {
    const std::lock_guard lock(mutex_);
    try {
      return work();
    } catch (const SQLite::Exception& exception) {
      throw journal::to_error(exception);
    }
  }

  // REQUIRES: within guarded().
  template <typename... Values>
  int execute(const char* sql, const Values&... values) {
    SQLite::Statement statement(*database_, sql);
    bind_values(statement, 1, values...);
    return statement.exec();
  }

  int insert_run(const RunRecord& run) {
    SQLite::Statement insert(
        *database_,
        "INSERT OR IGNORE INTO run (id, policy, job, slot_group, scheduled, "
        "started, finished, verdict, message) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)");
    bind_values(insert,
                1,
                run.id,
                run.policy,
                run.slot.job,
                run.slot.group,
                to_number(run.slot.scheduled),
                to_number(run.started));
    if (run.finished) insert.bind(7, to_number(*run.finished));
    if (run.verdict) insert.bind(8, std::string(to_string(*run.verdict)));
    insert.bind(9, run.message);
    return insert.exec();
  }

  void insert_item(const std::string& run, const RunItem& item) {
    SQLite::Statement insert(
        *database_,
        "INSERT INTO item (run, source, destination, verdict, snapshot, files, bytes, "
        "bytes_stored, unreadable, message, sealed) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
    bind_values(insert,
                1,
                run,
                item.source,
                item.destination,
                std::string(to_string(item.verdict)),
                item.snapshot,
                to_column(item.files),
                to_column(item.bytes),
                to_column(item.bytes_stored),
                to_column(item.unreadable),
                item.message);
    if (item.sealed) insert.bind(11, to_number(*item.sealed));
    insert.exec();
  }

  template <typename Record, typename... Values>
  std::vector<Record> select(const std::string& sql,
                             Record (*read)(SQLite::Statement&),
                             const Values&... values) {
    return guarded([&] {
      SQLite::Statement query(*database_, sql);
      bind_values(query, 1, values...);
      std::vector<Record> records;
      while (query.executeStep()) records.push_back(read(query));
      return records;
    });
  }

  std::mutex mutex_;
  std::unique_ptr<SQLite::Database> database_;
};

}  // namespace

std::unique_ptr<Journal> Journal::open(const std::string& state_directory,
                                       const Clock& clock,
                                       Log& log) {
  return std::make_unique<SqliteJournal>(journal::open_database(state_directory, clock, log));
}

std::unique_ptr<Journal> Journal::open_lenient(const std::string& state_directory,
                                               const Clock& clock,
                                               Log& log) {
  auto in_memory = [] { return std::make_unique<SqliteJournal>(journal::open_memory_database()); };
  try {
    return journal::make_lenient(open(state_directory, clock, log), in_memory, log);
  } catch (const Error& error) {
    if (error.code() == ErrorCode::unsupported) throw;
    journal::warn_unrecorded(log, error);
  }
  return in_memory();
}

}  // namespace hikae
