// SPDX-License-Identifier: Apache-2.0
#include "service/classic_log.h"

#include <algorithm>

#include <gtest/gtest.h>

#include "support/service_environment.h"

namespace hikae::testing {
namespace {

// What `grep -i error` would say.
bool has_the_word(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  });
  return text.find("error") != std::string::npos;
}

policy::Policy policy_in(Language language) {
  policy::Policy policy;
  policy.name = "company-error-handling";
  policy.timezone = "Asia/Tokyo";
  policy.language = language;
  return policy;
}

// A report that says one text of the catalogue wherever a report can say something.
RunReport report_with(const CatalogueEntry& entry, Verdict verdict) {
  const Text words = Text{std::string(entry.key),
                          {{"path", "/var/log/ERROR.log"}, {"reason", "Input/output error"}}};
  RunReport report;
  report.run_id = "0123456789abcdef";
  report.verdict = verdict;
  SourceOutcome source;
  source.source = "terrors";
  ItemError item;
  item.path = "/srv/errOR\nerror";
  item.message = words;
  source.item_errors.push_back(item);
  report.sources.push_back(source);
  RunOutcome outcome;
  outcome.source = "terrors";
  outcome.destination = "nas";
  outcome.verdict = verdict;
  outcome.failure = Error(ErrorCode::io, words).with_context(words).with_hint(words);
  report.outcomes.push_back(outcome);
  report.frozen.push_back(words);
  report.failure = outcome.failure;
  return report;
}

TEST(ClassicLog, HasTheWordErrorIfAndOnlyIfTheRunFailedWhateverIsSaid) {
  for (const CatalogueEntry& entry : catalogue()) {
    for (const Language language : {Language::en, Language::ja}) {
      const policy::Policy policy = policy_in(language);
      for (const Verdict verdict : {Verdict::ok, Verdict::warning})
        ASSERT_FALSE(has_the_word(classic_log(policy, report_with(entry, verdict)))) << entry.key;
      for (const Verdict verdict : {Verdict::partial, Verdict::failed})
        ASSERT_TRUE(has_the_word(classic_log(policy, report_with(entry, verdict)))) << entry.key;
    }
  }
}

TEST(ClassicLog, AFailureHasTheWordAlsoWhenNothingElseIsSaid) {
  for (const Language language : {Language::en, Language::ja}) {
    RunReport report;
    EXPECT_TRUE(has_the_word(classic_log(policy_in(language), report)));
    report.verdict = Verdict::ok;
    EXPECT_FALSE(has_the_word(classic_log(policy_in(language), report)));
  }
}

TEST(ClassicLog, ARunThatNeverEndedHasTheWord) {
  for (const Language language : {Language::en, Language::ja})
    EXPECT_TRUE(has_the_word(classic_log_at_start(policy_in(language), "run", Instant{})));
}

TEST(ClassicLog, KeepsOneLineOneLine) {
  const RunReport report = report_with(catalogue().front(), Verdict::ok);
  const std::string log = classic_log(policy_in(Language::en), report);
  EXPECT_EQ(log.find("\ner-ror"), std::string::npos) << log;
  EXPECT_NE(log.find("er-ror"), std::string::npos);
}

}  // namespace
}  // namespace hikae::testing
