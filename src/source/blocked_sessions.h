// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <exception>
#include <functional>
#include <map>
#include <string>

#include "base/log.h"
#include "concurrency/guarded.h"
#include "concurrency/task_group.h"
#include "postgres/connection.h"

namespace hikae {

// Sessions of a database that wait for a lock which one of hikae's own sessions there holds: a dump
// keeps every table from being altered until it ends, and whoever comes behind an ALTER TABLE that
// waits has to wait too. Used by one thread.
class BlockedSessions {
 public:
  using Clock = std::chrono::steady_clock;
  // A limit of 0: nobody looks. Connection and log outlive the object.
  BlockedSessions(postgres::Connection& connection, std::chrono::milliseconds limit, Log& log);

  // When look() is worth calling again; the end of time when never.
  Clock::time_point next_look() const { return next_; }
  // Asks the server. Where a session has waited for longer than the limit, the sessions of hikae
  // that it waits for are ended, and Error{timeout} is thrown, to be tried again. A server that
  // does not answer is logged and not asked again.
  void look(const StopToken& stop);

 private:
  void look_at(const postgres::Result& waiting, const StopToken& stop);

  postgres::Connection& connection_;
  std::chrono::milliseconds limit_;
  Log& log_;
  Clock::time_point next_;
  std::map<std::string, Clock::time_point> since_;  // by the number of the session that waits
};

// Looks again and again in a thread of its own, so that nobody has to wait for a dump which waits
// itself: for a destination that takes nothing more. Thread-safe.
class BlockedWatch {
 public:
  // While it lives, the connection is used through use() only.
  BlockedWatch(postgres::Connection& connection,
               std::chrono::milliseconds limit,
               Log& log,
               const StopToken& stop);
  // Meanwhile nobody looks.
  void use(const std::function<void()>& action);
  // Throws what BlockedSessions::look() has thrown.
  void check();

 private:
  struct State {
    State(postgres::Connection& connection, std::chrono::milliseconds limit, Log& log)
        : sessions(connection, limit, log) {}
    BlockedSessions sessions;
    std::exception_ptr found;
  };
  void watch(const StopToken& stop);

  Guarded<State> state_;
  TaskGroup looker_;  // last: ended first
};

}  // namespace hikae
