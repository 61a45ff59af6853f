// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cli/command_line.h"

namespace hikae::cli {

// A script that completes commands and options in "bash", "zsh" or "fish"; nullopt for another
// shell. Pure.
std::optional<std::string> completion_script(const std::string& shell,
                                             const std::vector<CommandLine::Entry>& entries);

}  // namespace hikae::cli
