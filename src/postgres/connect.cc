// SPDX-License-Identifier: Apache-2.0
#include "postgres/connect.h"

#include <poll.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <vector>

#include <libpq-fe.h>

#include "os/signals.h"
#include "os/wake.h"
#include "postgres/explain.h"

namespace hikae::postgres {
namespace {

using SteadyClock = std::chrono::steady_clock;

// Names and values side by side, as libpq takes them: there is no string in which a password could
// be shown.
class Parameters {
 public:
  Parameters(const Server& server, const std::string& database, ConnectionKind kind)
      : port_(std::to_string(server.port)),
        ssl_mode_(to_string(server.ssl_mode)),
        ca_file_(authorities_of(server)) {
    add("host", server.host.c_str());
    add("port", port_.c_str());
    add("user", server.user.c_str());
    if (kind == ConnectionKind::replication) {
      add("replication", "true");
    } else {
      add("dbname", database.c_str());
    }
    if (server.password) add("password", server.password->reveal().c_str());
    // A file of passwords in somebody's home is not part of the policy. (What is no plain file
    // would be warned of on the standard error.)
    add("passfile", "/dev/null/none");
    if (!server.by_socket()) {
      add("sslmode", ssl_mode_.c_str());
      if (!ca_file_.empty()) add("sslrootcert", ca_file_.c_str());
    }
    for (const auto& [name, value] : liveness_settings(server)) add(name, value);
    add("application_name", "hikae");
    add("client_encoding", "UTF8");
    names_.push_back(nullptr);
    values_.push_back(nullptr);
  }
  const char* const* names() const { return names_.data(); }
  const char* const* values() const { return values_.data(); }

 private:
  void add(const char* name, const char* value) {
    names_.push_back(name);
    values_.push_back(value);
  }

  std::string port_;
  std::string ssl_mode_;
  std::string ca_file_;
  std::vector<const char*> names_;
  std::vector<const char*> values_;
};

void silence(void*, const PGresult*) {}

// Waits for what the connection being made needs next.
void wait(PGconn* connection,
          PostgresPollingStatusType need,
          SteadyClock::time_point deadline,
          const StopToken& stop,
          const Server& server) {
  const os::StopFd stopped(stop);
  const short events = need == PGRES_POLLING_READING ? POLLIN : POLLOUT;
  std::array<pollfd, 2> polled{{{PQsocket(connection), events, 0}, {stopped.get(), POLLIN, 0}}};
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - SteadyClock::now());
  const int ready =
      poll(polled.data(), polled.size(), static_cast<int>(std::max<long>(0, left.count())));
  throw_if_stopped(stop);
  if (ready == 0) throw explain_slow(server);
  if (ready < 0 && errno != EINTR) throw system_error(errno, text("os.read_failed"));
}

OpenConnection connect(const Server& server,
                       const std::string& database,
                       ConnectionKind kind,
                       const StopToken& stop) {
  const SteadyClock::time_point deadline = SteadyClock::now() + server.connect_timeout;
  const Parameters parameters(server, database, kind);
  constexpr int kNameIsNoConnectionString = 0;
  OpenConnection opened(
      PQconnectStartParams(parameters.names(), parameters.values(), kNameIsNoConnectionString));
  if (!opened) throw std::bad_alloc();
  PGconn* const connection = opened.get();
  PQsetNoticeReceiver(connection, &silence, nullptr);
  PQsetErrorVerbosity(connection, PQERRORS_VERBOSE);
  if (PQstatus(connection) == CONNECTION_BAD) throw explain_no_connection(server, connection);
  PostgresPollingStatusType need = PGRES_POLLING_WRITING;
  while (need != PGRES_POLLING_OK) {
    wait(connection, need, deadline, stop, server);
    need = PQconnectPoll(connection);
    if (need == PGRES_POLLING_FAILED) throw explain_no_connection(server, connection);
  }
  PQsetErrorVerbosity(connection, PQERRORS_DEFAULT);
  PQsetnonblocking(connection, 1);
  return opened;
}

}  // namespace

std::string session_settings(int server_version) {
  // As pg_dump does: nobody's own schema may stand before the system's.
  std::string sql =
      "SELECT pg_catalog.set_config('search_path', '', false), "
      "pg_catalog.set_config('lock_timeout', $1, false), "
      "pg_catalog.set_config('statement_timeout', $2, false)";
  // A dump's transaction lasts as long as the dump.
  constexpr int kWithTransactionTimeout = 170000;
  if (server_version >= kWithTransactionTimeout)
    sql += ", pg_catalog.set_config('transaction_timeout', '0', false)";
  return sql;
}

void FinishConnection::operator()(pg_conn* connection) const noexcept {
  // It says good-bye to a server that may be gone.
  const os::HeldPipeSignal guard;
  PQfinish(connection);
}

OpenConnection open_connection(const Server& server,
                               const std::string& database,
                               ConnectionKind kind,
                               const StopToken& stop) {
  const os::HeldPipeSignal guard;
  if (!server.run_as) return connect(server, database, kind, stop);
  // The kernel notes the thread's effective user in connect(2), which libpq calls in this thread;
  // peer authentication asks the kernel.
  const os::ActingUser acting(*server.run_as);
  return connect(server, database, kind, stop);
}

}  // namespace hikae::postgres
