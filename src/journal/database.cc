// SPDX-License-Identifier: Apache-2.0
#include "journal/database.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <ctime>
#include <stdexcept>
#include <thread>

#include <sqlite3.h>

#include "os/file_lock.h"
#include "os/files.h"

namespace hikae::journal {
namespace {

constexpr int kVersion = 8;
constexpr int kBusyMilliseconds = 30'000;

constexpr const char* kTables = R"sql(
  CREATE TABLE run (
    id TEXT PRIMARY KEY, policy TEXT NOT NULL,
    job TEXT NOT NULL, slot_group TEXT NOT NULL, scheduled INTEGER NOT NULL,
    started INTEGER NOT NULL, finished INTEGER, verdict TEXT, message TEXT NOT NULL) STRICT;
  CREATE INDEX run_started ON run (policy, started);
  CREATE TABLE item (
    number INTEGER PRIMARY KEY, run TEXT NOT NULL REFERENCES run (id),
    source TEXT NOT NULL, destination TEXT NOT NULL, verdict TEXT NOT NULL, snapshot TEXT NOT NULL,
    files INTEGER NOT NULL, bytes INTEGER NOT NULL, bytes_stored INTEGER NOT NULL,
    unreadable INTEGER NOT NULL, message TEXT NOT NULL) STRICT;
  CREATE INDEX item_run ON item (run);
  CREATE TABLE deletion (
    number INTEGER PRIMARY KEY, time INTEGER NOT NULL, run TEXT NOT NULL, policy TEXT NOT NULL,
    source TEXT NOT NULL, destination TEXT NOT NULL, snapshot TEXT NOT NULL,
    snapshot_time INTEGER NOT NULL, rule TEXT NOT NULL) STRICT;
  CREATE INDEX deletion_time ON deletion (policy, time);
)sql";

// Since version 2.
constexpr const char* kConnectionTables = R"sql(
  CREATE TABLE connection (
    run TEXT NOT NULL REFERENCES run (id), destination TEXT NOT NULL,
    protocol TEXT NOT NULL, cipher TEXT NOT NULL, is_aes_256 INTEGER NOT NULL,
    PRIMARY KEY (run, destination)) STRICT;
  CREATE TABLE request (
    run TEXT NOT NULL REFERENCES run (id), destination TEXT NOT NULL, kind TEXT NOT NULL,
    requests INTEGER NOT NULL, bytes_sent INTEGER NOT NULL, bytes_received INTEGER NOT NULL,
    PRIMARY KEY (run, destination, kind)) STRICT;
)sql";

// Since version 3: when the item was durable in its destination.
constexpr const char* kSealedColumn = "ALTER TABLE item ADD COLUMN sealed INTEGER";

// Since version 4: the ledger of slots.
constexpr const char* kSlotTables = R"sql(
  CREATE TABLE schedule_group (
    policy TEXT NOT NULL, job TEXT NOT NULL, slot_group TEXT NOT NULL, since INTEGER NOT NULL,
    PRIMARY KEY (policy, job, slot_group)) STRICT;
  CREATE TABLE slot (
    policy TEXT NOT NULL, job TEXT NOT NULL, slot_group TEXT NOT NULL, scheduled INTEGER NOT NULL,
    state TEXT NOT NULL, attempts INTEGER NOT NULL, first_try INTEGER, next_try INTEGER,
    settled INTEGER, verdict TEXT, acknowledged INTEGER, reminded INTEGER,
    PRIMARY KEY (policy, job, slot_group, scheduled)) STRICT;
  CREATE INDEX slot_state ON slot (policy, state);
  CREATE INDEX slot_scheduled ON slot (policy, scheduled);
  CREATE INDEX run_slot ON run (policy, job, slot_group, scheduled);
)sql";

// Since version 5: the outbox.
constexpr const char* kNoticeTable = R"sql(
  CREATE TABLE notice (
    number INTEGER PRIMARY KEY, policy TEXT NOT NULL, channel TEXT NOT NULL, key TEXT,
    subject TEXT NOT NULL, content TEXT NOT NULL, created INTEGER NOT NULL,
    next_try INTEGER NOT NULL, claimed_until INTEGER NOT NULL DEFAULT 0, tries INTEGER NOT NULL,
    state TEXT NOT NULL, settled INTEGER, answer TEXT NOT NULL,
    UNIQUE (policy, channel, key)) STRICT;
  CREATE INDEX notice_state ON notice (policy, state);
)sql";

