// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "policy/explain.h"

namespace hikae::policy {

// Collects the sentences of explain(). One instance for one call.
class Explainer {
 public:
  Explainer(const Policy& policy, Language language) : policy_(policy), language_(language) {}

  const Policy& policy() const { return policy_; }
  std::vector<Explanation> take() && { return std::move(sentences_); }

  // Adds a sentence that follows from the key at `path`.
  void say(ExplainTopic topic,
           std::string path,
           std::string_view key,
           Text::Arguments arguments = {});

  // Parts of sentences, in the reader's language.
  std::string words(std::string_view key, Text::Arguments arguments = {}) const;
  std::string joined(const std::vector<std::string>& parts) const;
  std::string duration(std::chrono::seconds length) const;
  std::string secret(const SecretReference& reference) const;
  std::string events(const std::vector<NotifyEvent>& events) const;

 private:
  const Policy& policy_;
  Language language_;
  std::vector<Explanation> sentences_;
};

void explain_sources(Explainer& explainer);
void explain_destinations(Explainer& explainer);
void explain_schedule(Explainer& explainer);
void explain_retention(Explainer& explainer);
void explain_notify(Explainer& explainer);
void explain_people(Explainer& explainer);

}  // namespace hikae::policy
