// SPDX-License-Identifier: Apache-2.0
#include "cli/restore_origin.h"

#include <algorithm>
#include <filesystem>

#include "cli/snapshot_options.h"
#include "service/newer_elsewhere.h"

namespace hikae::cli {
namespace {

RestoreOrigin open_one(const Session& session) {
  RestoreOrigin origin;
  origin.opened = open_repository(session, LockNeed::shared_for_reading);
  origin.snapshots = origin.opened.repository->load_snapshots(session.console, session.stop);
  origin.name = session.options.destination.empty() ? origin.opened.repository->backend().location()
                                                    : session.options.destination;
  return origin;
}

void explain(const Session& session, const std::string& destination, const Error& error) {
  session.console.warning(
      text("cli_restore.destination_failed",
           {{"destination", destination}, {"reason", render(error, session.console.language())}}));
}

// Nearest first.
std::vector<std::string> ordered_destinations(const Session& session) {
  std::vector<std::string> near;
  std::vector<std::string> far;
  for (const policy::Destination& destination : load_policy(session).policy.destinations) {
    const Location place = parse_location(destination.url, session.environment.working_directory);
    (place.scheme == "local" ? near : far).push_back(destination.name);
  }
  near.insert(near.end(), far.begin(), far.end());
  return near;
}

OpenedRepository open_destination(const Session& session, const std::string& name) {
  GlobalOptions options = session.options;
  options.destination = name;
  const Session narrowed{session.console, session.environment, options, session.stop};
  return open_repository(narrowed, LockNeed::shared_for_reading);
}

// The session outlives the restore.
FallbackRepository stand_in(const Session& session, const std::string& name) {
  return {name, [&session, name](const StopToken&) {
            auto opened = std::make_shared<OpenedRepository>(open_destination(session, name));
            return std::shared_ptr<Repository>(opened, opened->repository.get());
          }};
}

std::unique_ptr<FallbackBlobs> stand_ins(const Session& session,
                                         const std::vector<std::string>& names,
                                         const std::string& chosen) {
  std::vector<FallbackRepository> others;
  for (const std::string& name : names) {
    if (name != chosen) others.push_back(stand_in(session, name));
  }
  return std::make_unique<FallbackBlobs>(std::move(others), session.console);
}

// The nearest destination may have been away when the last backup was made.
void warn_of_newer(const Session& session,
                   const RestoreOrigin& origin,
                   const SnapshotRecord& record) {
  const Environment& environment = session.environment;
  std::error_code ignored;
  if (!std::filesystem::exists(environment.state_directory, ignored)) return;
  std::optional<NewerElsewhere> newer;
  try {
    const policy::Policy policy = load_policy(session).policy;
    const auto journal =
        Journal::open(environment.state_directory, environment.clock, environment.log);
    newer = find_newer_elsewhere(policy, *journal, origin.name, record.snapshot);
  } catch (const Error&) {
    return;  // a restore needs no journal; who may not read it is told nothing
  }
  if (!newer) return;
  const ShownTime shown(session);
  session.console.warning(text("cli_restore.newer_elsewhere",
                               {{"source", newer->source},
                                {"destination", newer->destination},
                                {"newer", shown.of(format::to_timestamp(newer->begun))},
                                {"nearest", origin.name},
                                {"time", shown.of(record.snapshot.time)}}));
}

}  // namespace

RestoreOrigin open_origin(const Session& session,
                          const std::function<bool(const std::vector<SnapshotRecord>&)>& has_it,
                          const Error& lacking) {
  if (!session.options.repository.empty() || !session.options.destination.empty())
    return open_one(session);
  std::optional<Error> failure;
  const std::vector<std::string> names = ordered_destinations(session);
  for (const std::string& name : names) {
    GlobalOptions options = session.options;
    options.destination = name;
    try {
      const Session narrowed{session.console, session.environment, options, session.stop};
      RestoreOrigin origin = open_one(narrowed);
      if (!has_it(origin.snapshots)) continue;
      origin.others = stand_ins(session, names, name);
      return origin;
    } catch (const Error& error) {
      if (names.size() == 1) throw;
      explain(session, name, error);
      failure = error;
    }
  }
  if (!failure) throw Error(lacking);
  throw Error(failure->code(), text("cli_restore.no_destination_serves"))
      .with_hint(text("cli_restore.no_destination_serves_hint"));
}

ChosenSnapshot open_snapshot(const Session& session,
                             const std::string& name,
                             const SnapshotFilter& filter) {
  const auto has_it = [&](const std::vector<SnapshotRecord>& snapshots) {
    if (means_latest(name)) {
      find_snapshot(snapshots, name, filter);  // throws what is missing
      return true;
    }
    return std::any_of(snapshots.begin(), snapshots.end(), [&](const SnapshotRecord& record) {
      return record.id.hex().starts_with(name);
    });
  };
  RestoreOrigin origin = open_origin(session, has_it, no_such_snapshot(name));
  SnapshotRecord record = find_snapshot(origin.snapshots, name, filter);
  if (name == "latest" && origin.others != nullptr) warn_of_newer(session, origin, record);
  return {std::move(origin), std::move(record)};
}

SnapshotFilter source_filter(const Session& session, const std::string& source) {
  std::vector<std::string> tags{std::string(kSourceTag) + source};
  if (session.options.repository.empty()) {
    const LoadedPolicy loaded = load_policy(session);
    if (policy::find_source(loaded.policy, source) == nullptr) {
      std::string names;
      for (const policy::Source& known : loaded.policy.sources)
        names += (names.empty() ? "" : " ") + known.name;
      throw Error(ErrorCode::invalid_argument,
                  text("cli_restore.unknown_source", {{"name", source}}))
          .with_hint(text("cli_restore.unknown_source_hint", {{"names", names}}));
    }
    tags.push_back(std::string(kPolicyTag) + loaded.policy.name);
  }
  SnapshotFilter filter;
  filter.tags.push_back(std::move(tags));
  return filter;
}

}  // namespace hikae::cli
