// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "base/error.h"
#include "postgres/connection.h"

// From what libpq and the server say to our errors; connection.cc and connect.cc only.
namespace hikae::postgres {

// Code and retry class of an SQLSTATE (PostgreSQL's Appendix A). Pure.
struct StateMeaning {
  ErrorCode code = ErrorCode::io;
  Retry retry = Retry::no;
};
StateMeaning meaning_of(std::string_view sql_state);

// Before a session stands, libpq tells the server's SQLSTATE in its message alone, where it is
// asked for all it knows (PQERRORS_VERBOSE): "… failed: FATAL:  28P01: password …" and the place in
// the server's source. Apart; no state where libpq itself failed. Pure.
struct ConnectionWords {
  std::string state;
  std::string words;  // one line, without state and place
};
ConnectionWords read_connection_words(std::string_view message);

// "ERROR: permission denied for table x", one line: message, detail and hint.
std::string words_of(const pg_result* result);

// The statement failed at the server.
Error explain_failure(pg_conn* connection, const pg_result* result);
// The connection failed while it was used.
Error explain_lost(pg_conn* connection);
// There was none to begin with.
Error explain_no_connection(const Server& server, pg_conn* connection);
// It was not there in time.
Error explain_slow(const Server& server);

}  // namespace hikae::postgres
