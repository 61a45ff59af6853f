// SPDX-License-Identifier: Apache-2.0
#include "postgres/connection.h"

#include <poll.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>

#include <climits>
#include <libpq-fe.h>

#include "os/signals.h"
#include "os/wake.h"
#include "postgres/connect.h"
#include "postgres/explain.h"

namespace hikae::postgres {
namespace {

// libpq calls this from C, so nothing may be thrown through it.
void take_notice(void* log, const PGresult* result) noexcept {
  try {
    const char* severity = PQresultErrorField(result, PG_DIAG_SEVERITY_NONLOCALIZED);
    const bool warning = severity != nullptr && std::string_view(severity) == "WARNING";
    static_cast<Log*>(log)->write(warning ? LogLevel::warning : LogLevel::debug,
                                  text("postgres.server_says", {{"words", words_of(result)}}));
  } catch (...) {  // NOLINT(bugprone-empty-catch): a message that cannot be logged
  }
}

struct FreeCancel {
  void operator()(PGcancel* cancel) const noexcept { PQfreeCancel(cancel); }
};

}  // namespace

Result::Result(pg_result* result) : result_(result) {}

void Result::Clear::operator()(pg_result* result) const noexcept {
  PQclear(result);
}

Result::Kind Result::kind() const {
  switch (PQresultStatus(result_.get())) {
    case PGRES_TUPLES_OK:
    case PGRES_SINGLE_TUPLE:
      return Kind::tuples;
    case PGRES_COPY_OUT:
    case PGRES_COPY_BOTH:
      return Kind::copy_out;
    default:
      return Kind::command;
  }
}

std::size_t Result::rows() const {
  return static_cast<std::size_t>(PQntuples(result_.get()));
}

std::size_t Result::columns() const {
  return static_cast<std::size_t>(PQnfields(result_.get()));
}

std::optional<std::string_view> Result::value(std::size_t row, std::size_t column) const {
  const int r = static_cast<int>(row);
  const int c = static_cast<int>(column);
  if (PQgetisnull(result_.get(), r, c) != 0) return std::nullopt;
  return std::string_view(PQgetvalue(result_.get(), r, c),
                          static_cast<std::size_t>(PQgetlength(result_.get(), r, c)));
}

std::string Result::text(std::size_t row, std::size_t column) const {
  return std::string(value(row, column).value_or(""));
}

std::int64_t Result::number(std::size_t row, std::size_t column) const {
  const std::string_view digits = value(row, column).value_or("");
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  return error == std::errc() && end == digits.data() + digits.size() ? number : 0;
}

bool Result::is_true(std::size_t row, std::size_t column) const {
  return value(row, column) == "t";
}

void CopyData::Free::operator()(char* data) const noexcept {
  PQfreemem(data);
}

ByteView CopyData::bytes() const {
  return as_bytes(std::string_view(data_.get(), size_));
}

class Connection::Impl {
 public:
  Impl(const Server& server,
       const std::string& database,
       ConnectionKind kind,
       Log& log,
       const StopToken& stop)
      : conn_(open_connection(server, database, kind, stop)) {
    PQsetNoticeReceiver(conn_.get(), &take_notice, &log);
  }

  PGconn* get() const { return conn_.get(); }
  void set_deadline(std::chrono::steady_clock::time_point deadline) { deadline_ = deadline; }

  void send(const std::string& sql, const std::vector<std::string>& parameters) const {
    const os::HeldPipeSignal guard;
    std::vector<const char*> values;
    values.reserve(parameters.size());
    for (const std::string& parameter : parameters) values.push_back(parameter.c_str());
    const int sent = parameters.empty() ? PQsendQuery(get(), sql.c_str())
                                        : PQsendQueryParams(get(),
                                                            sql.c_str(),
                                                            static_cast<int>(values.size()),
                                                            nullptr,
                                                            values.data(),
                                                            nullptr,
                                                            nullptr,
                                                            0);
    if (sent == 0) throw explain_lost(get());
  }

  std::optional<Result> next_result(const StopToken& stop) {
    wait_for_result(stop);
    pg_result* const raw = PQgetResult(get());
    if (raw == nullptr) return std::nullopt;
    Result result(raw);
    const ExecStatusType status = PQresultStatus(raw);
    if (status == PGRES_FATAL_ERROR || status == PGRES_BAD_RESPONSE ||
        status == PGRES_NONFATAL_ERROR) {
      Error error = explain_failure(get(), raw);
      drop_results(stop);
      throw std::move(error);
    }
    return result;
  }

  std::optional<CopyData> read_copy(const StopToken& stop) {
    constexpr int kAsynchronous = 1;
    constexpr int kEnd = -1;
    for (bool looked = false;; looked = true) {
      char* data = nullptr;
      const int size = PQgetCopyData(get(), &data, kAsynchronous);
      if (size > 0) return CopyData(data, static_cast<std::size_t>(size));
      if (size == kEnd) return std::nullopt;
      if (size < kEnd) throw explain_lost(get());
      // Mostly there is more in the socket already: a server is about as fast as we are.
      if (looked) wait(POLLIN, stop);
      consume();
    }
  }

  Result query(const std::string& sql,
               const std::vector<std::string>& parameters,
               const StopToken& stop) {
    send(sql, parameters);
    std::optional<Result> last;
    while (auto result = next_result(stop)) {
      last = std::move(result);
      // Whoever wants a COPY calls begin().
      if (last->kind() == Result::Kind::copy_out)
        while (read_copy(stop)) {
        }
    }
    if (!last) throw explain_lost(get());
    return std::move(*last);
  }

