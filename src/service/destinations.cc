// SPDX-License-Identifier: Apache-2.0
#include "service/destinations.h"

#include <algorithm>

#include "os/files.h"
#include "service/secrets.h"

namespace hikae {
namespace {

using policy::Policy;

void open_one(OpenDestination& open,
              const Secret& password,
              const OpenRequest& request,
              const Environment& environment,
              const StopToken& stop) {
  try {
    check_destination(*open.destination, environment);
    open.repository = Repository::open(
        open_destination_backend(*open.destination, request.mode, environment), password, stop);
    if (request.lock) {
      open.lock = RepositoryLock::acquire(*open.repository,
                                          *request.lock,
                                          environment.identity,
                                          environment.clock,
                                          request.lock_options,
                                          environment.log,
                                          stop);
    }
    if (request.load_index == OpenRequest::LoadIndex::yes) {
      open.index.emplace();
      open.repository->update_index(*open.index, open.index_files, stop);
    }
  } catch (Error& error) {
    error.add_context(text("service.destination", {{"name", open.destination->name}}));
    open.failure = error;
    open.lock.reset();
  }
}

std::vector<OpenDestination> select(const Policy& policy, const std::vector<std::string>& only) {
  std::vector<OpenDestination> selected;
  for (const policy::Destination& destination : policy.destinations) {
    if (!only.empty() && std::find(only.begin(), only.end(), destination.name) == only.end())
      continue;
    selected.emplace_back();
    selected.back().destination = &destination;
  }
  for (const std::string& name : only) {
    const bool known =
        std::any_of(selected.begin(), selected.end(), [&](const OpenDestination& open) {
          return open.destination->name == name;
        });
    if (known) continue;
    std::string names;
    for (const policy::Destination& destination : policy.destinations)
      names += " " + destination.name;
    throw Error(ErrorCode::invalid_argument, text("service.unknown_destination", {{"name", name}}))
        .with_hint(text("service.known_names", {{"names", names.substr(1)}}));
  }
  return selected;
}

}  // namespace

void check_destination(const policy::Destination& destination, const Environment& environment) {
  const Location location = parse_location(destination.url, environment.working_directory);
  if (!destination.require_mount || location.scheme != "local") return;
  // The repository may be a folder below the mount point: what counts is that some folder on the
  // way is one.
  for (std::string path = location.path; path.size() > 1; path = path.substr(0, path.rfind('/'))) {
    if (os::is_mount_point(path)) return;
  }
  throw Error(ErrorCode::not_mounted,
              text("service.destination_not_mounted", {{"path", location.path}}))
      .with_hint(text("service.destination_not_mounted_hint", {{"path", location.path}}));
}

std::unique_ptr<Backend> open_destination_backend(const policy::Destination& destination,
                                                  AccessMode mode,
                                                  const Environment& environment) {
  return open_backend(parse_location(destination.url, environment.working_directory), mode);
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
      open_one(open, password, request, environment, group);
    });
  }
  tasks.join();
  return opened;
}

}  // namespace hikae