// Since version 6: the sources that the next try of a slot repeats.
constexpr const char* kRepeatColumn = "ALTER TABLE slot ADD COLUMN repeat TEXT NOT NULL DEFAULT ''";

// Since version 7: what was last seen in destinations.
constexpr const char* kFigureTable = R"sql(
  CREATE TABLE figure (
    policy TEXT NOT NULL, destination TEXT NOT NULL, source TEXT NOT NULL, name TEXT NOT NULL,
    value INTEGER NOT NULL, seen INTEGER NOT NULL,
    PRIMARY KEY (policy, destination, source, name)) STRICT;
)sql";

// Since version 8: what to do about a slot that went wrong.
constexpr const char* kNextStepColumn =
    "ALTER TABLE slot ADD COLUMN next_step TEXT NOT NULL DEFAULT ''";

// The file's content is not what it must be.
class Damaged : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

bool means_damage(const SQLite::Exception& exception) {
  return exception.getErrorCode() == SQLITE_CORRUPT || exception.getErrorCode() == SQLITE_NOTADB;
}

int number_of(SQLite::Database& database, const char* query) {
  return database.execAndGet(query).getInt();
}

// From any older version to this one; 0 is an empty file.
void bring_up_to_date(SQLite::Database& database, int version) {
  SQLite::Transaction transaction(database, SQLite::TransactionBehavior::IMMEDIATE);
  if (version < 1) database.exec(kTables);
  if (version < 2) database.exec(kConnectionTables);
  if (version < 3) database.exec(kSealedColumn);
  if (version < 4) database.exec(kSlotTables);
  if (version < 5) database.exec(kNoticeTable);
  if (version < 6) database.exec(kRepeatColumn);
  if (version < 7) database.exec(kFigureTable);
  if (version < 8) database.exec(kNextStepColumn);
  database.exec("PRAGMA user_version = " + std::to_string(kVersion));
  transaction.commit();
}

// Throws Damaged, or SQLite::Exception when a table or column is not there.
void check_content(SQLite::Database& database) {
  const std::string found = database.execAndGet("PRAGMA quick_check(1)").getString();
  if (found != "ok") throw Damaged(found);
  try {
    for (const char* query :
         {"SELECT id, policy, job, slot_group, scheduled, started, finished, verdict, message FROM "
          "run",
          "SELECT run, source, destination, verdict, snapshot, files, bytes, bytes_stored, "
          "unreadable, message, sealed FROM item",
          "SELECT run, destination, protocol, cipher, is_aes_256 FROM connection",
          "SELECT run, destination, kind, requests, bytes_sent, bytes_received FROM request",
          "SELECT time, run, policy, source, destination, snapshot, snapshot_time, rule FROM "
          "deletion",
          "SELECT policy, job, slot_group, since FROM schedule_group",
          "SELECT policy, job, slot_group, scheduled, state, attempts, first_try, next_try, "
          "settled, verdict, acknowledged, reminded, repeat, next_step FROM slot",
          "SELECT policy, destination, source, name, value, seen FROM figure",
          "SELECT number, policy, channel, key, subject, content, created, next_try, "
          "claimed_until, tries, state, settled, answer FROM notice"}) {
      const SQLite::Statement probe(database, query);
    }
  } catch (const SQLite::Exception& exception) {
    if (exception.getErrorCode() == SQLITE_ERROR) throw Damaged(exception.what());
    throw;
  }
}

std::unique_ptr<SQLite::Database> open_file(const std::string& path) {
  auto database = std::make_unique<SQLite::Database>(
      path,
      SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE | SQLite::OPEN_NOFOLLOW,
      kBusyMilliseconds);
  // With a write-ahead log, FULL makes each commit durable, and status may read during a run.
  database->exec("PRAGMA journal_mode = WAL");
  database->exec("PRAGMA synchronous = FULL");
  database->exec("PRAGMA foreign_keys = ON");
  const int version = number_of(*database, "PRAGMA user_version");
  if (version > kVersion) {
    throw Error(ErrorCode::unsupported,
                text("journal.newer", {{"file", path}, {"version", std::to_string(version)}}))
        .with_hint(text("journal.newer_hint", {{"file", path}}));
  }
  const bool is_ours =
      version > 0 || number_of(*database, "SELECT count(*) FROM sqlite_master") == 0;
  if (is_ours && version < kVersion) bring_up_to_date(*database, version);
  check_content(*database);
  return database;
}

