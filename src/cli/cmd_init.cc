// SPDX-License-Identifier: Apache-2.0
#include "cli/recovery.h"
#include "cli/session.h"
#include "service/init.h"

namespace hikae::cli {
namespace {

struct InitFlags {
  std::string from;
  std::string policy_name;
};

// `hikae init -r PLACE`: one repository, without a policy, as restic makes it.
int init_repository(const Session& session) {
  const Location location = repository_location(session);
  const auto repository =
      Repository::create(open_repository_backend(session, AccessMode::read_write),
                         repository_password(session),
                         session.environment.identity,
                         std::nullopt,
                         session.environment.clock,
                         session.stop);
  session.console.say(text("cli_init.created_place", {{"place", location.display}}));
  return 0;
}

int report(const Session& session, const InitReport& report) {
  int code = 0;
  for (const InitOutcome& outcome : report.destinations) {
    switch (outcome.state) {
      case InitOutcome::State::created:
        session.console.say(text("cli_init.created", {{"destination", outcome.destination}}));
        break;
      case InitOutcome::State::existed:
        session.console.say(text("cli_init.existed", {{"destination", outcome.destination}}));
        break;
      case InitOutcome::State::failed:
        code = 1;
        if (outcome.failure) session.console.error(*outcome.failure);
        break;
    }
    for (const Text& note : outcome.notes) session.console.warning(note);
  }
  return code;
}

int init_by_policy(const Session& session) {
  const LoadedPolicy loaded = load_policy(session);
  const InitReport made = init_policy(loaded.policy, session.environment, session.stop);
  if (made.password_made) {
    session.console.say(
        text("cli_init.password_made", {{"path", loaded.policy.encryption.password.value}}));
  }
  const int code = report(session, made);
  // Whoever made the password must hear at once how to keep it.
  session.console.print("\n" + recovery_sheet(session, loaded.policy));
  session.console.warning(text("cli_init.keep_sheet"));
  return code;
}

int init_from(const Session& session, const InitFlags& flags) {
  GlobalOptions options = session.options;
  options.repository = flags.from;
  const Session at_repository{session.console, session.environment, options, session.stop};
  const auto journal = Journal::open(
      session.environment.state_directory, session.environment.clock, session.environment.log);
  const RestoredPolicy restored =
      restore_policy_from({flags.from, session.options.policy_file, flags.policy_name},
                          repository_password(at_repository),
                          session.environment,
                          *journal,
                          session.stop);
  session.console.say(
      text(restored.file == RestoredPolicy::File::written ? "cli_init.policy_written"
                                                          : "cli_init.policy_was_there",
           {{"name", restored.policy.name}, {"path", session.options.policy_file}}));
  if (restored.password_written) session.console.say(text("cli_init.password_written"));
  session.console.say(text("cli_init.runs_rebuilt", {{"count", std::to_string(restored.runs)}}));
  for (const Text& note : restored.notes) session.console.warning(note);
  return 0;
}

int init(const Session& session, const InitFlags& flags) {
  if (!flags.from.empty()) return init_from(session, flags);
  if (!session.options.repository.empty()) return init_repository(session);
  return init_by_policy(session);
}

}  // namespace

void add_init(Command& root, const Session& session) {
  auto flags = std::make_shared<InitFlags>();  // shared with the callback, which outlives this call
  Command& command = root.add_command(
      "init", text("cli_init.help"), [&session, flags] { return init(session, *flags); });
  command.option("--from", flags->from, "PLACE", text("cli_init.help_from"));
  command.option("--policy-name", flags->policy_name, "NAME", text("cli_init.help_policy_name"));
}

}  // namespace hikae::cli
