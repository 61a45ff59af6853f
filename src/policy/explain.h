// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "base/text.h"
#include "policy/policy.h"

namespace hikae::policy {

enum class ExplainTopic {
  general,
  sources,
  destinations,
  schedule,
  retention,
  encryption,
  retry,
  notify,
  drill,
  review,
  limits,
};

// One sentence about what the policy does, and the key that makes it so.
struct Explanation {
  ExplainTopic topic;
  Text sentence;
  std::string path;  // for example "sources.fileshare.files"
  Place place;       // {0, 0}: a default that the file does not mention
};

// The policy in plain words, in the order of reading. Values inside the sentences are rendered in
// `language`, so render the sentences in the same.
std::vector<Explanation> explain(const Policy& policy, Language language);

// The heading of a topic.
Text heading(ExplainTopic topic);

// The whole explanation as text for a terminal: headings, sentences, "(line 12)" after each.
std::string render_explanation(const Policy& policy, Language language);

// The same as one JSON array: topic, sentence, path, line, column.
std::string explanation_json(const Policy& policy, Language language);

}  // namespace hikae::policy
