// SPDX-License-Identifier: Apache-2.0
#include "storage/open.h"

#include "base/error.h"
#include "storage/counters.h"
#include "storage/limit.h"
#include "storage/limit_rate.h"
#include "storage/local.h"
#include "storage/retry.h"
#include "storage/s3.h"

namespace hikae {
namespace {

// Retries stand outside: what is sent again costs the line again.
std::unique_ptr<Backend> decorate(std::unique_ptr<Backend> backend,
                                  RateLimitOptions rates,
                                  RetryOptions retry = {}) {
  return with_retry(with_rate_limit(with_counters(std::move(backend)), std::move(rates)),
                    std::move(retry));
}

RateLimitOptions rates_of(const OpenOptions& options) {
  RateLimitOptions rates;
  rates.upload = options.limit_upload;
  rates.download = options.limit_download;
  return rates;
}

// A store that asks to slow down needs more than the moment that a disk needs.
RetryOptions patience_for_s3() {
  RetryOptions retry;
  retry.attempts = 9;
  retry.first_wait = std::chrono::milliseconds(500);
  retry.longest_wait = std::chrono::seconds(30);
  retry.deadline = std::chrono::minutes(5);
  return retry;
}

std::unique_ptr<Backend> open_local(const Location& location, const OpenOptions& options) {
  auto local = std::make_unique<LocalBackend>(location.path, options.mode);
  if (!options.connections) return local;
  return with_connection_limit(std::move(local), *options.connections);
}

}  // namespace

// NOLINTNEXTLINE(performance-unnecessary-value-param): the backends take the secrets over
std::unique_ptr<Backend> open_backend(const Location& location, OpenOptions options) {
  if (location.scheme == "local") return decorate(open_local(location, options), rates_of(options));
  if (location.scheme == "s3") {
    const RateLimitOptions rates = rates_of(options);
    return decorate(
        std::make_unique<S3Backend>(location, std::move(options)), rates, patience_for_s3());
  }
  throw Error(ErrorCode::unsupported,
              text("storage.scheme_not_built",
                   {{"scheme", location.scheme}, {"location", location.display}}))
      .with_hint(text("storage.scheme_not_built_hint"));
}

}  // namespace hikae
