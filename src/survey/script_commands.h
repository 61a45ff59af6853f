// SPDX-License-Identifier: Apache-2.0
// Internal to survey: what one command, freed from what stands before it, does.
#pragma once

#include <string>
#include <vector>

#include "survey/script_actions.h"
#include "survey/shell_words.h"

namespace hikae::survey {

// `words` is not empty; variables are expanded. Fills kind and what belongs to it. Pure.
void interpret_command(const std::vector<std::string>& words, ScriptAction& action);

// The last part of a path: "rsync" of "/usr/bin/rsync".
std::string base_name(const std::string& path);

// "xargs … rm", which deletes what the command before it names.
bool is_xargs_rm(const std::vector<std::string>& words);

}  // namespace hikae::survey
