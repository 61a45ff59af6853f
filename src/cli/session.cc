// SPDX-License-Identifier: Apache-2.0
#include "cli/session.h"

#include <unistd.h>

#include "base/units.h"
#include "os/files.h"
#include "os/terminal.h"
#include "policy/load.h"
#include "repository/early_reading.h"
#include "service/secrets.h"

namespace hikae::cli {
namespace {

constexpr std::size_t kLargestPolicy = std::size_t{4} * 1024 * 1024;

Secret ask_password(const Session& session) {
  if (!os::is_terminal(STDIN_FILENO)) {
    throw Error(ErrorCode::wrong_password, text("cli.no_password"))
        .with_hint(text("cli.no_password_hint"));
  }
  return Secret(os::read_password_without_echo(
      render(text("cli.ask_password"), session.console.language()), session.stop));
}

// A destination that refuses writes can still be read; without a lock somebody may prune meanwhile,
// which is said.
bool may_go_without_lock(const Error& error, LockNeed need) {
  if (need != LockNeed::shared_for_reading && need != LockNeed::exclusive_for_reading) return false;
  // A full disk refuses writes too, and is when a restore may be wanted most.
  return error.code() == ErrorCode::read_only || error.code() == ErrorCode::permission ||
         error.code() == ErrorCode::no_space;
}

LockMode mode_of(LockNeed need) {
  const bool alone = need == LockNeed::exclusive || need == LockNeed::exclusive_for_reading;
  return alone ? LockMode::exclusive : LockMode::shared;
}

void take_lock(const Session& session,
               OpenedRepository& opened,
               LockNeed need,
               const LockOptions& options) {
  if (need == LockNeed::none || session.options.no_lock) return;
  try {
    change_lock(session, opened, mode_of(need), options);
  } catch (const Error& error) {
    if (!may_go_without_lock(error, need)) throw;
    session.console.warning(
        text("cli.reading_without_lock", {{"place", opened.repository->backend().location()}}));
  }
}

}  // namespace

const policy::Destination& meant_destination(const Session& session, const policy::Policy& policy) {
  const std::string& name = session.options.destination;
  std::string names;
  for (const policy::Destination& destination : policy.destinations) {
    if (destination.name == name) return destination;
    names += " " + destination.name;
  }
  if (name.empty() && policy.destinations.size() == 1) return policy.destinations.front();
  if (name.empty()) {
    throw Error(ErrorCode::invalid_argument, text("cli.which_destination"))
        .with_hint(text("cli.which_destination_hint", {{"names", names.substr(1)}}));
  }
  throw Error(ErrorCode::invalid_argument, text("service.unknown_destination", {{"name", name}}))
      .with_hint(text("service.known_names", {{"names", names.substr(1)}}));
}

LockOptions lock_options(const GlobalOptions& options) {
  LockOptions lock;
  if (options.retry_lock.empty()) return lock;
  const auto duration = parse_duration(options.retry_lock);
  if (!duration) {
    throw Error(
        ErrorCode::invalid_argument,
        text("cli.bad_duration", {{"option", "--retry-lock"}, {"value", options.retry_lock}}))
        .with_hint(text("cli.bad_duration_hint"));
  }
  lock.retry_for = *duration;
  return lock;
}

LoadedPolicy load_policy(const Session& session) {
  LoadedPolicy loaded;
  loaded.path = session.options.policy_file;
  try {
    loaded.text = std::string(as_text(os::read_file(loaded.path, kLargestPolicy)));
  } catch (Error& error) {
    error.add_context(text("cli.reading_policy", {{"path", loaded.path}}));
    error.set_hint(text("cli.reading_policy_hint"));
    throw;
  }
  loaded.policy = policy::parse_policy(loaded.text, loaded.path);
  return loaded;
}

Location repository_location(const Session& session) {
  if (!session.options.repository.empty()) {
    return parse_location(session.options.repository, session.environment.working_directory);
  }
  const LoadedPolicy loaded = load_policy(session);
  const policy::Destination& destination = meant_destination(session, loaded.policy);
  check_destination(destination, session.environment);
  return parse_location(destination.url, session.environment.working_directory);
}

std::unique_ptr<Backend> open_repository_backend(const Session& session, AccessMode mode) {
  const Environment& environment = session.environment;
  if (!session.options.repository.empty())
    return open_location(repository_location(session), mode, environment);
  const LoadedPolicy loaded = load_policy(session);
  const policy::Destination& destination = meant_destination(session, loaded.policy);
  check_destination(destination, environment);
  return open_destination_backend(loaded.policy, destination, mode, environment, session.stop);
}

Secret repository_password(const Session& session) {
  if (!session.options.password_file.empty())
    return read_password_file(session.options.password_file);
  if (session.options.repository.empty()) {
    return resolve_secret(
        load_policy(session).policy.encryption.password, session.environment, session.stop);
  }
  if (auto password = session.environment.variable("RESTIC_PASSWORD"))
    return Secret(std::move(*password));
  return ask_password(session);
}

void change_lock(const Session& session,
                 OpenedRepository& opened,
                 LockMode mode,
                 const LockOptions& options) {
  const Environment& environment = session.environment;
  opened.keeper.reset();
  opened.lock.reset();
  opened.lock = RepositoryLock::acquire(*opened.repository,
                                        mode,
                                        environment.identity,
                                        environment.clock,
                                        options,
                                        environment.log,
                                        session.stop);
  opened.keeper =
      std::make_unique<LockKeeper>(std::vector{opened.lock.get()}, environment.log, session.stop);
}

void lock_for_reading(const Session& session, OpenedRepository& opened) {
  take_lock(session, opened, LockNeed::shared_for_reading, lock_options(session.options));
}

OpenedRepository open_repository(const Session& session, LockNeed need, const FirstReading& read) {
  OpenedRepository opened;
  opened.repository = Repository::open(open_repository_backend(session, AccessMode::read_write),
                                       repository_password(session),
                                       session.stop);
  EarlyReading::Read read_it;
  if (read) {
    read_it = [&read, repository = opened.repository.get()](const StopToken& stop) {
      read(*repository, stop);
    };
  }
  EarlyReading early(std::move(read_it), session.stop);
  take_lock(session, opened, need, early.attach(lock_options(session.options)));
  early.finish();
  return opened;
}

int exit_code(const Error& error) {
  switch (error.code()) {
    case ErrorCode::no_repository:
      return 10;
    case ErrorCode::locked:
      return 11;
    case ErrorCode::wrong_password:
      return 12;
    default:
      return 1;
  }
}

}  // namespace hikae::cli
