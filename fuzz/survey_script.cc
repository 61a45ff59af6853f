// SPDX-License-Identifier: Apache-2.0
// Any bytes: the tokenizer loses no command's line, and the policy that a script is turned into is
// always one that the program reads.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "base/error.h"
#include "policy/load.h"
#include "survey/proposal.h"
#include "survey/shell_words.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace hikae;
  const std::string script(reinterpret_cast<const char*>(data), size);
  int line = 1;
  for (const survey::ShellCommand& command : survey::parse_shell(script)) {
    if (command.words.empty() && command.outputs.empty()) std::abort();
    if (command.line < line) std::abort();
    line = command.line;
  }
  const survey::Proposal proposal =
      survey::propose_from_scripts({{"script", script}}, "host", "UTC");
  policy::parse_policy(survey::render_proposal(proposal, Language::ja), "policy.yaml");
  return 0;
}
