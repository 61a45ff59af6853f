// SPDX-License-Identifier: Apache-2.0
#include "postgres/explain.h"

#include <algorithm>
#include <array>

#include <libpq-fe.h>

#include "base/lines.h"

namespace hikae::postgres {
namespace {

constexpr std::string_view kNoDatabase = "3D000";
constexpr std::string_view kNotConnectable = "55000";  // closed, or invalid
constexpr std::string_view kNoRight = "42501";
constexpr std::string_view kNotAuthorized = "28000";
constexpr std::string_view kBadPassword = "28P01";

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

bool is_state(std::string_view word) {
  constexpr std::size_t kLength = 5;
  return word.size() == kLength && std::all_of(word.begin(), word.end(), [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z');
         });
}

// libpq's own words, which nobody translates here: it did not come to speak with a server.
StateMeaning meaning_of_words(std::string_view words) {
  const auto any = [&](std::initializer_list<std::string_view> parts) {
    return std::any_of(parts.begin(), parts.end(), [&](auto part) { return has(words, part); });
  };
  if (any({"authentication failed",
           "no pg_hba.conf entry",
           "pg_hba.conf rejects",
           "no password supplied",
           "permission denied",
           "Permission denied",
           "must be superuser",
           "certificate"})) {
    return {ErrorCode::permission, Retry::no};
  }
  return {ErrorCode::io, Retry::after_backoff};
}

// The server's state tells more than its words, which may be in any language.
StateMeaning meaning_for(const ConnectionWords& told) {
  if (told.state.empty()) return meaning_of_words(told.words);
  // A database that went while others were dumped: the next attempt asks anew which there are.
  if (told.state == kNoDatabase) return {ErrorCode::not_found, Retry::after_backoff};
  if (told.state == kNotConnectable) return {ErrorCode::permission, Retry::no};
  return meaning_of(told.state);
}

Text hint_for(const Server& server, const ConnectionWords& told) {
  const std::string_view words = told.words;
  const Text::Arguments who = {{"user", server.user},
                               {"account", server.run_as ? server.run_as->name : "-"}};
  if (has(words, "eer authentication failed")) return text("postgres.hint_peer", who);
  if (has(words, "replication role") || has(words, "WAL sender"))
    return text("postgres.hint_replication", who);
  if (has(words, "for replication connection")) return text("postgres.hint_hba_replication", who);
  if (has(words, "does not support SSL")) return text("postgres.hint_no_ssl", who);
  if (has(words, "could not translate host name")) return text("postgres.hint_host", who);
  if (told.state == kNoDatabase) return text("postgres.hint_no_database", who);
  if (told.state == kNotConnectable) return text("postgres.hint_closed", who);
  if (told.state == kNoRight) return text("postgres.hint_connect", who);
  if (has(words, "password") || told.state == kBadPassword)
    return text("postgres.hint_password", who);
  if (has(words, "pg_hba.conf")) return text("postgres.hint_hba", who);
  if (has(words, "certificate") || has(words, "SSL")) return text("postgres.hint_ssl", who);
  if (has(words, "role") && has(words, "does not exist")) return text("postgres.hint_role", who);
  if (told.state == kNotAuthorized) return text("postgres.hint_hba", who);
  return text("postgres.hint_running", who);
}

}  // namespace

ConnectionWords read_connection_words(std::string_view message) {
  constexpr std::string_view kSource = "LOCATION:  ";
  constexpr std::string_view kBefore = ":  ";  // as in "FATAL:  28P01: …"
  constexpr std::size_t kLength = 5;
  ConnectionWords told;
  std::string words;
  for (const std::string_view line : lines_of(message)) {
    if (line.starts_with(kSource)) continue;
    const std::size_t at = line.find(kBefore);
    const std::string_view state =
        at == std::string_view::npos ? "" : line.substr(at + kBefore.size()).substr(0, kLength);
    if (is_state(state) && line.substr(at + kBefore.size() + kLength).starts_with(": ")) {
      told.state = state;
      words.append(line.substr(0, at + 2)).append(line.substr(at + kBefore.size() + kLength + 2));
    } else {
      words += line;
    }
    words += '\n';
  }
  told.words = one_line(words);
  return told;
}

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
  const ConnectionWords told = read_connection_words(PQerrorMessage(connection));
  const StateMeaning meaning = meaning_for(told);
  return Error(meaning.code,
               text("postgres.no_connection",
                    {{"place", place_of(server)}, {"user", server.user}, {"reason", told.words}}),
               meaning.retry)
      .with_hint(hint_for(server, told));
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
