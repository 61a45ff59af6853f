// SPDX-License-Identifier: Apache-2.0
#include "web/listener.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <memory>
#include <utility>

#include "base/error.h"

namespace hikae::web {
namespace {

struct FreeAddresses {
  void operator()(addrinfo* p) const noexcept { freeaddrinfo(p); }
};

Error malformed(const std::string& place) {
  return Error(ErrorCode::invalid_argument, text("web.listen_malformed", {{"place", place}}))
      .with_hint(text("web.listen_malformed_hint"));
}

// Host (empty: all addresses) and port.
std::pair<std::string, std::string> split(const std::string& place) {
  const std::size_t colon = place.rfind(':');
  if (colon == std::string::npos) throw malformed(place);
  std::string host = place.substr(0, colon);
  const std::string port = place.substr(colon + 1);
  const bool digits = !port.empty() && port.size() <= 5 &&
                      port.find_first_not_of("0123456789") == std::string::npos;
  if (!digits || std::stoul(port) > 65535) throw malformed(place);
  if (host.starts_with('[') && host.ends_with(']')) {
    host = host.substr(1, host.size() - 2);
  } else if (host.find(':') != std::string::npos) {
    throw malformed(place);
  }
  return {host, port};
}

os::Fd try_bind(const addrinfo& address) {
  os::Fd socket(::socket(address.ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!socket) return socket;
  const int on = 1;
  const int off = 0;
  // A server that is started again must not wait for the connections of the last one to fade.
  setsockopt(socket.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (address.ai_family == AF_INET6)
    setsockopt(socket.get(), IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
  if (bind(socket.get(), address.ai_addr, address.ai_addrlen) != 0 ||
      listen(socket.get(), SOMAXCONN) != 0)
    return {};
  return socket;
}

enum class Show { host, host_and_port };

std::string shown(const sockaddr_storage& address, socklen_t size, Show what) {
  std::array<char, NI_MAXHOST> host{};
  std::array<char, NI_MAXSERV> port{};
  const int result = getnameinfo(reinterpret_cast<const sockaddr*>(&address),
                                 size,
                                 host.data(),
                                 host.size(),
                                 port.data(),
                                 port.size(),
                                 NI_NUMERICHOST | NI_NUMERICSERV);
  if (result != 0) return "?";
  std::string name = host.data();
  constexpr std::string_view kMapped = "::ffff:";  // IPv4 through a socket for both
  if (name.starts_with(kMapped)) name.erase(0, kMapped.size());
  if (what == Show::host) return name;
  return (name.find(':') == std::string::npos ? name : "[" + name + "]") + ":" + port.data();
}

}  // namespace

Listener::Listener(const std::string& place) {
  const auto [host, port] = split(place);
  addrinfo wanted{};
  wanted.ai_family = AF_UNSPEC;
  wanted.ai_socktype = SOCK_STREAM;
  wanted.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
  addrinfo* found = nullptr;
  // The socket for all IPv6 addresses takes IPv4 too; so that comes first.
  const char* name = host.empty() ? "::" : host.c_str();
  int result = getaddrinfo(name, port.c_str(), &wanted, &found);
  std::unique_ptr<addrinfo, FreeAddresses> addresses(result == 0 ? found : nullptr);
  if (!addresses)
    throw Error(ErrorCode::invalid_argument,
                text("web.listen_unknown", {{"place", place}, {"reason", gai_strerror(result)}}))
        .with_hint(text("web.listen_malformed_hint"));
  for (const addrinfo* at = addresses.get(); at != nullptr && !socket_; at = at->ai_next)
    socket_ = try_bind(*at);
  if (!socket_ && host.empty() && errno == EAFNOSUPPORT) {
    sockaddr_in any{};
    any.sin_family = AF_INET;
    any.sin_port = htons(static_cast<std::uint16_t>(std::stoul(port)));
    addrinfo all{};
    all.ai_family = AF_INET;
    all.ai_addr = reinterpret_cast<sockaddr*>(&any);
    all.ai_addrlen = sizeof any;
    socket_ = try_bind(all);
  }
  if (!socket_)
    throw system_error(errno, text("web.listen_failed", {{"place", place}}))
        .with_hint(text("web.listen_failed_hint", {{"port", port}}));
}

std::string Listener::address() const {
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  getsockname(socket_.get(), reinterpret_cast<sockaddr*>(&address), &size);
  return shown(address, size, Show::host_and_port);
}

bool Listener::is_loopback() const {
  const std::string bound = address();
  return bound.starts_with("127.") || bound.starts_with("[::1]:");
}

std::optional<Listener::Accepted> Listener::accept() const {
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  os::Fd socket(accept4(
      socket_.get(), reinterpret_cast<sockaddr*>(&address), &size, SOCK_CLOEXEC | SOCK_NONBLOCK));
  if (!socket) {
    // Everything else concerns the one that came and has gone again.
    const bool exhausted =
        errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM;
    if (exhausted) throw system_error(errno, text("web.accept_failed"));
    return std::nullopt;
  }
  const int on = 1;
  // Answers are small; waiting to fill a packet would only delay them.
  setsockopt(socket.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  return Accepted{std::move(socket), shown(address, size, Show::host)};
}

}  // namespace hikae::web