std::string utc_stamp(Instant now) {
  const std::time_t seconds =
      std::chrono::system_clock::to_time_t(std::chrono::floor<std::chrono::seconds>(now));
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  std::array<char, 32> buffer{};
  const std::size_t length = std::strftime(buffer.data(), buffer.size(), "%Y%m%dT%H%M%SZ", &parts);
  return {buffer.data(), length};
}

bool exists(const std::string& path) {
  struct stat status {};
  return lstat(path.c_str(), &status) == 0;
}

// Returns the new name. The log and the index beside the file follow it, so that an expert can open
// all three together.
std::string put_aside(const std::string& path, Instant now) {
  const std::string name = path + ".damaged-" + utc_stamp(now);
  std::string free_name = name;
  for (int i = 2; exists(free_name); ++i) free_name = name + "-" + std::to_string(i);
  for (const char* ending : {"-wal", "-shm", ""}) {
    if (std::rename((path + ending).c_str(), (free_name + ending).c_str()) != 0 && errno != ENOENT)
      throw system_error(errno, text("journal.put_aside_failed", {{"file", path}}));
  }
  return free_name;
}

// Opening is serialised: of two programs that find the file damaged, the second must not put the
// first one's new file aside.
os::FileLock lock_opening(const std::string& state_directory) {
  const std::string path = state_directory + "/journal.lock";
  const auto give_up = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  for (;;) {
    if (auto lock = os::FileLock::try_acquire(path)) return std::move(*lock);
    if (std::chrono::steady_clock::now() > give_up)
      throw Error(ErrorCode::locked, text("journal.opening_locked", {{"file", path}}));
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
}

// SQLite gives the files beside it the same mode. A file that is there is never opened here:
// closing it would drop the locks that this process may hold on it through SQLite.
void make_private(const std::string& path) {
  const os::Fd made = os::try_open(path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW, 0600);
  if (!made && errno != EEXIST)
    throw system_error(errno, text("journal.open_failed", {{"file", path}}));
}

std::unique_ptr<SQLite::Database> open_private(const std::string& path) {
  make_private(path);
  try {
    return open_file(path);
  } catch (const SQLite::Exception& exception) {
    if (means_damage(exception)) throw Damaged(exception.what());
    throw to_error(exception).with_context(text("journal.opening", {{"file", path}}));
  }
}

}  // namespace

Error to_error(const SQLite::Exception& exception) {
  ErrorCode code = ErrorCode::io;
  switch (exception.getErrorCode()) {
    case SQLITE_FULL:
      code = ErrorCode::no_space;
      break;
    case SQLITE_READONLY:
      code = ErrorCode::read_only;
      break;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      code = ErrorCode::locked;
      break;
    case SQLITE_PERM:
    case SQLITE_AUTH:
      code = ErrorCode::permission;
      break;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      code = ErrorCode::corrupt;
      break;
    default:
      break;
  }
  return Error(code, text("journal.failed", {{"reason", exception.what()}}))
      .with_hint(text("journal.failed_hint"));
}

std::unique_ptr<SQLite::Database> open_memory_database() {
  return open_file(":memory:");
}

std::unique_ptr<SQLite::Database> open_database(const std::string& state_directory,
                                                const Clock& clock,
                                                Log& log) {
  os::ensure_directory(state_directory, 0700);
  const std::string path = state_directory + "/journal.sqlite";
  const os::FileLock lock = lock_opening(state_directory);
  try {
    return open_private(path);
  } catch (const Damaged& damaged) {
    const std::string aside = put_aside(path, clock.now());
    log.warning(text("journal.put_aside", {{"file", aside}, {"reason", damaged.what()}}));
  }
  try {
    return open_private(path);
  } catch (const Damaged& damaged) {
    throw Error(ErrorCode::corrupt, text("journal.failed", {{"reason", damaged.what()}}))
        .with_hint(text("journal.failed_hint"));
  }
}

}  // namespace hikae::journal
