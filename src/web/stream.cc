// SPDX-License-Identifier: Apache-2.0
#include "web/stream.h"

#include <sys/socket.h>

#include <cerrno>
#include <utility>

#include "base/error.h"

namespace hikae::web {
namespace {

class PlainStream final : public Stream {
 public:
  explicit PlainStream(os::Fd socket) : socket_(std::move(socket)) {}

  Want handshake() override { return Want::nothing; }
  Step read(MutableByteView out) override {
    return step(recv(socket_.get(), out.data(), out.size(), MSG_DONTWAIT), Want::read);
  }
  Step write(ByteView bytes) override {
    // A peer that has gone is an error, not a SIGPIPE.
    return step(send(socket_.get(), bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL),
                Want::write);
  }
  void shut_down() noexcept override { shutdown(socket_.get(), SHUT_WR); }
  int descriptor() const override { return socket_.get(); }

 private:
  static Step step(ssize_t result, Want want) {
    if (result >= 0) return {static_cast<std::size_t>(result), Want::nothing};
    if (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR) return {0, want};
    throw system_error(errno, text("web.connection_broken"));
  }
  os::Fd socket_;
};

}  // namespace

std::unique_ptr<Stream> make_plain_stream(os::Fd socket) {
  return std::make_unique<PlainStream>(std::move(socket));
}

}  // namespace hikae::web
