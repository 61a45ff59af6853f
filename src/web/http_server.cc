// SPDX-License-Identifier: Apache-2.0
#include "web/http_server.h"

#include <poll.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <utility>
#include <vector>

#include "base/error.h"
#include "concurrency/bounded_queue.h"
#include "concurrency/guarded.h"
#include "concurrency/task_group.h"
#include "os/signals.h"
#include "os/wake.h"
#include "web/access_log.h"
#include "web/stream.h"

namespace hikae::web {
namespace {

using TimePoint = Connection::TimePoint;
using ConnectionPointer = std::unique_ptr<Connection>;

// For what a peer still sends although it was answered.
constexpr std::chrono::seconds kLinger{20};
constexpr std::chrono::seconds kTick{1};
constexpr int kAcceptsPerTurn = 64;

}  // namespace

struct HttpServer::Impl {
  // A connection that the loop watches.
  struct Waiting {
    ConnectionPointer connection;
    short events = POLLIN;  // 0: has its next turn without waiting
  };

  Impl(HttpSite given, const Clock& clock_given, Log& log_given)
      : site(std::move(given)),
        clock(clock_given),
        log(log_given),
        listener(site.listen),
        ready(site.limits.connections) {}

  // The loop's side.
  void loop(const StopToken& stop);
  std::vector<pollfd> watched(int stop_fd) const;
  int time_to_wait() const;
  void accept_some();
  void make_room();
  void advance(ConnectionPointer connection);
  void take_back();
  void advance_waiting(const std::vector<pollfd>& polled);
  void wait_for_workers();
  bool is_full() const { return waiting.size() + in_work >= site.limits.connections; }

  // The workers' side.
  void work(const StopToken& stop);
  // True when the connection goes back to the loop.
  bool serve(Connection& connection, int stop_fd, const StopToken& stop);
  bool serve_safely(Connection& connection, int stop_fd, const StopToken& stop);
  void refuse(Connection& connection, int status, int stop_fd);
  void handle(Exchange& exchange, const StopToken& stop);
  void log_access(const std::string& line);

  const HttpSite site;
  const Clock& clock;
  Log& log;
  Listener listener;

