// SPDX-License-Identifier: Apache-2.0
// The manual pages, made from what the program knows of itself: the commands with their help, and
// the table of the policy's keys. So they cannot say what the program does not do.
#pragma once

#include <string>
#include <vector>

#include "base/text.h"
#include "cli/command_line.h"

namespace hikae::cli {

struct ManualPage {
  std::string name;  // "hikae-policy-check"
  int section = 1;
  std::string source;  // for groff or mandoc, UTF-8
};

// hikae(1) and one page for each command, in the language that the entries are in. Pure.
std::vector<ManualPage> command_pages(const std::vector<CommandLine::Entry>& entries,
                                      const std::string& version,
                                      Language language);
// hikae-policy(5): every key of the policy file. Pure.
ManualPage policy_page(const std::string& version, Language language);

}  // namespace hikae::cli
