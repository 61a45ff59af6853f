// SPDX-License-Identifier: Apache-2.0
#include "storage/open.h"

#include "base/error.h"
#include "storage/counters.h"
#include "storage/limit_rate.h"
#include "storage/local.h"
#include "storage/retry.h"

namespace hikae {
namespace {

// Retries stand outside: what is sent again costs the line again.
std::unique_ptr<Backend> decorate(std::unique_ptr<Backend> backend, const OpenOptions& options) {
  RateLimitOptions rates;
  rates.upload = options.limit_upload;
  rates.download = options.limit_download;
  return with_retry(with_rate_limit(with_counters(std::move(backend)), std::move(rates)));
}

}  // namespace

// NOLINTNEXTLINE(performance-unnecessary-value-param): the backends take the secrets over
std::unique_ptr<Backend> open_backend(const Location& location, OpenOptions options) {
  if (location.scheme == "local")
    return decorate(std::make_unique<LocalBackend>(location.path, options.mode), options);
  throw Error(ErrorCode::unsupported,
              text("storage.scheme_not_built",
                   {{"scheme", location.scheme}, {"location", location.display}}))
      .with_hint(text("storage.scheme_not_built_hint"));
}

}  // namespace hikae
