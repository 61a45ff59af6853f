// SPDX-License-Identifier: Apache-2.0
#include "source/blocked_sessions.h"

#include <algorithm>
#include <optional>

#include "base/error.h"

namespace hikae {
namespace {

constexpr std::chrono::milliseconds kLongestPause{5000};
constexpr int kLooksWithinTheLimit = 4;

// What a transaction has once seen of the sessions it goes on seeing, unless it is told to forget.
// Everybody may ask this: the sessions of others are not looked into.
constexpr const char* kWaiting =
    "SELECT pg_catalog.pg_stat_clear_snapshot();"
    "SELECT DISTINCT w.pid, a.pid, s.usename FROM pg_catalog.pg_locks w "
    "LEFT JOIN pg_catalog.pg_stat_activity s ON s.pid = w.pid "
    "CROSS JOIN LATERAL pg_catalog.unnest(pg_catalog.pg_blocking_pids(w.pid)) AS b(pid) "
    "JOIN pg_catalog.pg_stat_activity a ON a.pid = b.pid "
    "WHERE NOT w.granted AND a.application_name = 'hikae' AND a.usename = CURRENT_USER "
    "AND a.datname = pg_catalog.current_database() AND a.pid <> pg_catalog.pg_backend_pid()";

}  // namespace

BlockedSessions::BlockedSessions(postgres::Connection& connection,
                                 std::chrono::milliseconds limit,
                                 Log& log)
    : connection_(connection),
      limit_(limit),
      log_(log),
      next_(limit.count() > 0 ? Clock::now() : Clock::time_point::max()) {}

void BlockedSessions::look(const StopToken& stop) {
  std::optional<postgres::Result> waiting;
  try {
    waiting = connection_.query(kWaiting, stop);
  } catch (const Error& error) {
    // The dump itself tells what is wrong with the server.
    log_.write(LogLevel::debug, error.message());
    next_ = Clock::time_point::max();
    return;
  }
  look_at(*waiting, stop);
  next_ = Clock::now() + std::min(kLongestPause, limit_ / kLooksWithinTheLimit);
}

void BlockedSessions::look_at(const postgres::Result& waiting, const StopToken& stop) {
  const Clock::time_point now = Clock::now();
  std::map<std::string, Clock::time_point> still;
  for (std::size_t row = 0; row < waiting.rows(); ++row) {
    const std::string pid = waiting.text(row, 0);
    const auto known = since_.find(pid);
    still[pid] = known == since_.end() ? now : known->second;
  }
  since_ = std::move(still);
  const auto longest =
      std::min_element(since_.begin(), since_.end(), [](const auto& a, const auto& b) {
        return a.second < b.second;
      });
  if (longest == since_.end() || now - longest->second < limit_) return;
  // A program that is killed leaves a session behind that goes on waiting, and holds its locks.
  std::string user;
  for (std::size_t row = 0; row < waiting.rows(); ++row) {
    if (waiting.text(row, 0) != longest->first) continue;
    user = waiting.text(row, 2);
    connection_.query("SELECT pg_catalog.pg_terminate_backend($1)", {waiting.text(row, 1)}, stop);
  }
  throw Error(ErrorCode::timeout,
              text("source.postgres_gave_way", {{"pid", longest->first}, {"user", user}}),
              Retry::after_backoff)
      .with_hint(text("source.postgres_gave_way_hint"));
}

BlockedWatch::BlockedWatch(postgres::Connection& connection,
                           std::chrono::milliseconds limit,
                           Log& log,
                           const StopToken& stop)
    : state_(connection, limit, log), looker_(stop) {
  if (limit.count() > 0) looker_.spawn("blocked", [this](const StopToken& group) { watch(group); });
}

void BlockedWatch::use(const std::function<void()>& action) {
  const auto state = state_.lock();
  action();
}

void BlockedWatch::check() {
  auto state = state_.lock();
  if (const std::exception_ptr found = state->found) std::rethrow_exception(found);
}

void BlockedWatch::watch(const StopToken& stop) {
  using Clock = BlockedSessions::Clock;
  auto state = state_.lock();
  while (!stop.stop_requested() && state->sessions.next_look() != Clock::time_point::max()) {
    const auto left =
        std::chrono::ceil<std::chrono::milliseconds>(state->sessions.next_look() - Clock::now());
    state.wait_for(stop, left, [] { return false; });
    if (stop.stop_requested()) return;
    try {
      state->sessions.look(stop);
    } catch (const Error&) {
      state->found = std::current_exception();
      return;
    }
  }
}

}  // namespace hikae
