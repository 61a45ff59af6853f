// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <map>
#include <optional>
#include <stdexcept>
#include <string>

namespace hikae::testing {

struct RawResponse {
  int status = 0;
  std::map<std::string, std::string> fields;
  std::string body;
};

// A TCP connection to this machine that sends exactly what it is told, right or wrong.
class RawConnection {
 public:
  explicit RawConnection(int port) : fd_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (connect(fd_, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0)
      throw std::runtime_error("cannot connect");
  }
  ~RawConnection() { close(fd_); }
  RawConnection(const RawConnection&) = delete;
  RawConnection& operator=(const RawConnection&) = delete;

  // False when the server has closed.
  bool send(const std::string& bytes) const {
    std::size_t done = 0;
    while (done < bytes.size()) {
      const ssize_t count = ::send(fd_, bytes.data() + done, bytes.size() - done, MSG_NOSIGNAL);
      if (count <= 0) return false;
      done += static_cast<std::size_t>(count);
    }
    return true;
  }
  void end_sending() const { shutdown(fd_, SHUT_WR); }

  // The next answer; nullopt when the server closes before it is whole. `to_head`: it has no body
  // whatever its length says. Throws when nothing comes within 20 seconds.
  std::optional<RawResponse> receive(bool to_head = false) {
    while (received_.find("\r\n\r\n") == std::string::npos) {
      if (!more()) return std::nullopt;
    }
    const std::size_t end = received_.find("\r\n\r\n");
    RawResponse response = parse(received_.substr(0, end));
    received_.erase(0, end + 4);
    if (to_head || response.status == 100) return response;
    const bool chunked = response.fields.count("Transfer-Encoding") > 0;
    if (!(chunked ? take_chunks(response) : take_body(response))) return std::nullopt;
    return response;
  }

  // True when the server closes without another byte.
  bool is_closed() { return received_.empty() && !more(); }

  std::optional<RawResponse> ask(const std::string& request, bool to_head = false) {
    if (!send(request)) return std::nullopt;
    return receive(to_head);
  }

 private:
  static RawResponse parse(const std::string& head) {
    RawResponse response;
    response.status = std::stoi(head.substr(9, 3));
    std::size_t at = head.find("\r\n");
    while (at != std::string::npos) {
      const std::size_t next = head.find("\r\n", at + 2);
      const std::string line =
          head.substr(at + 2, next == std::string::npos ? next : next - at - 2);
      const std::size_t colon = line.find(": ");
      response.fields[line.substr(0, colon)] = line.substr(colon + 2);
      at = next;
    }
    return response;
  }

  bool more() {
    pollfd waiting{fd_, POLLIN, 0};
    if (poll(&waiting, 1, 20000) <= 0) throw std::runtime_error("the server is silent");
    char buffer[65536];
    const ssize_t count = recv(fd_, buffer, sizeof buffer, 0);
    if (count <= 0) return false;
    received_.append(buffer, static_cast<std::size_t>(count));
    return true;
  }

  bool take(std::size_t count, std::string& into) {
    while (received_.size() < count) {
      if (!more()) return false;
    }
    into += received_.substr(0, count);
    received_.erase(0, count);
    return true;
  }
  bool take_body(RawResponse& response) {
    return take(std::stoull(response.fields.at("Content-Length")), response.body);
  }
  bool take_chunks(RawResponse& response) {
    for (;;) {
      while (received_.find("\r\n") == std::string::npos) {
        if (!more()) return false;
      }
      const std::size_t size = std::stoull(received_, nullptr, 16);
      received_.erase(0, received_.find("\r\n") + 2);
      std::string end;
      if (!take(size, response.body) || !take(2, end) || end != "\r\n") return false;
      if (size == 0) return true;
    }
  }

  int fd_;
  std::string received_;
};

}  // namespace hikae::testing
