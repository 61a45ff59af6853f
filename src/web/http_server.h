// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/log.h"
#include "concurrency/stop.h"
#include "web/exchange.h"
#include "web/listener.h"
#include "web/renewed_tls.h"

namespace hikae::web {

// What a server may use of its machine.
struct HttpLimits {
  std::size_t connections = 512;  // the one that has been silent longest goes when another comes
  std::size_t workers = 64;       // requests at once
  std::chrono::milliseconds grace{15000};  // for requests under way when the server is stopped
  Patience patience;
};

// What is served, and where.
struct HttpSite {
  std::string listen;  // see Listener
  HttpLimits limits;
  RenewedTls* tls = nullptr;  // outlives the server; null: without TLS
  // Answers, or throws Error where that is impossible; by many workers at once.
  std::function<void(Exchange& exchange, const StopToken& stop)> handle;
  std::function<void()> look;  // about once a second, from the loop's thread; may be null
  // Gets a line for each request, from one thread at a time; may be null.
  std::function<void(std::string_view line)> access;
};

// HTTP/1.1 or HTTPS. One thread waits for all connections and never for one of them; requests
// whose header is complete go to a bounded number of workers.
class HttpServer {
 public:
  // Binds the address, so that connections queue from now on. The references outlive the object.
  HttpServer(HttpSite site, const Clock& clock, Log& log);
  ~HttpServer();
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  const Listener& listener() const;

  // Serves until `stop` is requested; requests under way then have a time of grace. Call once.
  void run(const StopToken& stop);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace hikae::web
