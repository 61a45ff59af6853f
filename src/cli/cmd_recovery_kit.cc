// SPDX-License-Identifier: Apache-2.0
#include "cli/recovery.h"
#include "report/recovery_sheet.h"
#include "service/init.h"
#include "service/secrets.h"

namespace hikae::cli {

std::string recovery_sheet(const Session& session, const policy::Policy& policy) {
  const Secret password =
      resolve_secret(policy.encryption.password, session.environment, session.stop);
  report::RecoverySheet sheet;
  sheet.hostname = session.environment.identity.hostname;
  sheet.policy_path = session.options.policy_file;
  sheet.made = session.environment.clock.now();
  sheet.password = password.reveal();
  sheet.program_version = session.environment.program_version;
  std::string page = report::render_recovery_sheet(policy, sheet);
  wipe(sheet.password.data(), sheet.password.size());
  return page;
}

namespace {

int recovery_kit(const Session& session, bool confirm) {
  const LoadedPolicy loaded = load_policy(session);
  if (confirm) {
    confirm_recovery_kit(loaded.policy, session.environment);
    session.console.say(text("cli_init.confirmed", {{"policy", loaded.policy.name}}));
    return 0;
  }
  std::string page = recovery_sheet(session, loaded.policy);
  session.console.print(page);
  wipe(page.data(), page.size());
  return 0;
}

}  // namespace

void add_recovery_kit(Command& root, const Session& session) {
  auto confirm =
      std::make_shared<bool>(false);  // shared with the callback, which outlives this call
  Command& command =
      root.add_command("recovery-kit", text("cli_init.help_kit"), [&session, confirm] {
        return recovery_kit(session, *confirm);
      });
  command.flag("--confirm", *confirm, text("cli_init.help_confirm"));
}

}  // namespace hikae::cli
