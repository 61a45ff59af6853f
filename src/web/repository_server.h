// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/log.h"
#include "concurrency/stop.h"
#include "web/http_server.h"
#include "web/repository_handler.h"

namespace hikae::web {

struct ServerOptions {
  std::string path;                          // absolute; must exist
  std::string listen = "127.0.0.1:8000";     // see Listener
  std::optional<std::string> htpasswd_file;  // absent: everybody may come
  struct Tls {
    std::string certificate_file;
    std::string key_file;
  };
  std::optional<Tls> tls;
  std::optional<std::uint64_t> max_size;  // bytes of all files below `path`
  AccessRules rules;
  std::uint64_t memory = std::uint64_t{256} << 20U;  // for uploads; also the largest file
  HttpLimits limits;
};

// restic's REST protocol over HTTP or HTTPS, for folders of this machine.
class RepositoryServer {
 public:
  // Binds the address, so that connections queue from now on; refuses options that make no sense
  // together (Error{invalid_argument}) and warns of those that are unsafe. `access` gets a line per
  // request, from one thread at a time; null for none. The references outlive the object.
  RepositoryServer(ServerOptions options,
                   const Clock& clock,
                   Log& log,
                   std::function<void(std::string_view line)> access,
                   const StopToken& stop);
  ~RepositoryServer();
  RepositoryServer(const RepositoryServer&) = delete;
  RepositoryServer& operator=(const RepositoryServer&) = delete;

  // "127.0.0.1:8000", also where port 0 was asked for.
  std::string address() const;

  // Serves until `stop` is requested; requests under way then have a time of grace. Call once.
  void run(const StopToken& stop);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace hikae::web
