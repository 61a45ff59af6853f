// SPDX-License-Identifier: Apache-2.0
#include "policy/schedule.h"

#include <algorithm>
#include <deque>
#include <utility>

#include "policy/calendar.h"
#include "policy/cron.h"
#include "policy/eventbridge.h"
#include "policy/oncalendar.h"
#include "policy/schedule_text.h"
#include "policy/schedule_words.h"

namespace hikae::policy {
namespace {

using std::chrono::nanoseconds;

constexpr std::size_t kLongestText = 1000;

bool is_eventbridge(std::string_view text) {
  return text.starts_with("cron(") || text.starts_with("rate(");
}

// "Asia/Tokio" can only be meant as a zone, "mon/2" or "0/5" not.
bool looks_like_zone(std::string_view word) {
  const std::size_t slash = word.find('/');
  if (slash == std::string_view::npos || slash + 1 == word.size()) return false;
  const std::string_view behind = word.substr(slash + 1);
  return Scanner(word).at_letter() && Scanner(behind).at_letter() &&
         word.find_first_of("*,:()") == std::string_view::npos;
}

struct ZonedText {
  std::string_view body;
  std::optional<TimeZone> zone;
};

ZonedText split_zone(std::string_view whole, std::string_view text) {
  const std::size_t space = text.find_last_of(" \t)");
  if (space == std::string_view::npos) return {text, std::nullopt};
  const std::string_view word = text.substr(space + 1);
  const std::string_view body = trim(text.substr(0, space + 1));
  if (body.empty() || word.empty() || !Scanner(word).at_letter()) return {text, std::nullopt};
  if (equals_ignoring_case(word, "UTC")) return {body, TimeZone::utc()};
  if (weekday_named(word) || month_named(word)) return {text, std::nullopt};
  if (TimeZone::exists(word)) return {body, TimeZone::named(word)};
  if (!looks_like_zone(word)) return {text, std::nullopt};
  try {
    return {body, TimeZone::named(word)};
  } catch (Error& error) {
    const Error placed = Scanner(whole, word).error("schedule.unknown_zone");
    for (const Text& context : placed.contexts()) error.add_context(context);
    throw;
  }
}

std::shared_ptr<const Recurrence> parse_body(std::string_view whole, std::string_view body) {
  if (is_eventbridge(body)) return parse_eventbridge(whole, body);
  if (auto words = parse_schedule_words(whole, body)) return words;
  const bool is_epoch = body.size() > 1 && body[0] == '@' && body[1] >= '0' && body[1] <= '9';
  if (body.starts_with('@') && !is_epoch) return parse_cron(whole, body);
  const std::size_t words = split_words(body).size();
  const bool has_colon = body.find(':') != std::string_view::npos;
  if (words == 5 && !has_colon) return parse_cron(whole, body);
  if (words == 6 && !has_colon) {
    throw Scanner(whole, body)
        .error("schedule.six_fields")
        .with_hint(text("schedule.six_fields_hint"));
  }
  try {
    return parse_oncalendar(whole, body);
  } catch (Error& error) {
    error.set_hint(text("schedule.forms_hint"));
    throw;
  }
}

}  // namespace

Schedule::Schedule(std::string text, TimeZone zone, std::shared_ptr<const Recurrence> recurrence)
    : text_(std::move(text)), zone_(zone), recurrence_(std::move(recurrence)) {}

std::optional<Instant> Schedule::next_after(Instant after) const {
  return recurrence_->next_after(after, zone_);
}

std::optional<Instant> Schedule::last_until(Instant when) const {
  const Instant before_epoch = Instant{} - nanoseconds(1);
  // Look into the past by ever larger steps, so that dense schedules need few and sparse ones too.
  for (nanoseconds back = std::chrono::microseconds(1);; back *= 4) {
    const bool is_first = when.time_since_epoch() <= back;
    const auto found = next_after(is_first ? before_epoch : when - back);
    if (found && *found <= when) return last_between(*found, when);
    if (is_first) return std::nullopt;
  }
}

// `found` is due and not later than `when`. Bisects, since millions may lie between.
Instant Schedule::last_between(Instant found, Instant when) const {
  Instant none_after = when;
  while (found < none_after) {
    const Instant middle = found + (none_after - found) / 2;
    const auto next = next_after(middle);
    if (next && *next <= when) {
      found = *next;
    } else {
      none_after = middle;
    }
  }
  return found;
}

Schedule parse_schedule(std::string_view whole, const TimeZone& zone) {
  const std::string_view trimmed = trim(whole);
  if (trimmed.empty()) {
    throw Error(ErrorCode::invalid_argument, text("schedule.empty"))
        .with_hint(text("schedule.forms_hint"));
  }
  if (whole.size() > kLongestText) {
    throw Error(ErrorCode::invalid_argument, text("schedule.too_long"));
  }
  const ZonedText split = split_zone(whole, trimmed);
  const TimeZone default_zone = is_eventbridge(split.body) ? TimeZone::utc() : zone;
  return {std::string(trimmed), split.zone.value_or(default_zone), parse_body(whole, split.body)};
}

DueSlots due_slots(const Schedule& schedule,
                   std::optional<Instant> last_done,
                   Instant installed_at,
                   Instant now,
                   std::optional<std::chrono::seconds> catch_up) {
  Instant after = installed_at - nanoseconds(1);
  if (last_done) after = std::max(after, *last_done);
  std::deque<Instant> open;
  // From the newest backwards, so that years of absence cost no more than the list is long.
  for (auto slot = schedule.last_until(now);
       slot && *slot > after && open.size() < 2 * DueSlots::kMaximumListed;
       slot = schedule.last_until(*slot - nanoseconds(1))) {
    open.push_front(*slot);
  }
  DueSlots slots;
  const auto is_missed = [&](Instant slot) { return catch_up && now - slot > *catch_up; };
  for (const Instant slot : open)
    (is_missed(slot) ? slots.missed : slots.coalesced).push_back(slot);
  if (!slots.coalesced.empty()) {
    slots.due = slots.coalesced.back();
    slots.coalesced.pop_back();
  }
  const auto shorten = [](std::vector<Instant>& list) {
    if (list.size() <= DueSlots::kMaximumListed) return;
    list.erase(list.begin(), list.end() - static_cast<std::ptrdiff_t>(DueSlots::kMaximumListed));
  };
  shorten(slots.coalesced);
  shorten(slots.missed);
  return slots;
}

}  // namespace hikae::policy