 private:
  void wait_for_result(const StopToken& stop) {
    flush(stop);
    while (PQisBusy(get()) != 0) wait_readable(stop);
  }

  void flush(const StopToken& stop) {
    const os::HeldPipeSignal guard;
    int state = 0;
    while ((state = PQflush(get())) == 1) wait(POLLIN | POLLOUT, stop);
    if (state < 0) throw explain_lost(get());
  }

  void wait_readable(const StopToken& stop) {
    wait(POLLIN, stop);
    consume();
  }

  // Where nothing is encrypted, it only reads.
  void consume() const {
    std::optional<os::HeldPipeSignal> guard;
    if (PQsslInUse(get()) != 0 || PQgssEncInUse(get()) != 0) guard.emplace();
    if (PQconsumeInput(get()) == 0) throw explain_lost(get());
  }

  // Kept from one wait to the next, of which there are tens of thousands in a gigabyte.
  int stopped_fd(const StopToken& stop) {
    if (!stopped_ || watched_ != stop) {
      stopped_.emplace(stop);
      watched_ = stop;
    }
    return stopped_->get();
  }

  void wait(int events, const StopToken& stop) {
    std::array<pollfd, 2> polled{
        {{PQsocket(get()), static_cast<short>(events), 0}, {stopped_fd(stop), POLLIN, 0}}};
    while (!stop.stop_requested()) {
      const int ready = poll(polled.data(), polled.size(), milliseconds_left());
      if (ready > 0 && !stop.stop_requested()) return;
      if (ready == 0) {
        cancel();
        throw Error(ErrorCode::timeout, hikae::text("postgres.too_slow"), Retry::after_backoff);
      }
      if (ready < 0 && errno != EINTR) throw system_error(errno, hikae::text("os.read_failed"));
    }
    cancel();
    throw Cancelled();
  }

  int milliseconds_left() const {
    if (!deadline_) return -1;
    const auto left =
        std::chrono::ceil<std::chrono::milliseconds>(*deadline_ - std::chrono::steady_clock::now());
    return static_cast<int>(std::clamp<std::int64_t>(left.count(), 0, INT_MAX));
  }

  // The server would notice a closed connection only when it next writes.
  void cancel() noexcept {
    const std::unique_ptr<PGcancel, FreeCancel> request(PQgetCancel(get()));
    std::array<char, 256> reason{};
    if (request) PQcancel(request.get(), reason.data(), static_cast<int>(reason.size()));
    conn_.reset();
  }

  // After an error the rest of the command's answer, so that the session can go on. What is lost
  // meanwhile the next call says.
  void drop_results(const StopToken& stop) {
    try {
      while (PQstatus(get()) == CONNECTION_OK) {
        wait_for_result(stop);
        const Result rest(PQgetResult(get()));
        if (rest.is_none()) return;
      }
    } catch (const Error&) {  // NOLINT(bugprone-empty-catch): the first error is the one to tell
    }
  }

  OpenConnection conn_;
  std::optional<std::chrono::steady_clock::time_point> deadline_;
  StopToken watched_;
  std::optional<os::StopFd> stopped_;  // of watched_
};

Connection::Connection(const Server& server,
                       const std::string& database,
                       ConnectionKind kind,
                       Log& log,
                       const StopToken& stop)
    : impl_(std::make_unique<Impl>(server, database, kind, log, stop)) {
  if (kind == ConnectionKind::replication) return;
  query(session_settings(server_version()),
        {std::to_string(server.lock_timeout.count()),
         std::to_string(server.statement_timeout.count())},
        stop);
}

Connection::~Connection() = default;
Connection::Connection(Connection&& other) noexcept = default;
Connection& Connection::operator=(Connection&& other) noexcept = default;

void Connection::set_deadline(std::chrono::steady_clock::time_point deadline) {
  impl_->set_deadline(deadline);
}

int Connection::server_version() const {
  return PQserverVersion(impl_->get());
}

std::string Connection::parameter(const std::string& name) const {
  const char* value = PQparameterStatus(impl_->get(), name.c_str());
  return value == nullptr ? "" : value;
}

int Connection::backend_pid() const {
  return PQbackendPID(impl_->get());
}

Result Connection::query(const std::string& sql, const StopToken& stop) {
  return impl_->query(sql, {}, stop);
}

Result Connection::query(const std::string& sql,
                         const std::vector<std::string>& parameters,
                         const StopToken& stop) {
  return impl_->query(sql, parameters, stop);
}

void Connection::begin(const std::string& command) {
  impl_->send(command, {});
}

std::optional<Result> Connection::next_result(const StopToken& stop) {
  return impl_->next_result(stop);
}

std::optional<CopyData> Connection::read_copy(const StopToken& stop) {
  return impl_->read_copy(stop);
}

std::string Connection::quote_name(std::string_view name) {
  std::string quoted = "\"";
  for (const char c : name) {
    if (c == '"') quoted += '"';
    quoted += c;
  }
  return quoted + "\"";
}

std::string Connection::quote_value(const std::string& value) const {
  char* const literal = PQescapeLiteral(impl_->get(), value.data(), value.size());
  if (literal == nullptr) throw explain_lost(impl_->get());
  std::string quoted = literal;
  PQfreemem(literal);
  return quoted;
}

}  // namespace hikae::postgres
