// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/error.h"
#include "base/log.h"
#include "concurrency/stop.h"
#include "postgres/server.h"

struct pg_conn;
struct pg_result;

// libpq, and the only header that knows of it.
namespace hikae::postgres {

// What the server answered to one command. Movable; keeps nothing of the connection.
class Result {
 public:
  enum class Kind {
    tuples,
    command,   // done, without rows
    copy_out,  // Connection::read_copy() gives the data
  };

  explicit Result(pg_result* result);  // takes it
  bool is_none() const { return result_ == nullptr; }
  Kind kind() const;
  std::size_t rows() const;
  std::size_t columns() const;
  // nullopt for NULL. REQUIRES: row < rows(), column < columns(). Valid as long as this object.
  std::optional<std::string_view> value(std::size_t row, std::size_t column) const;
  // The same; NULL is empty.
  std::string text(std::size_t row, std::size_t column) const;
  // 0 for what is no whole number, and for NULL.
  std::int64_t number(std::size_t row, std::size_t column) const;
  bool is_true(std::size_t row, std::size_t column) const;

 private:
  struct Clear {
    void operator()(pg_result* result) const noexcept;
  };
  std::unique_ptr<pg_result, Clear> result_;
};

// One message of a COPY, in libpq's own memory. Movable.
class CopyData {
 public:
  CopyData(char* data, std::size_t size) : data_(data), size_(size) {}  // takes it
  ByteView bytes() const;

 private:
  struct Free {
    void operator()(char* data) const noexcept;
  };
  std::unique_ptr<char, Free> data_;
  std::size_t size_;
};

enum class ConnectionKind {
  ordinary,     // SQL, with the server's timeouts set and an empty search_path
  replication,  // the replication protocol (`replication=true`): IDENTIFY_SYSTEM, BASE_BACKUP, …
};

// One session. Not thread-safe; any thread may use it, one at a time. Every call that waits can be
// stopped: the server is then asked to cancel the statement, the session is closed, and Cancelled
// is thrown. Errors carry the server's own words, never the connection's parameters; the code
// follows its SQLSTATE, and Retry::after_backoff is for what passes by itself (starting up,
// shutting down, too many connections, connection lost, a lock). Notices of the server go to the
// log, warnings as warnings. Closing is silent.
class Connection {
 public:
  // Connects as Server says; `database` is ignored for replication. The log outlives the object.
  // Throws Error.
  Connection(const Server& server,
             const std::string& database,
             ConnectionKind kind,
             Log& log,
             const StopToken& stop);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;
  Connection(Connection&& other) noexcept;
  Connection& operator=(Connection&& other) noexcept;

  // No call waits for the server beyond it: Error{timeout}, as if it had been stopped.
  void set_deadline(std::chrono::steady_clock::time_point deadline);

  // 150018 for 15.18; of the server.
  int server_version() const;
  int server_major() const { return server_version() / 10000; }
  // A parameter that the server reports by itself ("server_version", "in_hot_standby"); empty:
  // none.
  std::string parameter(const std::string& name) const;
  // Of the session at the server.
  int backend_pid() const;

  // Runs one statement to its end and gives its rows. Parameters ($1, $2, …) need an ordinary
  // connection. Throws Error.
  Result query(const std::string& sql, const StopToken& stop);
  Result query(const std::string& sql,
               const std::vector<std::string>& parameters,
               const StopToken& stop);

  // For commands with several results and COPY (BASE_BACKUP): begin(), then next_result() until
  // nullopt, and read_copy() until nullopt after each result of the kind copy_out.
  void begin(const std::string& command);
  std::optional<Result> next_result(const StopToken& stop);
  std::optional<CopyData> read_copy(const StopToken& stop);

  // `name` as it must stand in SQL: "a b" with its quotes. `value`: 'it''s'.
  static std::string quote_name(std::string_view name);
  std::string quote_value(const std::string& value) const;

  class Impl;  // in connection.cc

 private:
  std::unique_ptr<Impl> impl_;
};

}  // namespace hikae::postgres
