// SPDX-License-Identifier: Apache-2.0
// A policy that is proposed, not decided: what is found becomes YAML with a comment for each line
// that a person must judge.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/text.h"
#include "survey/machine.h"
#include "survey/measure.h"
#include "survey/script_actions.h"

namespace hikae::survey {

struct ProposedEntry {
  std::string name;
  std::vector<Text> comments;     // above it
  std::vector<std::string> body;  // YAML, one key a line: "files: [/etc]"
  enum class Use { yes, as_comment } use = Use::yes;
};

struct Proposal {
  std::string name;  // of the policy
  std::string timezone;
  std::vector<Text> head;
  std::vector<ProposedEntry> sources;
  std::vector<ProposedEntry> destinations;
  std::vector<Text> schedule_comments;
  std::string backup_schedule = "daily 02:00";
  std::vector<Text> retention_comments;
  std::string retention = "{daily: 3, weekly: 4}";
  std::vector<Text> mail_comments;
  std::vector<std::string> mail_to;
  std::vector<Text> tail;  // what was not understood
};

// The policy file, with its comments in that language. parse_policy() accepts it whenever at least
// one source and one destination is not a comment. Pure.
std::string render_proposal(const Proposal& proposal, Language language);

// From what is on a machine. `measure` tells the size of a folder of it.
Proposal propose_from_machine(const Machine& machine,
                              const std::function<Measure(const std::string& path)>& measure,
                              std::string_view hostname,
                              std::string_view timezone);

// A script or a crontab as somebody wrote it.
struct ScriptFile {
  std::string name;
  std::string content;
};
// From what scripts do; never executes anything. Pure.
Proposal propose_from_scripts(const std::vector<ScriptFile>& files,
                              std::string_view hostname,
                              std::string_view timezone);

// [a-z0-9][a-z0-9_-]*, made from any text, and not one of `taken`.
std::string proposed_name(std::string_view text, const std::vector<ProposedEntry>& taken);

}  // namespace hikae::survey
