// SPDX-License-Identifier: Apache-2.0
#include <memory>

#include "cli/manual_page.h"
#include "cli/session.h"
#include "os/files.h"

namespace hikae::cli {
namespace {

int write_pages(const CommandLine& root, const Session& session, const std::string& folder) {
  const Language language = session.console.language();
  std::vector<ManualPage> pages =
      command_pages(root.entries(), session.environment.program_version, language);
  pages.push_back(policy_page(session.environment.program_version, language));
  for (const ManualPage& page : pages) {
    const std::string place = folder + "/man" + std::to_string(page.section);
    os::ensure_directory(place, 0755);
    os::write_file_durably(place + "/" + page.name + "." + std::to_string(page.section),
                           {as_bytes(page.source)},
                           {0644, os::IfExists::replace});
  }
  if (!session.options.quiet) {
    session.console.say(text("cli_man_pages.written",
                             {{"count", std::to_string(pages.size())}, {"folder", folder}}));
  }
  return 0;
}

}  // namespace

void add_man_pages(CommandLine& root, const Session& session) {
  auto folder = std::make_shared<std::string>();
  root.add_command("man-pages",
                   text("cli_man_pages.help"),
                   [&root, &session, folder] { return write_pages(root, session, *folder); })
      .argument("FOLDER", *folder, text("cli_man_pages.help_folder"));
}

}  // namespace hikae::cli
