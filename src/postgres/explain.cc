// SPDX-License-Identifier: Apache-2.0
#include "postgres/explain.h"

#include <algorithm>
#include <array>

#include <libpq-fe.h>

namespace hikae::postgres {
namespace {

// libpq ends its messages with a line break and spreads them over lines.
std::string one_line(std::string_view words) {
  std::string line;
  bool gap = false;
  for (const char c : words) {
    if (c == '\n' || c == '\t' || c == ' ') {
      gap = !line.empty();
      continue;
    }
    if (gap) line += ' ';
    gap = false;
    line += c;
  }
  return line;
}

std::string field(const pg_result* result, int code) {
  const char* value = PQresultErrorField(result, code);
  return value == nullptr ? "" : one_line(value);
}

bool has(std::string_view words, std::string_view part) {
  return words.find(part) != std::string_view::npos;
}

// Before a session stands, libpq keeps the server's SQLSTATE to itself; its words are the
// untranslated ones of the server, which 13 to 17 share. What is not recognised stays unexplained.
StateMeaning meaning_of_words(std::string_view words) {
  const auto any = [&](std::initializer_list<std::string_view> parts) {
    return std::any_of(parts.begin(), parts.end(), [&](auto part) { return has(words, part); });
  };
  if (any({"authentication failed",
           "no pg_hba.conf entry",
           "pg_hba.conf rejects",
           "no password supplied",
           "does not exist",
           "permission denied",
           "Permission denied",
           "must be superuser",
           "certificate"})) {
    return {ErrorCode::permission, Retry::no};
  }
  return {ErrorCode::io, Retry::after_backoff};
}

Text hint_for(const Server& server, std::string_view words) {
  const Text::Arguments who = {{"user", server.user},
                               {"account", server.run_as ? server.run_as->name : "-"}};
  if (has(words, "eer authentication failed")) return text("postgres.hint_peer", who);
  if (has(words, "replication role") || has(words, "WAL sender"))
    return text("postgres.hint_replication", who);
  if (has(words, "for replication connection")) return text("postgres.hint_hba_replication", who);
  if (has(words, "does not support SSL")) return text("postgres.hint_no_ssl", who);
  if (has(words, "could not translate host name")) return text("postgres.hint_host", who);
  if (has(words, "password")) return text("postgres.hint_password", who);
  if (has(words, "pg_hba.conf")) return text("postgres.hint_hba", who);
  if (has(words, "certificate") || has(words, "SSL")) return text("postgres.hint_ssl", who);
  if (has(words, "role") && has(words, "does not exist")) return text("postgres.hint_role", who);
  return text("postgres.hint_running", who);
}

}  // namespace

StateMeaning meaning_of(std::string_view sql_state) {
  struct Entry {
    std::string_view prefix;
    StateMeaning meaning;
  };
  constexpr std::array<Entry, 16> kMeanings = {{
      {"08", {ErrorCode::io, Retry::after_backoff}},
      {"28", {ErrorCode::permission, Retry::no}},
      {"42501", {ErrorCode::permission, Retry::no}},
      {"3D000", {ErrorCode::not_found, Retry::no}},
      {"42P01", {ErrorCode::not_found, Retry::no}},
      {"53100", {ErrorCode::no_space, Retry::no}},
      {"53", {ErrorCode::io, Retry::after_backoff}},
      {"55P03", {ErrorCode::timeout, Retry::after_backoff}},
      {"57014", {ErrorCode::timeout, Retry::after_backoff}},
      {"57P", {ErrorCode::io, Retry::after_backoff}},
      {"58", {ErrorCode::io, Retry::no}},
      {"0A", {ErrorCode::unsupported, Retry::no}},
      {"XX001", {ErrorCode::corrupt, Retry::no}},
      {"XX002", {ErrorCode::corrupt, Retry::no}},
      {"42", {ErrorCode::invalid_argument, Retry::no}},
      {"22", {ErrorCode::invalid_argument, Retry::no}},
  }};
  for (const Entry& entry : kMeanings)
    if (sql_state.starts_with(entry.prefix)) return entry.meaning;
  return {};
}

std::string words_of(const pg_result* result) {
  std::string words = field(result, PG_DIAG_MESSAGE_PRIMARY);
  // libpq's own errors have no fields.
  if (words.empty()) return one_line(PQresultErrorMessage(result));
  const std::string severity = field(result, PG_DIAG_SEVERITY);
  if (!severity.empty()) words.insert(0, severity + ": ");
  for (const char more : {PG_DIAG_MESSAGE_DETAIL, PG_DIAG_MESSAGE_HINT}) {
    const std::string line = field(result, more);
    if (!line.empty()) words += " " + line;
  }
  return words;
}

Error explain_failure(pg_conn* connection, const pg_result* result) {
  const std::string state = field(result, PG_DIAG_SQLSTATE);
  // libpq made this result itself: the server did not say anything.
  if (state.empty() && PQstatus(connection) != CONNECTION_OK) return explain_lost(connection);
  const StateMeaning meaning = meaning_of(state);
  return {meaning.code,
          text("postgres.failed", {{"reason", words_of(result)}, {"state", state}}),
          meaning.retry};
}

Error explain_lost(pg_conn* connection) {
  std::string reason = connection == nullptr ? "" : one_line(PQerrorMessage(connection));
  return Error(ErrorCode::io,
               text("postgres.connection_lost", {{"reason", std::move(reason)}}),
               Retry::after_backoff)
      .with_hint(text("postgres.connection_lost_hint"));
}

Error explain_no_connection(const Server& server, pg_conn* connection) {
  const std::string words = one_line(PQerrorMessage(connection));
  const StateMeaning meaning = meaning_of_words(words);
  return Error(meaning.code,
               text("postgres.no_connection",
                    {{"place", place_of(server)}, {"user", server.user}, {"reason", words}}),
               meaning.retry)
      .with_hint(hint_for(server, words));
}

Error explain_slow(const Server& server) {
  const auto seconds = std::chrono::ceil<std::chrono::seconds>(server.connect_timeout);
  return Error(ErrorCode::timeout,
               text("postgres.no_answer",
                    {{"place", place_of(server)}, {"seconds", std::to_string(seconds.count())}}),
               Retry::after_backoff)
      .with_hint(text("postgres.hint_running", {{"user", server.user}, {"account", "-"}}));
}

}  // namespace hikae::postgres
