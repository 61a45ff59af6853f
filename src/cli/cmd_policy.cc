// SPDX-License-Identifier: Apache-2.0
#include "cli/cmd_policy.h"

#include "policy/explain.h"
#include "policy/schema.h"
#include "policy/show.h"

namespace hikae::cli {
namespace {

std::string with_line_end(std::string text) {
  if (text.empty() || text.back() != '\n') text += '\n';
  return text;
}

int explain(const Session& session, const std::string& file) {
  const policy::Policy policy = load_policy_file(session, file).policy;
  const Language language = session.console.language();
  session.console.print(with_line_end(session.options.json
                                          ? policy::explanation_json(policy, language)
                                          : policy::render_explanation(policy, language)));
  return 0;
}

int show(const Session& session, const std::string& file) {
  const policy::Policy policy = load_policy_file(session, file).policy;
  session.console.print(with_line_end(session.options.json ? policy::policy_json(policy)
                                                           : policy::policy_yaml(policy)));
  return 0;
}

int schema(const Session& session) {
  session.console.print(with_line_end(policy::policy_json_schema(session.console.language())));
  return 0;
}

}  // namespace

LoadedPolicy load_policy_file(const Session& session, const std::string& file) {
  if (file.empty()) return load_policy(session);
  GlobalOptions options = session.options;
  options.policy_file = file;
  return load_policy(Session{session.console, session.environment, options, session.stop});
}

void add_policy(Command& root, const Session& session) {
  Command& group = root.add_group("policy", text("cli_policy.help"));
  add_policy_proposals(group, session);
  add_policy_check(group, session);
  auto file =
      std::make_shared<std::string>();  // shared with the callbacks, which outlive this call
  group
      .add_command("explain",
                   text("cli_policy.help_explain"),
                   [&session, file] { return explain(session, *file); })
      .optional_argument("FILE", *file, text("cli_policy.help_file"));
  group
      .add_command(
          "show", text("cli_policy.help_show"), [&session, file] { return show(session, *file); })
      .optional_argument("FILE", *file, text("cli_policy.help_file"));
  group.add_command(
      "schema", text("cli_policy.help_schema"), [&session] { return schema(session); });
  add_policy_simulate(group, session);
}

}  // namespace hikae::cli
