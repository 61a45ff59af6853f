// SPDX-License-Identifier: Apache-2.0
#include "web/connection.h"

#include <poll.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <limits>
#include <utility>

#include "base/error.h"
#include "crypto/secret.h"

namespace hikae::web {
namespace {

constexpr std::string_view kHeadEnd = "\r\n\r\n";
constexpr std::size_t kReadSize = 4096;
constexpr std::size_t kDropPart = std::size_t{16} * 1024;
// Enough for a pack that a client had begun to send when it was refused.
constexpr std::uint64_t kDropLimit = std::uint64_t{64} << 20U;

int poll_timeout(Connection::TimePoint deadline, Connection::TimePoint now) {
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - now).count();
  return static_cast<int>(std::clamp<std::int64_t>(left, 0, std::numeric_limits<int>::max()));
}

}  // namespace

Connection::Connection(std::unique_ptr<Stream> stream, std::string peer, TimePoint deadline)
    : stream_(std::move(stream)), peer_(std::move(peer)), deadline_(deadline) {}

Connection::~Connection() {
  // A header that was never used may hold a password.
  wipe(input_.data(), input_.size());
}

bool Connection::has_head() const {
  return as_text(input_).find(kHeadEnd) != std::string_view::npos;
}

bool Connection::head_is_too_long() const {
  const std::size_t end = as_text(input_).find(kHeadEnd);
  return end == std::string_view::npos ? input_.size() > kHeadLimit : end > kHeadLimit;
}

Connection::Progress Connection::advance() noexcept {
  try {
    if (!handshake_done_) {
      const Stream::Want want = stream_->handshake();
      if (want == Stream::Want::read) return Progress::wants_read;
      if (want == Stream::Want::write) return Progress::wants_write;
      handshake_done_ = true;
    }
    return lingering_ ? drop_input() : receive_head();
  } catch (const std::exception&) {  // a broken connection concerns its peer alone
    return Progress::closed;
  }
}

Connection::Progress Connection::receive_head() {
  for (;;) {
    // Only what is new is searched, so that a header in single bytes costs no square of them.
    const std::size_t end = as_text(input_).find(kHeadEnd, searched_);
    if (end != std::string_view::npos || input_.size() > kHeadLimit) return Progress::has_head;
    searched_ = input_.size() < 3 ? 0 : input_.size() - 3;
    const std::size_t before = input_.size();
    input_.resize(before + kReadSize);
    const Stream::Step step = stream_->read(MutableByteView(input_).subspan(before));
    input_.resize(before + step.bytes);
    if (step.want == Stream::Want::read) return Progress::wants_read;
    if (step.want == Stream::Want::write) return Progress::wants_write;
    if (step.bytes == 0) return Progress::closed;
  }
}

Connection::Progress Connection::drop_input() {
  std::array<std::uint8_t, kDropPart> buffer{};
  for (int turn = 0; turn < 16; ++turn) {
    const Stream::Step step = stream_->read(buffer);
    if (step.want == Stream::Want::read) return Progress::wants_read;
    if (step.want == Stream::Want::write) return Progress::wants_write;
    dropped_ += step.bytes;
    if (step.bytes == 0 || dropped_ > kDropLimit) return Progress::closed;
  }
  return Progress::has_more;
}

void Connection::linger(TimePoint deadline) noexcept {
  stream_->shut_down();
  wipe(input_.data(), input_.size());
  input_.clear();
  lingering_ = true;
  deadline_ = deadline;
}

std::string Connection::take_head() {
  const std::size_t size = as_text(input_).find(kHeadEnd) + kHeadEnd.size();
  std::string head(as_text(input_).substr(0, size));
  wipe(input_.data(), size);
  input_.erase(input_.begin(), input_.begin() + static_cast<std::ptrdiff_t>(size));
  searched_ = 0;
  return head;
}

void Connection::wait(Stream::Want want,
                      TimePoint deadline,
                      const Clock& clock,
                      int stop_fd) const {
  const short events = want == Stream::Want::write ? POLLOUT : POLLIN;
  std::array<pollfd, 2> polled{{{descriptor(), events, 0}, {stop_fd, POLLIN, 0}}};
  const int ready = poll(polled.data(), polled.size(), poll_timeout(deadline, clock.steady_now()));
  if (ready < 0 && errno != EINTR) throw system_error(errno, text("web.connection_broken"));
  if (polled[1].revents != 0) throw Cancelled();
  if (ready == 0) throw Error(ErrorCode::timeout, text("web.peer_too_slow"));
}

std::size_t Connection::read(MutableByteView out,
                             TimePoint deadline,
                             const Clock& clock,
                             int stop_fd) {
  if (!input_.empty()) {
    const std::size_t count = std::min(out.size(), input_.size());
    std::copy_n(input_.begin(), count, out.begin());
    input_.erase(input_.begin(), input_.begin() + static_cast<std::ptrdiff_t>(count));
    searched_ = 0;
    return count;
  }
  for (;;) {
    const Stream::Step step = stream_->read(out);
    if (step.want == Stream::Want::nothing) return step.bytes;
    wait(step.want, deadline, clock, stop_fd);
  }
}

std::size_t Connection::write(ByteView bytes, TimePoint deadline, const Clock& clock, int stop_fd) {
  for (;;) {
    const Stream::Step step = stream_->write(bytes);
    if (step.want == Stream::Want::nothing) return step.bytes;
    wait(step.want, deadline, clock, stop_fd);
  }
}

}  // namespace hikae::web
