// SPDX-License-Identifier: Apache-2.0
// hikae policy new, hikae policy from-scripts: a policy to begin with.
#include <memory>

#include "cli/cmd_policy.h"
#include "os/files.h"
#include "os/users.h"
#include "policy/load.h"
#include "survey/proposal.h"

namespace hikae::cli {
namespace {

// A share of millions of files is told as "more than": the number only helps to choose.
constexpr std::uint64_t kMostEntries = 200'000;
constexpr std::size_t kLongestScript = std::size_t{1} << 20U;

struct Options {
  std::string file;  // empty: standard output for from-scripts, the policy's place for new
  std::string root;  // the machine's file system
  std::string language;
  bool print = false;
  std::vector<std::string> scripts;
};

Language language_of(const Session& session, const Options& options) {
  if (options.language.empty()) return session.console.language();
  return options.language == "ja" ? Language::ja : Language::en;
}

// Never replaces a file: a policy that somebody wrote is worth more than a proposal.
int deliver(const Session& session, const std::string& yaml, const std::string& file) {
  // What the program proposes it must also accept.
  const policy::Policy policy = policy::parse_policy(yaml, file.empty() ? "policy.yaml" : file);
  if (file.empty()) {
    session.console.print(yaml);
    return 0;
  }
  try {
    os::write_file_durably(file, {as_bytes(yaml)}, {0600, os::IfExists::fail});
  } catch (Error& error) {
    if (error.code() == ErrorCode::already_exists)
      error.set_hint(text("cli_policy_new.exists_hint", {{"file", file}}));
    throw;
  }
  session.console.say(text("cli_policy_new.written",
                           {{"file", file},
                            {"sources", std::to_string(policy.sources.size())},
                            {"destinations", std::to_string(policy.destinations.size())}}));
  return 0;
}

int propose_new(const Session& session, const Options& options) {
  const survey::Root root(options.root);
  const auto measure = [&](const std::string& path) {
    return survey::measure_tree(root.system_path(path), kMostEntries);
  };
  const survey::Proposal proposal =
      survey::propose_from_machine(survey::look_at_machine(root),
                                   measure,
                                   session.environment.identity.hostname,
                                   survey::time_zone_of(root));
  const std::string place = options.file.empty() ? session.options.policy_file : options.file;
  return deliver(session,
                 survey::render_proposal(proposal, language_of(session, options)),
                 options.print ? "" : place);
}

int propose_from_scripts(const Session& session, const Options& options) {
  std::vector<survey::ScriptFile> files;
  for (const std::string& name : options.scripts) {
    const Bytes content = os::read_file(name, kLongestScript);
    files.push_back({name, std::string(as_text(content))});
  }
  const survey::Proposal proposal = survey::propose_from_scripts(
      files, session.environment.identity.hostname, survey::time_zone_of(survey::Root()));
  return deliver(
      session, survey::render_proposal(proposal, language_of(session, options)), options.file);
}

}  // namespace

void add_policy_proposals(Command& group, const Session& session) {
  auto options = std::make_shared<Options>();
  Command& from_machine =
      group.add_command("new", text("cli_policy_new.help"), [&session, options] {
        return propose_new(session, *options);
      });
  from_machine.optional_argument("FILE", options->file, text("cli_policy_new.help_file"));
  from_machine.flag("--print", options->print, text("cli_policy_new.help_print"));
  from_machine.option("--root", options->root, "FOLDER", text("cli_policy_new.help_root"));
  from_machine.choice(
      "--language", options->language, {"en", "ja"}, text("cli_policy_new.help_language"));
  auto scripts = std::make_shared<Options>();
  Command& from_scripts = group.add_command(
      "from-scripts", text("cli_policy_new.help_from_scripts"), [&session, scripts] {
        if (scripts->scripts.empty())
          throw Error(ErrorCode::invalid_argument, text("cli_policy_new.no_script"))
              .with_hint(text("cli.see_help"));
        return propose_from_scripts(session, *scripts);
      });
  from_scripts.arguments("SCRIPT", scripts->scripts, text("cli_policy_new.help_scripts"));
  from_scripts.option("-o,--output", scripts->file, "FILE", text("cli_policy_new.help_output"));
  from_scripts.choice(
      "--language", scripts->language, {"en", "ja"}, text("cli_policy_new.help_language"));
}

}  // namespace hikae::cli
