// SPDX-License-Identifier: Apache-2.0
#include "cli/physical_restore_verb.h"

#include <chrono>
#include <cmath>
#include <filesystem>

#include "base/json.h"
#include "base/units.h"
#include "cli/progress.h"
#include "cli/reading.h"
#include "cli/restore_output.h"
#include "cli/snapshot_options.h"
#include "report/restic_location.h"
#include "service/physical_restore.h"

namespace hikae::cli {
namespace {

using std::chrono::steady_clock;

std::string absolute(const Session& session, const std::string& path) {
  const std::filesystem::path base(session.environment.working_directory);
  std::string result = (base / path).lexically_normal().string();
  while (result.size() > 1 && result.ends_with('/')) result.pop_back();
  return result;
}

TablespaceMapping parse_mapping(const Session& session, const std::string& given) {
  const std::size_t equals = given.find('=');
  if (equals == std::string::npos || equals == 0 || equals + 1 == given.size()) {
    throw Error(ErrorCode::invalid_argument,
                text("cli_physical.bad_mapping", {{"mapping", given}}));
  }
  return {given.substr(0, equals), absolute(session, given.substr(equals + 1))};
}

PhysicalRestoreOptions physical_options(const Session& session,
                                        const PhysicalRestoreRequest& request) {
  PhysicalRestoreOptions result;
  result.target = absolute(session, request.target);
  for (const std::string& given : request.tablespace_map)
    result.tablespaces.push_back(parse_mapping(session, given));
  // Only root may give files away.
  if (session.environment.identity.uid != 0) result.ownership = Ownership::none;
  return result;
}

void say_plan(const Session& session,
              const SnapshotRecord& record,
              const PhysicalRestorePlan& plan) {
  Console& console = session.console;
  console.say(text("cli_physical.plan_snapshot",
                   {{"snapshot", record.id.short_hex()},
                    {"time", ShownTime(session).of(record.snapshot.time)}}));
  console.say(text("cli_physical.plan",
                   {{"version", plan.facts.server_version},
                    {"system", plan.facts.system_identifier},
                    {"timeline", std::to_string(plan.facts.timeline)},
                    {"end", plan.facts.end_lsn},
                    {"target", printable(plan.places.front().target)}}));
  for (std::size_t i = 1; i < plan.places.size(); ++i) {
    const PhysicalRestorePlan::Place& place = plan.places[i];
    console.say(text("cli_physical.plan_tablespace",
                     {{"number", place.name},
                      {"before", printable(place.before)},
                      {"target", printable(place.target)}}));
  }
  if (plan.facts.damaged_pages > 0) {
    console.warning(
        text("cli_physical.plan_damaged", {{"pages", std::to_string(plan.facts.damaged_pages)}}));
  }
}

void print_json(const Session& session,
                const PhysicalRestorePlan& plan,
                const SnapshotRecord& record,
                const PhysicalRestoreReport* done) {
  std::string out;
  JsonWriter json(out);
  json.begin_object().member("message_type", "summary").key("dry_run").boolean(done == nullptr);
  json.member("snapshot_id", record.id.hex()).member("target", plan.places.front().target);
  json.member("server_version", plan.facts.server_version);
  json.member("system_identifier", plan.facts.system_identifier);
  json.member("timeline", plan.facts.timeline);
  json.member("start_lsn", plan.facts.start_lsn).member("end_lsn", plan.facts.end_lsn);
  json.member("damaged_pages", plan.facts.damaged_pages);
  json.key("tablespaces").begin_array();
  for (std::size_t i = 1; i < plan.places.size(); ++i) {
    json.begin_object().member("oid", plan.places[i].name);
    json.member("before", plan.places[i].before).member("target", plan.places[i].target);
    json.end_object();
  }
  json.end_array();
  if (done != nullptr) {
    json.member("files_restored", done->restore.files_restored);
    json.member("bytes_restored", done->restore.bytes_written);
    json.member("files_verified", done->files_verified);
    json.key("errors").begin_array();
    for (const RestoreItemError& error : done->restore.errors) {
      json.begin_object().member("item", error.path);
      json.member("message", render(error.message, session.console.language())).end_object();
    }
    json.end_array();
  }
  json.end_object();
  session.console.print(out + "\n");
}

// As it can be called here: Debian keeps the programs of each major version out of the PATH.
std::string pg_ctl(const PhysicalFacts& facts) {
  const std::string major = facts.server_version.substr(0, facts.server_version.find('.'));
  std::string program = "/usr/lib/postgresql/" + major + "/bin/pg_ctl";
  return std::filesystem::exists(program) ? program : "pg_ctl";
}

void say_done(const Session& session,
              const PhysicalRestorePlan& plan,
              const PhysicalRestoreReport& report,
              steady_clock::duration elapsed) {
  Console& console = session.console;
  for (const RestoreItemError& error : report.restore.errors) {
    console.write(LogLevel::error,
                  text("cli_restore.item_error",
                       {{"path", printable(error.path)},
                        {"message", render(error.message, console.language())}}));
  }
  const double seconds = std::chrono::duration<double>(elapsed).count();
  console.say(text("cli_physical.restored",
                   {{"files", std::to_string(report.restore.files_restored)},
                    {"bytes", format_bytes(report.restore.bytes_written)},
                    {"time", format_duration(std::chrono::seconds(std::llround(seconds)))},
                    {"verified", std::to_string(report.files_verified)}}));
  if (report.restore.errors.empty()) {
    const std::string& target = plan.places.front().target;
    const bool has_configuration = std::filesystem::exists(target + "/postgresql.conf");
    // pg_ctl hands what -o says to a shell again. Debian's configuration names a file for the pid
    // of its own cluster, which a copy beside that one must not take.
    const std::string word = report::shell_word(printable(target));
    const std::string server_options =
        "-c config_file=FILE -c external_pid_file= -c data_directory=" + word;
    const Text::Arguments how = {{"target", word},
                                 {"pg_ctl", pg_ctl(plan.facts)},
                                 {"options", report::shell_word(server_options)}};
    console.say(has_configuration ? text("cli_physical.start", how)
                                  : text("cli_physical.start_elsewhere", how));
    console.say(text("cli_physical.beside"));
    if (std::filesystem::exists(target + "/standby.signal"))
      console.warning(text("cli_physical.is_standby"));
  } else {
    console.say(
        text("cli_physical.not_whole", {{"count", std::to_string(report.restore.errors.size())}}));
  }
}

// Its own hint speaks of going on where it stopped, which is not done into a cluster.
Error without_room(const Error& error, const Text& hint) {
  Error told(error.code(), error.message(), error.retry());
  for (const Text& context : error.contexts()) told.add_context(context);
  told.set_hint(hint);
  return told;
}

PhysicalRestoreReport apply(const Session& session,
                            const RestoreOrigin& origin,
                            const Index& index,
                            const BlobId& tree,
                            const PhysicalRestorePlan& plan,
                            const PhysicalRestoreOptions& physical) {
  const auto begin = steady_clock::now();
  RestoreProgress progress;
  const ProgressLine line(
      session, [&] { return progress_text(session, progress, steady_clock::now() - begin); });
  try {
    return apply_physical_restore(*origin.opened.repository,
                                  index,
                                  tree,
                                  plan,
                                  physical,
                                  progress,
                                  session.console,
                                  session.stop);
  } catch (const Error& error) {
    if (error.code() == ErrorCode::no_space) {
      // Others may need the disk.
      discard_physical_restore(plan);
      throw without_room(error, text("cli_physical.no_space_hint"));
    }
    // What has come may be all that there is.
    session.console.warning(
        text("cli_physical.unfinished", {{"target", printable(plan.places.front().target)}}));
    throw;
  }
}

}  // namespace

int restore_physically(const Session& session,
                       const RestoreOrigin& origin,
                       const SnapshotRecord& record,
                       const PhysicalRestoreRequest& request) {
  Repository& repository = *origin.opened.repository;
  const Index index = load_index_for_reading(session, repository);
  const BlobId tree = record.snapshot.tree;
  PhysicalRestoreOptions physical = physical_options(session, request);
  physical.others = origin.others.get();
  const PhysicalRestorePlan plan =
      plan_physical_restore(repository, index, tree, physical, session.stop);
  if (!session.options.json && !session.options.quiet) say_plan(session, record, plan);
  require_free_places(plan);
  if (request.dry_run) {
    if (session.options.json) {
      print_json(session, plan, record, nullptr);
    } else {
      session.console.say(text("cli_postgres.dry_run"));
    }
    return 0;
  }
  const auto begin = steady_clock::now();
  const PhysicalRestoreReport report = apply(session, origin, index, tree, plan, physical);
  if (session.options.json) {
    print_json(session, plan, record, &report);
  } else {
    say_done(session, plan, report, steady_clock::now() - begin);
  }
  return report.restore.errors.empty() ? 0 : 1;
}

}  // namespace hikae::cli
