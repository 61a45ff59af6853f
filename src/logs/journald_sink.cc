// SPDX-License-Identifier: Apache-2.0
// The protocol: systemd.io/JOURNAL_NATIVE_PROTOCOL.
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include "format/time.h"
#include "logs/sink.h"
#include "os/fd.h"

namespace hikae::logs {
namespace {

// A datagram that is larger would have to be passed as a sealed file; no line of ours says more.
constexpr std::size_t kLongestMessage = std::size_t{32} * 1024;

char priority_of(LogLevel level) {
  switch (level) {
    case LogLevel::debug:
      return '7';
    case LogLevel::info:
      return '6';
    case LogLevel::warning:
      return '4';
    case LogLevel::error:
      return '3';
  }
  return '3';
}

void add_field(std::string& out, std::string_view name, std::string_view value) {
  if (value.empty()) return;
  value = value.substr(0, kLongestMessage);
  if (value.find('\n') == std::string_view::npos) {
    out.append(name).append("=").append(value).append("\n");
    return;
  }
  // With line breaks: the length as 64 bits, little end first.
  out.append(name).append("\n");
  std::uint64_t length = value.size();
  for (int i = 0; i < 8; ++i, length >>= 8U) out.push_back(static_cast<char>(length & 0xffU));
  out.append(value).append("\n");
}

class JournaldSink final : public Sink {
 public:
  explicit JournaldSink(os::Fd socket) : socket_(std::move(socket)) {}

  void write(const Line& line) override {
    const std::string message = encode_for_journald(line);
    // journald may be restarting or busy. It holds a copy of what the log file has: lost here is
    // not lost.
    static_cast<void>(
        send(socket_.get(), message.data(), message.size(), MSG_NOSIGNAL | MSG_DONTWAIT));
  }
  std::optional<Error> failure() const override { return std::nullopt; }

 private:
  os::Fd socket_;
};

}  // namespace

std::string encode_for_journald(const Line& line) {
  std::string out;
  add_field(out, "MESSAGE", line.message.empty() ? line.event : line.message);
  add_field(out, "PRIORITY", std::string(1, priority_of(line.severity)));
  add_field(out, "SYSLOG_IDENTIFIER", "hikae");
  add_field(out, "HIKAE_EVENT", line.event);
  add_field(out, "HIKAE_CLASS", line.event_class);
  add_field(out, "HIKAE_POLICY", line.policy);
  add_field(out, "HIKAE_JOB", line.job);
  add_field(out, "HIKAE_RUN", line.run);
  if (line.slot) add_field(out, "HIKAE_SLOT", format::to_rfc3339(format::to_timestamp(*line.slot)));
  add_field(out, "HIKAE_SOURCE", line.source);
  add_field(out, "HIKAE_DESTINATION", line.destination);
  add_field(out, "HIKAE_SNAPSHOT", line.snapshot);
  add_field(out, "HIKAE_VERDICT", line.verdict);
  return out;
}

std::unique_ptr<Sink> make_journald_sink(const std::string& socket) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (socket.size() >= sizeof address.sun_path) return nullptr;
  std::memcpy(address.sun_path, socket.data(), socket.size());
  os::Fd fd(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (!fd) return nullptr;
  const auto* generic = reinterpret_cast<const sockaddr*>(&address);
  if (connect(fd.get(), generic, sizeof address) != 0) return nullptr;
  return std::make_unique<JournaldSink>(std::move(fd));
}

}  // namespace hikae::logs
