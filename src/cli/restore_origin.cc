// SPDX-License-Identifier: Apache-2.0
#include "cli/restore_origin.h"

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

}  // namespace

RestoreOrigin open_origin(const Session& session,
                          const std::function<bool(const std::vector<SnapshotRecord>&)>& has_it) {
  if (!session.options.repository.empty() || !session.options.destination.empty())
    return open_one(session);
  std::optional<Error> failure;
  for (const policy::Destination& destination : load_policy(session).policy.destinations) {
    GlobalOptions options = session.options;
    options.destination = destination.name;
    try {
      const Session narrowed{session.console, session.environment, options, session.stop};
      RestoreOrigin origin = open_one(narrowed);
      if (has_it(origin.snapshots)) return origin;
      failure = Error(ErrorCode::not_found, text("repository.no_matching_snapshot"));
    } catch (const Error& error) {
      failure = error;
    }
    explain(session, destination.name, *failure);
  }
  throw Error(failure ? failure->code() : ErrorCode::not_found,
              text("cli_restore.no_destination_serves"))
      .with_hint(text("cli_restore.no_destination_serves_hint"));
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
