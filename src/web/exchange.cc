// SPDX-License-Identifier: Apache-2.0
#include "web/exchange.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include "base/error.h"
#include "base/units.h"
#include "web/timestamps.h"

namespace hikae::web {
namespace {

constexpr std::size_t kBodyPart = 256 * kKiB;

std::string hex(std::size_t number) {
  std::array<char, 16> digits{};
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number, 16).ptr;
  return {digits.data(), end};
}

}  // namespace

Exchange::Exchange(Connection& connection,
                   RequestHead head,
                   const Patience& patience,
                   const Clock& clock,
                   int stop_fd)
    : connection_(connection),
      head_(std::move(head)),
      patience_(patience),
      clock_(clock),
      stop_fd_(stop_fd),
      phase_begin_(clock.steady_now()) {}

Connection::TimePoint Exchange::deadline(std::uint64_t moved) const {
  // Whatever comes first: silence, or a rate below the least one.
  const auto stalled = clock_.steady_now() + patience_.stall;
  const auto slow = phase_begin_ + patience_.stall +
                    std::chrono::milliseconds(moved * 1000 / patience_.bytes_per_second);
  return std::min(stalled, slow);
}

template <typename Action>
auto Exchange::watched(Action action) -> decltype(action()) {
  try {
    return action();
  } catch (const Error& error) {
    broken_ = true;
    // For the log alone: 408 as HTTP has it, 499 as nginx calls a peer that went away.
    if (status_ == 0) status_ = error.code() == ErrorCode::timeout ? 408 : 499;
    throw;
  } catch (const Cancelled&) {
    broken_ = true;
    throw;
  }
}

void Exchange::read_body(const std::function<void(ByteView)>& take) {
  if (head_.expects_continue && received_ == 0 && head_.body_size > 0)
    send(as_bytes("HTTP/1.1 100 Continue\r\n\r\n"));
  phase_begin_ = clock_.steady_now();
  moved_ = 0;
  Bytes buffer(std::min<std::uint64_t>(kBodyPart, std::max<std::uint64_t>(head_.body_size, 1)));
  while (received_ < head_.body_size) {
    const auto part = MutableByteView(buffer).first(
        std::min<std::uint64_t>(buffer.size(), head_.body_size - received_));
    const std::size_t count = watched([&] {
      const std::size_t read = connection_.read(part, deadline(moved_), clock_, stop_fd_);
      if (read == 0) throw Error(ErrorCode::io, text("web.connection_broken", {{"reason", "EOF"}}));
      return read;
    });
    received_ += count;
    moved_ += count;
    take(part.first(count));
  }
}

void Exchange::send(ByteView bytes) {
  while (!bytes.empty()) {
    const std::size_t count =
        watched([&] { return connection_.write(bytes, deadline(moved_), clock_, stop_fd_); });
    moved_ += count;
    bytes = bytes.subspan(count);
  }
}

bool Exchange::may_continue() const {
  return head_.keep_alive && complete_ && !broken_ && received_ == head_.body_size;
}

void Exchange::send_head(int status, const Fields& fields) {
  std::string out = "HTTP/1.1 " + std::to_string(status) + " ";
  out += reason_phrase(status);
  out += "\r\nDate: " + http_date(clock_.now()) + "\r\n";
  for (const auto& [name, value] : fields) out += name + ": " + value + "\r\n";
  // What is left of the body would be taken for the next request.
  if (!head_.keep_alive || received_ != head_.body_size) out += "Connection: close\r\n";
  out += "\r\n";
  status_ = status;
  phase_begin_ = clock_.steady_now();
  moved_ = 0;
  send(as_bytes(out));
}

void Exchange::answer(int status, const Fields& fields, ByteView body) {
  begin(status, fields, body.size());
  if (head_.method == "HEAD") {
    complete_ = true;
  } else {
    write(body);
  }
}

void Exchange::answer_head(const Fields& fields, std::uint64_t size) {
  begin(200, fields, size);
  complete_ = true;
}

void Exchange::begin(int status, const Fields& fields, std::uint64_t size) {
  Fields all = fields;
  all.emplace_back("Content-Length", std::to_string(size));
  promised_ = size;
  complete_ = size == 0;
  send_head(status, all);
}

void Exchange::begin_chunks(int status, const Fields& fields) {
  Fields all = fields;
  all.emplace_back("Transfer-Encoding", "chunked");
  chunked_ = true;
  send_head(status, all);
}

void Exchange::write(ByteView bytes) {
  if (bytes.empty()) return;  // an empty chunk would end the answer
  if (chunked_) send(as_bytes(hex(bytes.size()) + "\r\n"));
  send(bytes);
  sent_ += bytes.size();
  if (chunked_) {
    send(as_bytes("\r\n"));
  } else {
    complete_ = sent_ == promised_;
  }
}

void Exchange::end_chunks() {
  send(as_bytes("0\r\n\r\n"));
  complete_ = true;
}

}  // namespace hikae::web
