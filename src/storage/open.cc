// SPDX-License-Identifier: Apache-2.0
#include "storage/open.h"

#include "base/error.h"
#include "storage/counters.h"
#include "storage/local.h"
#include "storage/retry.h"

namespace hikae {

// NOLINTNEXTLINE(performance-unnecessary-value-param): the backends take the secrets over
std::unique_ptr<Backend> open_backend(const Location& location, OpenOptions options) {
  if (location.scheme == "local")
    return with_retry(with_counters(std::make_unique<LocalBackend>(location.path, options.mode)));
  throw Error(ErrorCode::unsupported,
              text("storage.scheme_not_built",
                   {{"scheme", location.scheme}, {"location", location.display}}))
      .with_hint(text("storage.scheme_not_built_hint"));
}

}  // namespace hikae
