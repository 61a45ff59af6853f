// SPDX-License-Identifier: Apache-2.0
#include "service/destinations.h"

#include <algorithm>

#include "os/files.h"
#include "policy/time_zone.h"
#include "repository/early_reading.h"
#include "service/secrets.h"

namespace hikae {
namespace {

using policy::Policy;

EarlyReading::Read index_reading(OpenDestination& open, const OpenRequest& request) {
  if (request.load_index == OpenRequest::LoadIndex::no) return {};
  return [&open](const StopToken& stop) {
    open.index.emplace();
    open.index_files.clear();
    open.repository->update_index(*open.index, open.index_files, stop);
  };
}

std::unique_ptr<Repository> open_repository(std::unique_ptr<Backend> backend,
                                            const Secret& password,
                                            const Environment& environment,
                                            const StopToken& stop) {
  if (environment.known_keys == nullptr)
    return Repository::open(std::move(backend), password, stop);
  return Repository::open(std::move(backend), password, *environment.known_keys, stop);
}

void open_one(OpenDestination& open,
              const Secret& password,
              const Policy& policy,
              const OpenRequest& request,
              const Environment& environment,
              const StopToken& stop) {
  try {
    check_destination(*open.destination, environment);
    open.repository = open_repository(
        open_destination_backend(policy, *open.destination, request.mode, environment, stop),
        password,
        environment,
        stop);
    EarlyReading early(index_reading(open, request), stop);
    if (request.lock) {
      open.lock = RepositoryLock::acquire(*open.repository,
                                          *request.lock,
                                          environment.identity,
                                          environment.clock,
                                          early.attach(request.lock_options),
                                          environment.log,
                                          stop);
    }
    early.finish();
  } catch (Error& error) {
    error.add_context(text("service.destination", {{"name", open.destination->name}}));
    open.failure = error;
    open.lock.reset();
  }
}

// By the policy's clock.
Rate rate_of(const std::vector<policy::RateRule>& rules, const std::string& timezone) {
  if (rules.empty()) return {};
  const policy::TimeZone zone =
      timezone.empty() ? policy::TimeZone::utc() : policy::TimeZone::named(timezone);
  return Rate([rules, zone](Instant when) {
    const auto local = zone.to_local(when);
    const auto day = std::chrono::floor<std::chrono::days>(local);
    return policy::rate_at(rules, std::chrono::floor<std::chrono::minutes>(local - day));
  });
}

S3Options s3_options(const policy::Destination& destination) {
  S3Options options;
  options.endpoint = destination.endpoint;
  options.region = destination.region;
  options.storage_class = destination.storage_class;
  using Addressing = S3Options::Addressing;
  if (destination.addressing == policy::S3Addressing::path) options.addressing = Addressing::path;
  if (destination.addressing == policy::S3Addressing::host)
    options.addressing = Addressing::virtual_host;
  options.kms_key_id = destination.kms_key_id;
  if (const auto& encryption = destination.server_side_encryption) {
    options.encryption = *encryption == policy::ServerSideEncryption::aes256
                             ? S3Options::Encryption::aes256
                             : S3Options::Encryption::aws_kms;
  }
  if (const auto& lock = destination.object_lock) {
    using Mode = S3Options::ObjectLock::Mode;
    const bool governance = lock->mode == policy::ObjectLockMode::governance;
    options.object_lock = {governance ? Mode::governance : Mode::compliance, lock->keep};
  }
  return options;
}

StoreCredentials resolve_credentials(const policy::Credentials& given,
                                     const Environment& environment,
                                     const StopToken& stop) {
  const auto resolve = [&](const std::optional<policy::SecretReference>& reference) {
    return reference ? resolve_secret(*reference, environment, stop) : Secret();
  };
  StoreCredentials credentials;
  credentials.access_key_id = given.access_key_id;
  credentials.secret_access_key = resolve(given.secret_access_key);
  credentials.session_token = resolve(given.session_token);
  credentials.profile = given.profile;
  credentials.user = given.user;
  credentials.password = resolve(given.password);
  return credentials;
}

std::vector<OpenDestination> select(const Policy& policy, const std::vector<std::string>& only) {
  require_destinations(policy, only);
  std::vector<OpenDestination> selected;
  for (const policy::Destination& destination : policy.destinations) {
    if (!only.empty() && std::find(only.begin(), only.end(), destination.name) == only.end())
      continue;
    selected.emplace_back();
    selected.back().destination = &destination;
  }
  return selected;
}

}  // namespace

void require_destinations(const Policy& policy, const std::vector<std::string>& names) {
  for (const std::string& name : names) {
    std::string known;
    for (const policy::Destination& destination : policy.destinations)
      known += " " + destination.name;
    // A name has no space.
    if ((known + " ").find(" " + name + " ") != std::string::npos) continue;
    throw Error(ErrorCode::invalid_argument, text("service.unknown_destination", {{"name", name}}))
        .with_hint(text("service.known_names", {{"names", known.substr(1)}}));
  }
}

void check_destination(const policy::Destination& destination, const Environment& environment) {
  const Location location = parse_location(destination.url, environment.working_directory);
  if (!destination.require_mount || location.scheme != "local") return;
  // What the system's table names there is what is meant, whatever is mounted further above.
  if (const auto missing = os::find_missing_mount(location.path))
    throw Error(
        ErrorCode::not_mounted,
        text("service.destination_mount_missing", {{"path", location.path}, {"mount", *missing}}))
        .with_hint(text("service.destination_not_mounted_hint", {{"path", *missing}}));
  // The repository may be a folder below the mount point: what counts is that some folder on the
  // way is one.
  for (std::string path = location.path; path.size() > 1; path = path.substr(0, path.rfind('/'))) {
    if (os::is_mount_point(path)) return;
  }
  throw Error(ErrorCode::not_mounted,
              text("service.destination_not_mounted", {{"path", location.path}}))
      .with_hint(text("service.destination_not_mounted_hint", {{"path", location.path}}));
}

std::optional<Text> find_plain_transit(const Policy& policy,
                                       const policy::Destination& destination,
                                       const Location& location) {
  const bool is_plain = !location.tls || destination.endpoint.starts_with("http://");
  if (!is_plain || policy.encryption.in_transit == policy::TransportCipher::any)
    return std::nullopt;
  return text("service.plain_transit", {{"destination", destination.name}});
}

OpenOptions destination_options(const Policy& policy,
                                const policy::Destination& destination,
                                AccessMode mode,
                                const Environment& environment,
                                const StopToken& stop) {
  const Location location = parse_location(destination.url, environment.working_directory);
  if (auto refusal = find_plain_transit(policy, destination, location))
    throw Error(ErrorCode::invalid_argument, std::move(*refusal))
        .with_hint(text("service.plain_transit_hint"));
  OpenOptions options;
  options.mode = mode;
  options.variable = environment.variable;
  if (policy.encryption.in_transit == policy::TransportCipher::any)
    options.ciphers = TransportCiphers::any;
  if (destination.connections)
    options.connections = static_cast<std::size_t>(*destination.connections);
  options.limit_upload = rate_of(destination.limit_upload, policy.timezone);
  options.limit_download = rate_of(destination.limit_download, policy.timezone);
  options.ca_file = destination.ca_file;
  options.log = &environment.log;
  options.s3 = s3_options(destination);
  if (destination.credentials)
    options.credentials = resolve_credentials(*destination.credentials, environment, stop);
  return options;
}

std::unique_ptr<Backend> open_destination_backend(const Policy& policy,
                                                  const policy::Destination& destination,
                                                  AccessMode mode,
                                                  const Environment& environment,
                                                  const StopToken& stop) {
  return open_backend(parse_location(destination.url, environment.working_directory),
                      destination_options(policy, destination, mode, environment, stop));
}

std::unique_ptr<Backend> open_location(const Location& location,
                                       AccessMode mode,
                                       const Environment& environment) {
  OpenOptions options;
  options.mode = mode;
  options.variable = environment.variable;
  options.ca_file = environment.variable("RESTIC_CACERT").value_or("");
  options.log = &environment.log;
  return open_backend(location, std::move(options));
}

std::vector<OpenDestination> open_destinations(const Policy& policy,
                                               const OpenRequest& request,
                                               const Environment& environment,
                                               const StopToken& stop) {
  std::vector<OpenDestination> opened = select(policy, request.only);
  const Secret password = resolve_secret(policy.encryption.password, environment, stop);
  TaskGroup tasks(stop);
  for (OpenDestination& open : opened) {
    tasks.spawn("open", [&](const StopToken& group) {
      open_one(open, password, policy, request, environment, group);
    });
  }
  tasks.join();
  return opened;
}

}  // namespace hikae
