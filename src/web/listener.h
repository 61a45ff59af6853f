// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>

#include "os/fd.h"

namespace hikae::web {

// A TCP socket that waits for connections.
class Listener {
 public:
  // "127.0.0.1:8000", "[::1]:8000", "nas.local:8000", ":8000" for all addresses; port 0 takes a
  // free one. Throws Error{invalid_argument}, or what the system reports.
  explicit Listener(const std::string& place);

  // "127.0.0.1:8000", as it is bound.
  std::string address() const;
  // Whether only this machine can reach it.
  bool is_loopback() const;
  int descriptor() const { return socket_.get(); }

  struct Accepted {
    os::Fd socket;  // non-blocking
    std::string peer;
  };
  // nullopt when nobody waits. Throws Error when the system has no descriptor or memory left.
  std::optional<Accepted> accept() const;

 private:
  os::Fd socket_;
};

}  // namespace hikae::web
