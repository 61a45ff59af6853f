// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "web/connection.h"
#include "web/request_head.h"

namespace hikae::web {

using Fields = std::vector<std::pair<std::string, std::string>>;

// One request and its answer, on a worker's thread. All calls that move bytes wait for the peer
// within its Patience; Error when it has gone or is too slow, and is_broken() from then on;
// Cancelled when the server ends.
class Exchange {
 public:
  Exchange(Connection& connection,
           RequestHead head,
           const Patience& patience,
           const Clock& clock,
           int stop_fd);

  const RequestHead& head() const { return head_; }
  const std::string& peer() const { return connection_.peer(); }

  // The whole body, piece by piece as it comes.
  void read_body(const std::function<void(ByteView)>& take);

  // An answer of one piece; none may have begun.
  void answer(int status, const Fields& fields = {}, ByteView body = {});
  // An answer to HEAD: what a GET would have.
  void answer_head(const Fields& fields, std::uint64_t size);
  // An answer of a known size, which write() then gives.
  void begin(int status, const Fields& fields, std::uint64_t size);
  // An answer of unknown size (chunks), ended by end_chunks().
  void begin_chunks(int status, const Fields& fields);
  void write(ByteView bytes);
  void end_chunks();

  bool has_begun() const { return status_ != 0; }
  bool is_broken() const { return broken_; }
  // All of the answer was sent.
  bool is_complete() const { return complete_; }
  // Whether another request may follow.
  bool may_continue() const;

  // For the log.
  int status() const { return status_; }
  std::uint64_t sent() const { return sent_; }          // bytes of the body
  std::uint64_t received() const { return received_; }  // bytes of the body
  std::string user;

 private:
  Connection::TimePoint deadline(std::uint64_t moved) const;
  void send_head(int status, const Fields& fields);
  void send(ByteView bytes);
  template <typename Action>
  auto watched(Action action) -> decltype(action());

  Connection& connection_;
  const RequestHead head_;
  const Patience& patience_;
  const Clock& clock_;
  const int stop_fd_;
  Connection::TimePoint phase_begin_;  // of the body that moves now
  std::uint64_t moved_ = 0;            // bytes in this phase
  int status_ = 0;
  std::uint64_t sent_ = 0;
  std::uint64_t received_ = 0;
  std::uint64_t promised_ = 0;  // by Content-Length
  bool chunked_ = false;
  bool complete_ = false;
  bool broken_ = false;
};

}  // namespace hikae::web