  std::vector<Waiting> waiting;  // the loop's alone
  std::size_t in_work = 0;       // lent to workers; the loop's alone
  TimePoint no_accept_before;
  bool complained = false;  // that the system is exhausted
  BoundedQueue<ConnectionPointer> ready;
  Guarded<std::vector<ConnectionPointer>> returned;  // null for one that is over
  os::Waker waker;                                   // something was returned
  std::atomic<bool> stopping = false;
  struct Access {};
  Guarded<Access> access;  // held while a line is written
};

void HttpServer::Impl::loop(const StopToken& stop) {
  const os::StopFd stopped(stop);
  TimePoint next_tick = clock.steady_now() + kTick;
  while (!stop.stop_requested()) {
    std::vector<pollfd> polled = watched(stopped.get());
    const int result = poll(polled.data(), polled.size(), time_to_wait());
    if (result < 0 && errno != EINTR) throw system_error(errno, text("web.wait_failed"));
    if (polled[1].revents != 0) take_back();
    advance_waiting(polled);
    if (polled[2].revents != 0) accept_some();
    if (clock.steady_now() < next_tick) continue;
    if (site.look) site.look();
    next_tick = clock.steady_now() + kTick;
  }
}

// The stop, the waker, the listener, then all of `waiting` in order.
std::vector<pollfd> HttpServer::Impl::watched(int stop_fd) const {
  const bool accepting = (!is_full() || !waiting.empty()) && clock.steady_now() >= no_accept_before;
  std::vector<pollfd> polled{
      {stop_fd, POLLIN, 0},
      {waker.get(), POLLIN, 0},
      {listener.descriptor(), static_cast<short>(accepting ? POLLIN : 0), 0}};
  for (const Waiting& one : waiting)
    polled.push_back({one.connection->descriptor(), one.events, 0});
  return polled;
}

int HttpServer::Impl::time_to_wait() const {
  TimePoint first = clock.steady_now() + kTick;
  for (const Waiting& one : waiting) {
    if (one.events == 0) return 0;
    first = std::min(first, one.connection->deadline());
  }
  const auto left =
      std::chrono::ceil<std::chrono::milliseconds>(first - clock.steady_now()).count();
  return static_cast<int>(std::max<std::int64_t>(left, 0));
}

void HttpServer::Impl::accept_some() {
  try {
    for (int i = 0; i < kAcceptsPerTurn; ++i) {
      auto accepted = listener.accept();
      if (!accepted) return;
      if (is_full()) make_room();
      auto stream = site.tls ? site.tls->make_stream(std::move(accepted->socket))
                             : make_plain_stream(std::move(accepted->socket));
      advance(std::make_unique<Connection>(std::move(stream),
                                           std::move(accepted->peer),
                                           clock.steady_now() + site.limits.patience.head));
      if (is_full() && waiting.empty()) return;
    }
  } catch (const Error& error) {
    // Out of descriptors or memory: those that wait are served first.
    no_accept_before = clock.steady_now() + std::chrono::milliseconds(200);
    if (!std::exchange(complained, true)) log.warning(because(text("web.accept_paused"), error));
  }
}

// Whoever would have been given up first goes now.
void HttpServer::Impl::make_room() {
  const auto first =
      std::min_element(waiting.begin(), waiting.end(), [](const Waiting& a, const Waiting& b) {
        return a.connection->deadline() < b.connection->deadline();
      });
  if (first != waiting.end()) waiting.erase(first);
}

void HttpServer::Impl::advance(ConnectionPointer connection) {
  const bool was_idle = connection->is_idle();
  const Connection::Progress progress = connection->advance();
  if (was_idle && !connection->is_idle())
    connection->set_deadline(clock.steady_now() + site.limits.patience.head);
  switch (progress) {
    case Connection::Progress::closed:
      return;
    case Connection::Progress::has_head:
      // Has room for all connections that there may be.
      if (ready.try_push(connection)) ++in_work;
      return;
    case Connection::Progress::wants_read:
      return waiting.push_back({std::move(connection), POLLIN});
    case Connection::Progress::wants_write:
      return waiting.push_back({std::move(connection), POLLOUT});
    case Connection::Progress::has_more:
      return waiting.push_back({std::move(connection), 0});
  }
}

void HttpServer::Impl::take_back() {
  waker.clear();
  std::vector<ConnectionPointer> back;
  std::swap(back, *returned.lock());
  in_work -= back.size();
  for (ConnectionPointer& connection : back) {
    if (connection && !stopping) advance(std::move(connection));
  }
}

void HttpServer::Impl::advance_waiting(const std::vector<pollfd>& polled) {
  // take_back() has only added behind those that were polled.
  const std::size_t count = polled.size() - 3;
  std::vector<Waiting> before = std::move(waiting);
  waiting.clear();
  const TimePoint now = clock.steady_now();
  for (std::size_t i = 0; i < before.size(); ++i) {
    Waiting& one = before[i];
    const bool its_turn = i < count && (polled[i + 3].revents != 0 || one.events == 0);
    if (now >= one.connection->deadline()) continue;
    if (its_turn) {
      advance(std::move(one.connection));
    } else {
      waiting.push_back(std::move(one));
    }
  }
}

void HttpServer::Impl::wait_for_workers() {
  stopping = true;
  waiting.clear();
  ready.close();
  const TimePoint end = clock.steady_now() + site.limits.grace;
  while (in_work > 0 && clock.steady_now() < end) {
    pollfd polled{waker.get(), POLLIN, 0};
    const auto left =
        std::chrono::ceil<std::chrono::milliseconds>(end - clock.steady_now()).count();
    poll(&polled, 1, static_cast<int>(std::max<std::int64_t>(left, 0)));
    take_back();
  }
}

void HttpServer::Impl::work(const StopToken& stop) {
  const os::StopFd stopped(stop);
  while (auto connection = ready.pop(stop)) {
    if (!serve_safely(**connection, stopped.get(), stop)) connection->reset();
    returned.lock()->push_back(std::move(*connection));
    waker.wake();
  }
}

// What nobody expected (no memory, a defect of ours) ends one connection, not the server.
bool HttpServer::Impl::serve_safely(Connection& connection, int stop_fd, const StopToken& stop) {
  try {
    return serve(connection, stop_fd, stop);
  } catch (const Cancelled&) {
    throw;
  } catch (const std::exception& error) {
    log.warning(text("web.unexpected", {{"reason", error.what()}}));
    return false;
  }
}

bool HttpServer::Impl::serve(Connection& connection, int stop_fd, const StopToken& stop) {
  const Patience& patience = site.limits.patience;
  try {
    do {
      if (connection.head_is_too_long()) throw BadRequest{431};
      std::string block = connection.take_head();
      const Secret wiped_block(std::move(block));  // a password stands in it
      Exchange exchange(
          connection, parse_request_head(wiped_block.reveal()), patience, clock, stop_fd);
      handle(exchange, stop);
      if (exchange.is_broken()) return false;
      if (!exchange.may_continue() || stopping) {
        // An answer that could not be completed must not look complete: no good-bye.
        if (!exchange.is_complete()) return false;
        connection.linger(clock.steady_now() + kLinger);
        return true;
      }
    } while (connection.has_head());
    connection.set_deadline(clock.steady_now() +
                            (connection.is_idle() ? patience.idle : patience.head));
    return true;
  } catch (const BadRequest& bad) {
    refuse(connection, bad.status, stop_fd);
    return true;
  }
}

void HttpServer::Impl::refuse(Connection& connection, int status, int stop_fd) {
  RequestHead none;
  none.keep_alive = false;
  Exchange exchange(connection, std::move(none), site.limits.patience, clock, stop_fd);
  try {
    exchange.answer(status);
  } catch (const Error&) {  // the peer has gone; nobody misses the answer
  }
  log_access(access_line(connection.peer(), status, clock.now()));
  connection.linger(clock.steady_now() + kLinger);
}

void HttpServer::Impl::handle(Exchange& exchange, const StopToken& stop) {
  const TimePoint begin = clock.steady_now();
  try {
    site.handle(exchange, stop);
  } catch (const Error&) {
    // Reported by the handler where it is the server's fault, else the peer's.
  }
  const auto duration = clock.steady_now() - begin;
  log_access(access_line(exchange, clock.now(), duration));
}

void HttpServer::Impl::log_access(const std::string& line) {
  const auto one_at_a_time = access.lock();
  if (site.access) site.access(line);
}

HttpServer::HttpServer(HttpSite site, const Clock& clock, Log& log)
    : impl_(std::make_unique<Impl>(std::move(site), clock, log)) {}

HttpServer::~HttpServer() = default;

const Listener& HttpServer::listener() const {
  return impl_->listener;
}

void HttpServer::run(const StopToken& stop) {
  const os::HeldPipeSignal held;
  // Not stopped with the loop: requests under way end first.
  TaskGroup workers{StopToken()};
  for (std::size_t i = 0; i < impl_->site.limits.workers; ++i)
    workers.spawn("web", [this](const StopToken& group) { impl_->work(group); });
  impl_->loop(stop);
  impl_->wait_for_workers();
  workers.request_stop();
  try {
    workers.join();
  } catch (const Cancelled&) {  // that is how workers end
  }
}

}  // namespace hikae::web
