// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "base/bytes.h"
#include "base/clock.h"
#include "web/stream.h"

namespace hikae::web {

// How long a peer may take. Bounds what one slow or silent peer can hold.
struct Patience {
  std::chrono::milliseconds head{15000};   // TLS handshake and header, from their first byte on
  std::chrono::milliseconds idle{75000};   // between two requests
  std::chrono::milliseconds stall{60000};  // no byte moved within a request
  // A body must move at this rate on the average, after a grace of `stall`.
  std::uint64_t bytes_per_second = 4096;
};

// One peer's connection: first advanced by the server's loop, which never waits for it, until a
// request's header is complete; then lent to a worker, which waits. Never used by two threads at
// once.
class Connection {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;
  static constexpr std::size_t kHeadLimit = std::size_t{16} * 1024;

  Connection(std::unique_ptr<Stream> stream, std::string peer, TimePoint deadline);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  const std::string& peer() const { return peer_; }
  int descriptor() const { return stream_->descriptor(); }

  // For the loop: as far as possible without waiting.
  // has_more: nothing to wait for, but others should have their turn.
  enum class Progress { wants_read, wants_write, has_head, has_more, closed };
  Progress advance() noexcept;
  // The last answer was sent. What still comes is dropped until the peer closes, so that it gets to
  // read the answer: closing at once would reset the connection.
  void linger(TimePoint deadline) noexcept;
  // When the loop gives up on it; moved as it proceeds.
  TimePoint deadline() const { return deadline_; }
  void set_deadline(TimePoint deadline) { deadline_ = deadline; }
  // Nothing of a next request has come.
  bool is_idle() const { return handshake_done_ && input_.empty(); }

  // For the worker. A complete header stands in the buffer, or one that is too long.
  bool has_head() const;
  bool head_is_too_long() const;
  // The header with its empty line; REQUIRES: has_head(). It is wiped from the buffer.
  std::string take_head();
  // These wait, at most until `deadline` (Error{timeout}) or until `stop_fd` is readable
  // (Cancelled). Error{io} when the peer has gone. read returns at least one byte, or 0 at the end.
  std::size_t read(MutableByteView out, TimePoint deadline, const Clock& clock, int stop_fd);
  std::size_t write(ByteView bytes, TimePoint deadline, const Clock& clock, int stop_fd);

 private:
  Progress receive_head();
  Progress drop_input();
  void wait(Stream::Want want, TimePoint deadline, const Clock& clock, int stop_fd) const;

  std::unique_ptr<Stream> stream_;
  const std::string peer_;
  TimePoint deadline_;
  bool handshake_done_ = false;
  bool lingering_ = false;
  std::uint64_t dropped_ = 0;  // bytes, while lingering
  Bytes input_;                // received, not yet used
  std::size_t searched_ = 0;   // bytes of it that hold no end of a header
};

}  // namespace hikae::web
