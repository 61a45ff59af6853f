// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>

#include "concurrency/stop.h"
#include "postgres/connection.h"

// What connection.cc needs of libpq's opening; nobody else does.
namespace hikae::postgres {

struct FinishConnection {
  void operator()(pg_conn* connection) const noexcept;
};
using OpenConnection = std::unique_ptr<pg_conn, FinishConnection>;

// What an ordinary session is told first, in the words of the server's version (150018); $1 is the
// lock timeout, $2 the statement timeout. Pure.
std::string session_settings(int server_version);

// Connects within server.connect_timeout, as server.run_as, and in non-blocking mode. Throws Error.
OpenConnection open_connection(const Server& server,
                               const std::string& database,
                               ConnectionKind kind,
                               const StopToken& stop);

}  // namespace hikae::postgres
