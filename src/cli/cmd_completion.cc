// SPDX-License-Identifier: Apache-2.0
#include <memory>

#include "cli/completion.h"
#include "cli/console.h"
#include "cli/session.h"

namespace hikae::cli {

void add_completion(CommandLine& root, const Session& session) {
  auto shell = std::make_shared<std::string>();
  Command& command = root.add_command("completion", text("cli_completion.help"), [&, shell] {
    const auto script = completion_script(*shell, root.entries());
    if (!script) {
      throw Error(ErrorCode::invalid_argument,
                  text("cli_completion.bad_shell", {{"shell", printable(*shell)}}))
          .with_hint(text("cli_completion.help_shell"));
    }
    session.console.print(*script);
    return 0;
  });
  command.argument("SHELL", *shell, text("cli_completion.help_shell"));
}

}  // namespace hikae::cli
