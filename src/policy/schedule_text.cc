// SPDX-License-Identifier: Apache-2.0
#include "policy/schedule_text.h"

#include <algorithm>
#include <array>
#include <utility>

namespace hikae::policy {
namespace {

constexpr std::array<std::string_view, 7> kWeekdays = {
    "sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"};
constexpr std::array<std::string_view, 12> kMonths = {"january",
                                                      "february",
                                                      "march",
                                                      "april",
                                                      "may",
                                                      "june",
                                                      "july",
                                                      "august",
                                                      "september",
                                                      "october",
                                                      "november",
                                                      "december"};

bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

bool is_space(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

template <std::size_t N>
std::optional<int> find_name(const std::array<std::string_view, N>& names, std::string_view name) {
  const std::string wanted = to_lower(name);
  for (std::size_t i = 0; i < N; ++i) {
    if (wanted == names[i] || wanted == names[i].substr(0, 3)) return static_cast<int>(i);
  }
  return std::nullopt;
}

// UTF-8 characters before `byte`.
std::size_t characters(std::string_view text, std::size_t byte) {
  const std::string_view before = text.substr(0, byte);
  return static_cast<std::size_t>(std::count_if(before.begin(), before.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xc0U) != 0x80;
  }));
}

}  // namespace

Scanner::Scanner(std::string_view whole, std::string_view part) : whole_(whole), rest_(part) {}

bool Scanner::take(std::string_view text) {
  if (!rest_.starts_with(text)) return false;
  rest_.remove_prefix(text.size());
  return true;
}

void Scanner::skip_spaces() {
  while (!rest_.empty() && is_space(rest_.front())) rest_.remove_prefix(1);
}

bool Scanner::at_letter() const {
  return is_letter(peek());
}

std::int64_t Scanner::number() {
  if (!at_digit()) throw error("schedule.number_expected");
  std::int64_t value = 0;
  const std::string_view start = rest_;
  while (at_digit()) {
    value = value * 10 + (rest_.front() - '0');
    if (value > 999'999'999) throw error_at(start, "schedule.number_too_large");
    rest_.remove_prefix(1);
  }
  return value;
}

std::int64_t Scanner::number_in(std::int64_t least, std::int64_t most) {
  const std::string_view start = rest_;
  const std::int64_t value = number();
  if (value < least || value > most) {
    throw error_at(start,
                   "schedule.out_of_range",
                   {{"value", std::to_string(value)},
                    {"least", std::to_string(least)},
                    {"most", std::to_string(most)}});
  }
  return value;
}

std::string_view Scanner::letters() {
  const auto end = std::find_if_not(rest_.begin(), rest_.end(), is_letter);
  const auto size = static_cast<std::size_t>(end - rest_.begin());
  const std::string_view found = rest_.substr(0, size);
  rest_.remove_prefix(size);
  return found;
}

std::string_view Scanner::word() {
  const auto end = std::find_if(rest_.begin(), rest_.end(), is_space);
  const auto size = static_cast<std::size_t>(end - rest_.begin());
  const std::string_view found = rest_.substr(0, size);
  rest_.remove_prefix(size);
  return found;
}

void Scanner::finish() const {
  if (at_end()) return;
  throw error("schedule.unexpected", {{"rest", std::string(rest_)}});
}

Error Scanner::error(std::string_view key, Text::Arguments arguments) const {
  return error_at(rest_, key, std::move(arguments));
}

Error Scanner::error_at(std::string_view part,
                        std::string_view key,
                        Text::Arguments arguments) const {
  const auto byte = static_cast<std::size_t>(part.data() - whole_.data());
  return Error(ErrorCode::invalid_argument, text(key, std::move(arguments)))
      .with_context(text("schedule.place",
                         {{"schedule", std::string(whole_)},
                          {"position", std::to_string(characters(whole_, byte) + 1)}}));
}

std::string to_lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return out;
}

bool equals_ignoring_case(std::string_view a, std::string_view b) {
  return to_lower(a) == to_lower(b);
}

std::vector<std::string_view> split_words(std::string_view text) {
  std::vector<std::string_view> words;
  Scanner scanner(text);
  for (scanner.skip_spaces(); !scanner.at_end(); scanner.skip_spaces()) {
    words.push_back(scanner.word());
  }
  return words;
}

std::string_view trim(std::string_view text) {
  while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
  return text;
}

std::optional<int> weekday_named(std::string_view name) {
  return find_name(kWeekdays, name);
}

std::optional<int> month_named(std::string_view name) {
  const auto index = find_name(kMonths, name);
  if (!index) return std::nullopt;
  return *index + 1;
}

bool month_is_in(std::chrono::year_month month, const Ranges& months) {
  return contains(months, static_cast<unsigned>(month.month()));
}

bool year_is_in(std::chrono::year_month month, const Ranges& years) {
  return contains(years, static_cast<int>(month.year()));
}

}  // namespace hikae::policy
