// SPDX-License-Identifier: Apache-2.0
// Inside of this module only: one open database, used by one thread at a time, with its errors in
// our words.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/verdict.h"
#include "journal/database.h"

namespace hikae::journal {

inline std::int64_t to_number(Instant time) {
  return time.time_since_epoch().count();
}
inline Instant to_instant(std::int64_t number) {
  return Instant(std::chrono::nanoseconds(number));
}
// A column holds 63 bits; no size reaches beyond.
inline std::int64_t to_column(std::uint64_t number) {
  return static_cast<std::int64_t>(number);
}
Verdict to_verdict(const std::string& word);

// Thread-safe.
class Store {
 public:
  explicit Store(std::unique_ptr<SQLite::Database> database) : database_(std::move(database)) {}

  // One thread at a time, and errors in our words. Not to be nested.
  template <typename Work>
  std::invoke_result_t<Work> guarded(Work work) {
    const std::lock_guard lock(mutex_);
    try {
      return work();
    } catch (const SQLite::Exception& exception) {
      throw to_error(exception);
    }
  }

  // REQUIRES: within guarded().
  SQLite::Database& database() { return *database_; }

  // REQUIRES: within guarded(). Returns how many rows changed.
  template <typename... Values>
  int execute(const char* sql, const Values&... values) {
    SQLite::Statement statement(*database_, sql);
    bind_values(statement, 1, values...);
    return statement.exec();
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

  static void bind_values(SQLite::Statement&, int) {}
  template <typename First, typename... Rest>
  static void bind_values(SQLite::Statement& statement,
                          int position,
                          const First& first,
                          const Rest&... rest) {
    statement.bind(position, first);
    bind_values(statement, position + 1, rest...);
  }

 private:
  std::mutex mutex_;
  std::unique_ptr<SQLite::Database> database_;
};

}  // namespace hikae::journal
