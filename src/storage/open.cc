// SPDX-License-Identifier: Apache-2.0
#include "storage/open.h"

#include "base/error.h"
#include "storage/counters.h"
#include "storage/limit.h"
#include "storage/limit_rate.h"
#include "storage/local.h"
#include "storage/rest.h"
#include "storage/retry.h"
#include "storage/s3.h"
#include "storage/sftp.h"

namespace hikae {
namespace {

// Retries stand outside: what is sent again costs the line again.
std::unique_ptr<Backend> decorate(std::unique_ptr<Backend> backend,
                                  RateLimitOptions rates,
                                  RetryOptions retries = {}) {
  return with_retry(with_rate_limit(with_counters(std::move(backend)), std::move(rates)),
                    std::move(retries));
}

RateLimitOptions rates_of(const OpenOptions& options) {
  RateLimitOptions rates;
  rates.upload = options.limit_upload;
  rates.download = options.limit_download;
  return rates;
}

std::unique_ptr<Backend> open_local(const Location& location, const OpenOptions& options) {
  auto local = std::make_unique<LocalBackend>(location.path, options.mode);
  if (!options.connections) return local;
  return with_connection_limit(std::move(local), *options.connections);
}

std::unique_ptr<Backend> open_sftp(const Location& location, const OpenOptions& options) {
  SftpOptions sftp;
  sftp.target.host = location.host;
  sftp.target.user = location.user;
  sftp.target.port = location.port;
  sftp.target.config_file = options.ssh_config_file;
  if (sftp.target.config_file.empty() && options.variable)
    sftp.target.config_file = options.variable("HIKAE_SSH_CONFIG").value_or("");
  sftp.target.ciphers = options.ciphers == TransportCiphers::any ? net::SshCiphers::any
                                                                 : net::SshCiphers::aes_256_only;
  sftp.path = location.path;
  sftp.location = location.display;
  sftp.mode = options.mode;
  // The backend keeps to that number itself, lists included: each is a login at the server.
  if (options.connections) sftp.connections = *options.connections;
  return std::make_unique<SftpBackend>(std::move(sftp));
}

}  // namespace

// NOLINTNEXTLINE(performance-unnecessary-value-param): the backends take the secrets over
std::unique_ptr<Backend> open_backend(const Location& location, OpenOptions options) {
  const RateLimitOptions rates = rates_of(options);
  if (location.scheme == "local") return decorate(open_local(location, options), rates);
  if (location.scheme == "sftp")
    return decorate(open_sftp(location, options), rates, network_retries());
  if (location.scheme == "s3")
    return decorate(
        std::make_unique<S3Backend>(location, std::move(options)), rates, network_retries());
  if (location.scheme == "rest")
    return decorate(std::make_unique<RestBackend>(location, options), rates, network_retries());
  throw Error(ErrorCode::invalid_argument,
              text("storage.location_unknown_scheme", {{"scheme", location.scheme}}))
      .with_hint(text("storage.location_hint"));
}

}  // namespace hikae
