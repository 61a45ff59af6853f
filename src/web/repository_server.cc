// SPDX-License-Identifier: Apache-2.0
#include "web/repository_server.h"

#include <utility>

#include "base/error.h"

namespace hikae::web {
namespace {

ServerOptions checked(ServerOptions options) {
  if (options.rules.folders == AccessRules::Folders::per_user && !options.htpasswd_file)
    throw Error(ErrorCode::invalid_argument, text("web.private_without_users"))
        .with_hint(text("web.private_without_users_hint"));
  return options;
}

std::unique_ptr<Htpasswd> load_users(const ServerOptions& options, const Clock& clock, Log& log) {
  if (!options.htpasswd_file) return nullptr;
  return std::make_unique<Htpasswd>(*options.htpasswd_file, clock, log);
}

std::unique_ptr<RenewedTls> load_tls(const ServerOptions& options, Log& log) {
  if (!options.tls) return nullptr;
  return std::make_unique<RenewedTls>(options.tls->certificate_file, options.tls->key_file, log);
}

}  // namespace

struct RepositoryServer::Impl {
  Impl(ServerOptions given,
       const Clock& clock,
       Log& log,
       std::function<void(std::string_view)> access,
       const StopToken& stop)
      : options(checked(std::move(given))),
        folders(options.path, clock),
        users(load_users(options, clock, log)),
        tls(load_tls(options, log)),
        server(site(std::move(access)), clock, log),
        quota(options.path, options.max_size, stop),
        handler(folders, quota, users.get(), options.rules, options.memory, log) {}

  HttpSite site(std::function<void(std::string_view)> access) {
    HttpSite site;
    site.listen = options.listen;
    site.limits = options.limits;
    site.tls = tls.get();
    site.handle = [this](Exchange& exchange, const StopToken& stop) {
      handler.handle(exchange, stop);
    };
    site.look = [this] {
      folders.close_unused();
      if (tls) tls->look();
    };
    site.access = std::move(access);
    return site;
  }

  const ServerOptions options;
  RepositoryFolders folders;
  const std::unique_ptr<Htpasswd> users;
  const std::unique_ptr<RenewedTls> tls;
  // Bound before the quota measures the folder; nothing is served before run().
  HttpServer server;
  Quota quota;
  RepositoryHandler handler;
};

RepositoryServer::RepositoryServer(ServerOptions options,
                                   const Clock& clock,
                                   Log& log,
                                   std::function<void(std::string_view)> access,
                                   const StopToken& stop)
    : impl_(std::make_unique<Impl>(std::move(options), clock, log, std::move(access), stop)) {
  if (impl_->server.listener().is_loopback()) return;
  if (!impl_->tls) log.warning(text("web.no_tls", {{"address", address()}}));
  if (!impl_->users) log.warning(text("web.no_users", {{"address", address()}}));
}

RepositoryServer::~RepositoryServer() = default;

std::string RepositoryServer::address() const {
  return impl_->server.listener().address();
}

void RepositoryServer::run(const StopToken& stop) {
  impl_->server.run(stop);
}

}  // namespace hikae::web
