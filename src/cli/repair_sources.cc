// SPDX-License-Identifier: Apache-2.0
#include "cli/repair_sources.h"

#include <algorithm>

#include "service/secrets.h"

namespace hikae::cli {
namespace {

// The session of the same program for another destination of the policy.
GlobalOptions options_for(const Session& session, const std::string& destination) {
  GlobalOptions options = session.options;
  options.destination = destination;
  // What was given for the repository to heal does not concern this one.
  if (!options.repository.empty()) options.password_file.clear();
  options.repository.clear();
  return options;
}

void add(RepairSources& sources, std::string name, OpenedRepository opened, const StopToken& stop) {
  sources.sources.push_back(read_repair_source(std::move(name), *opened.repository, stop));
  sources.opened.push_back(std::move(opened));
}

void add_destination(const Session& session, const std::string& name, RepairSources& sources) {
  const GlobalOptions options = options_for(session, name);
  const Session narrowed{session.console, session.environment, options, session.stop};
  add(sources, name, open_repository(narrowed, LockNeed::shared_for_reading), session.stop);
}

void add_location(const Session& session,
                  const std::string& place,
                  const std::string& password_file,
                  RepairSources& sources) {
  GlobalOptions options = session.options;
  options.destination.clear();
  options.repository = place;
  const Session narrowed{session.console, session.environment, options, session.stop};
  OpenedRepository opened;
  opened.repository = Repository::open(
      open_repository_backend(narrowed, AccessMode::read_write),
      password_file.empty() ? repository_password(session) : read_password_file(password_file),
      session.stop);
  lock_for_reading(narrowed, opened);
  const std::string name = opened.repository->backend().location();
  add(sources, name, std::move(opened), session.stop);
}

void add_others(const Session& session, const LoadedPolicy& loaded, RepairSources& sources) {
  const std::string own = repository_location(session).display;
  std::size_t others = 0;
  for (const policy::Destination& destination : loaded.policy.destinations) {
    const Location place = parse_location(destination.url, session.environment.working_directory);
    if (place.display == own) continue;
    ++others;
    try {
      add_destination(session, destination.name, sources);
    } catch (const Error& error) {
      ++sources.unreachable;
      session.console.warning(text("cli_check.source_unreachable",
                                   {{"destination", destination.name},
                                    {"reason", render(error, session.console.language())}}));
    }
  }
  if (others > 0) return;
  throw Error(ErrorCode::invalid_argument, text("cli_check.no_other_destination"))
      .with_hint(text("cli_check.no_other_destination_hint"));
}

bool looks_like_location(const std::string& from) {
  return from.find_first_of("/:") != std::string::npos;
}

}  // namespace

RepairSources open_repair_sources(const Session& session,
                                  const std::string& from,
                                  const std::string& password_file) {
  RepairSources sources;
  if (from == "none") return sources;
  if (from == "auto") {
    add_others(session, load_policy(session), sources);
  } else if (looks_like_location(from)) {
    add_location(session, from, password_file, sources);
  } else {
    if (session.options.repository.empty() && from == session.options.destination) {
      throw Error(ErrorCode::invalid_argument,
                  text("cli_check.repair_from_itself", {{"destination", from}}));
    }
    add_destination(session, from, sources);
  }
  return sources;
}

}  // namespace hikae::cli
