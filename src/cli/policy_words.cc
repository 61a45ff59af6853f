// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <string_view>

#include "cli/cmd_policy.h"
#include "format/time.h"

namespace hikae::cli {
namespace {

struct RuleWord {
  std::string_view name;
  int policy::RetentionRules::*count;
};
constexpr std::array<RuleWord, 6> kCounts = {{{"last", &policy::RetentionRules::last},
                                              {"hourly", &policy::RetentionRules::hourly},
                                              {"daily", &policy::RetentionRules::daily},
                                              {"weekly", &policy::RetentionRules::weekly},
                                              {"monthly", &policy::RetentionRules::monthly},
                                              {"yearly", &policy::RetentionRules::yearly}}};

struct SpanWord {
  std::string_view name;
  policy::CalendarSpan policy::RetentionRules::*span;
};
constexpr std::array<SpanWord, 6> kSpans = {
    {{"within", &policy::RetentionRules::within},
     {"within_hourly", &policy::RetentionRules::within_hourly},
     {"within_daily", &policy::RetentionRules::within_daily},
     {"within_weekly", &policy::RetentionRules::within_weekly},
     {"within_monthly", &policy::RetentionRules::within_monthly},
     {"within_yearly", &policy::RetentionRules::within_yearly}}};

std::string weekday_name(policy::LocalDay day, Language language) {
  const unsigned number = std::chrono::weekday(day).c_encoding();
  return render(text("cli_policy.weekday." + std::to_string(number)), language);
}

}  // namespace

std::string joined(const std::vector<std::string>& words) {
  std::string all;
  for (const std::string& word : words) all += (all.empty() ? "" : ", ") + word;
  return all;
}

std::string day_for_people(policy::LocalDay day, Language language) {
  return render(text("cli_policy.day",
                     {{"day", policy::format_day(day)}, {"weekday", weekday_name(day, language)}}),
                language);
}

std::string moment_for_people(policy::LocalTime time, Language language) {
  constexpr std::size_t kTimeBegins = 11;  // behind "2026-11-23 "
  const auto day = std::chrono::floor<std::chrono::days>(time);
  return day_for_people(day, language) + " " + policy::format_local(time).substr(kTimeBegins);
}

std::string rules_for_people(const std::optional<policy::RetentionRules>& rules,
                             Language language) {
  if (!rules || rules->is_empty()) return render(text("cli_policy.keeps_all"), language);
  std::vector<std::string> words;
  for (const RuleWord& rule : kCounts) {
    const int count = (*rules).*(rule.count);
    if (count == 0) continue;
    words.push_back(std::string(rule.name) + " " + (count < 0 ? "all" : std::to_string(count)));
  }
  for (const SpanWord& rule : kSpans) {
    const policy::CalendarSpan& span = (*rules).*(rule.span);
    if (!span.is_zero()) words.push_back(std::string(rule.name) + " " + to_string(span));
  }
  if (!rules->hold.empty()) words.push_back("hold " + joined(rules->hold));
  if (rules->overlap == policy::Overlap::overlapping) words.emplace_back("overlap");
  return joined(words);
}

std::string moment_for_machines(Instant when, const policy::TimeZone& zone) {
  const auto offset = static_cast<std::int32_t>(zone.offset_at(when).count());
  return format::to_rfc3339(format::to_timestamp(when, offset));
}

}  // namespace hikae::cli
