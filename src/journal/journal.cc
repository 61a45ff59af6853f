// SPDX-License-Identifier: Apache-2.0
#include "journal/journal.h"

#include "journal/database.h"
#include "journal/lenient.h"
#include "journal/notice_queue.h"
#include "journal/slot_ledger.h"
#include "journal/store.h"

namespace hikae {
namespace {

using journal::Store;
using journal::to_column;
using journal::to_instant;
using journal::to_number;
using journal::to_verdict;

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

DestinationFigure read_figure(SQLite::Statement& row) {
  DestinationFigure figure;
  figure.destination = row.getColumn(0).getString();
  figure.source = row.getColumn(1).getString();
  figure.name = row.getColumn(2).getString();
  figure.value = static_cast<std::uint64_t>(row.getColumn(3).getInt64());
  figure.seen = to_instant(row.getColumn(4).getInt64());
  return figure;
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

class SqliteJournal final : public Journal {
 public:
  explicit SqliteJournal(std::unique_ptr<SQLite::Database> database)
      : store_(std::move(database)),
        ledger_(journal::make_slot_ledger(store_)),
        notices_(journal::make_notice_queue(store_)) {}

  std::string begin_run(const std::string& policy, const SlotId& slot, Instant started) override {
    return store_.guarded([&] {
      // RETURNING is stepped to its end: only then is the change committed.
      SQLite::Statement insert(store_.database(),
                               "INSERT INTO run (id, policy, job, slot_group, scheduled, started, "
                               "message) VALUES (lower(hex(randomblob(8))), ?, ?, ?, ?, ?, '') "
                               "RETURNING id");
      Store::bind_values(
          insert, 1, policy, slot.job, slot.group, to_number(slot.scheduled), to_number(started));
      std::string id;
      while (insert.executeStep()) id = insert.getColumn(0).getString();
      return id;
    });
  }

  void add_item(const std::string& run, const RunItem& item) override {
    store_.guarded([&] { insert_item(run, item); });
  }

  void add_connection(const std::string& run, const ConnectionRecord& connection) override {
    store_.guarded([&] {
      SQLite::Transaction transaction(store_.database(), SQLite::TransactionBehavior::IMMEDIATE);
      store_.execute(
          "INSERT INTO connection (run, destination, protocol, cipher, is_aes_256) "
          "VALUES (?, ?, ?, ?, ?)",
          run,
          connection.destination,
          connection.protocol,
          connection.cipher,
          connection.is_aes_256 ? 1 : 0);
      for (const ConnectionRecord::Requests& kind : connection.requests) {
        store_.execute(
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
    const int changed = store_.guarded([&] {
      return store_.execute("UPDATE run SET finished = ?, verdict = ?, message = ? WHERE id = ?",
                            to_number(finished),
                            std::string(to_string(verdict)),
                            message,
                            run);
    });
    if (changed == 0)
      throw Error(ErrorCode::not_found, text("journal.unknown_run", {{"run", run}}));
  }

  Recorded record_run(const RunRecord& run, const std::vector<RunItem>& items) override {
    return store_.guarded([&] {
      SQLite::Transaction transaction(store_.database(), SQLite::TransactionBehavior::IMMEDIATE);
      if (insert_run(run) == 0) return Recorded::was_known;
      for (const RunItem& item : items) insert_item(run.id, item);
      transaction.commit();
      return Recorded::added;
    });
  }

  void add_deletion(const DeletionRecord& deletion) override {
    store_.guarded([&] {
      store_.execute(
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

  void save_figures(const std::string& policy,
                    const std::vector<DestinationFigure>& figures) override {
    store_.guarded([&] {
      SQLite::Transaction transaction(store_.database(), SQLite::TransactionBehavior::IMMEDIATE);
      for (const DestinationFigure& figure : figures)
        store_.execute(
            "INSERT OR REPLACE INTO figure (policy, destination, source, name, value, seen) "
            "VALUES (?, ?, ?, ?, ?, ?)",
            policy,
            figure.destination,
            figure.source,
            figure.name,
            to_column(figure.value),
            to_number(figure.seen));
      transaction.commit();
    });
  }

  std::vector<RunRecord> runs(const std::string& policy, std::size_t limit) override {
    return store_.select<RunRecord>(
        std::string(kRunColumns) + "WHERE policy = ? ORDER BY started DESC, rowid DESC LIMIT ?",
        read_run,
        policy,
        to_column(limit));
  }

  std::vector<RunItem> items(const std::string& run) override {
    return store_.select<RunItem>(
        std::string(kItemColumns) + "WHERE run = ? ORDER BY number", read_item, run);
  }

  std::vector<ConnectionRecord> connections(const std::string& run) override {
    std::vector<ConnectionRecord> found = store_.select<ConnectionRecord>(
        "SELECT destination, protocol, cipher, is_aes_256 FROM connection WHERE run = ? ORDER BY "
        "destination",
        read_connection,
        run);
    for (ConnectionRecord& connection : found) {
      std::vector<ConnectionRecord> requests = join_requests(store_.select<ConnectionRecord>(
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
    return join_requests(store_.select<ConnectionRecord>(
        "SELECT destination, kind, sum(requests), sum(bytes_sent), sum(bytes_received) FROM "
        "request JOIN run ON run.id = request.run WHERE policy = ? AND started >= ? GROUP BY "
        "destination, kind ORDER BY destination, kind",
        read_requests,
        policy,
        to_number(since)));
  }

  std::vector<DeletionRecord> deletions(const std::string& policy, std::size_t limit) override {
    return store_.select<DeletionRecord>(
        "SELECT time, run, policy, source, destination, snapshot, snapshot_time, rule FROM "
        "deletion WHERE policy = ? ORDER BY time DESC, number DESC LIMIT ?",
        read_deletion,
        policy,
        to_column(limit));
  }

  std::vector<DestinationFigure> figures(const std::string& policy) override {
    return store_.select<DestinationFigure>(
        "SELECT destination, source, name, value, seen FROM figure WHERE policy = ? ORDER BY "
        "destination, source, name",
        read_figure,
        policy);
  }

  std::optional<RunItem> last_item(const std::string& policy,
                                   const std::string& source,
                                   const std::string& destination) override {
    std::vector<RunItem> found = store_.select<RunItem>(
        std::string(kItemColumns) +
            "JOIN run ON run.id = item.run WHERE policy = ? AND source = ? AND destination = ? "
            "AND job <> ? ORDER BY started DESC, number DESC LIMIT 1",
        read_item,
        policy,
        source,
        destination,
        std::string(kSyncJob));
    if (found.empty()) return std::nullopt;
    return std::move(found.front());
  }

  std::optional<Instant> sealed(const std::string& destination,
                                const std::string& snapshot) override {
    const std::vector<RunItem> found = store_.select<RunItem>(
        std::string(kItemColumns) +
            "WHERE destination = ? AND snapshot = ? AND sealed IS NOT NULL ORDER BY number LIMIT 1",
        read_item,
        destination,
        snapshot);
    if (found.empty()) return std::nullopt;
    return found.front().sealed;
  }

  std::vector<RunRecord> runs_of(const std::string& policy, const SlotId& slot) override {
    return store_.select<RunRecord>(
        std::string(kRunColumns) +
            "WHERE policy = ? AND job = ? AND slot_group = ? AND scheduled = ? "
            "ORDER BY started, rowid",
        read_run,
        policy,
        slot.job,
        slot.group,
        to_number(slot.scheduled));
  }

  SlotLedger& slots() override { return *ledger_; }
  NoticeQueue& notices() override { return *notices_; }

 private:
  int insert_run(const RunRecord& run) {
    SQLite::Statement insert(
        store_.database(),
        "INSERT OR IGNORE INTO run (id, policy, job, slot_group, scheduled, "
        "started, finished, verdict, message) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)");
    Store::bind_values(insert,
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
        store_.database(),
        "INSERT INTO item (run, source, destination, verdict, snapshot, files, bytes, "
        "bytes_stored, unreadable, message, sealed) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
    Store::bind_values(insert,
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

  Store store_;
  std::unique_ptr<SlotLedger> ledger_;
  std::unique_ptr<NoticeQueue> notices_;
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
