// SPDX-License-Identifier: Apache-2.0
#include "net/http.h"

#include <algorithm>

#include "concurrency/semaphore.h"
#include "net/http_transfer.h"

namespace hikae::net {

struct HttpClient::Impl {
  explicit Impl(HttpOptions given)
      : options(std::move(given)), free(std::max<std::size_t>(options.connections, 1)) {}

  std::unique_ptr<Connection> take() {
    auto kept = idle.lock();
    if (kept->empty()) return std::make_unique<Connection>();
    // The one used last: its connection is the least likely to have been closed meanwhile.
    std::unique_ptr<Connection> connection = std::move(kept->back());
    kept->pop_back();
    return connection;
  }

  const HttpOptions options;
  Semaphore free;
  Guarded<std::vector<std::unique_ptr<Connection>>> idle;
};

HttpClient::HttpClient(HttpOptions options) : impl_(std::make_unique<Impl>(std::move(options))) {}
HttpClient::~HttpClient() = default;

HttpResponse HttpClient::send(const HttpRequest& request, const StopToken& stop) {
  throw_if_stopped(stop);
  const auto permit = impl_->free.acquire(1, stop);
  std::unique_ptr<Connection> connection = impl_->take();
  HttpResponse response = Transfer(*connection, request, impl_->options).run(stop);
  // After an error the handles are thrown away with their broken connection.
  impl_->idle.lock()->push_back(std::move(connection));
  return response;
}

}  // namespace hikae::net
