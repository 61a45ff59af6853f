// SPDX-License-Identifier: Apache-2.0
// Reading the text of a schedule; for the parsers of its forms only.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "policy/calendar.h"

namespace hikae::policy {

// Walks over a text. Positions in errors count characters of the whole schedule from 1.
class Scanner {
 public:
  // `part` lies inside `whole`.
  Scanner(std::string_view whole, std::string_view part);
  explicit Scanner(std::string_view whole) : Scanner(whole, whole) {}

  bool at_end() const { return rest_.empty(); }
  char peek() const { return rest_.empty() ? '\0' : rest_.front(); }
  std::string_view rest() const { return rest_; }

  // Takes it if it stands here.
  bool take(std::string_view text);
  void skip_spaces();
  bool at_digit() const { return peek() >= '0' && peek() <= '9'; }
  bool at_letter() const;
  // Decimal digits, at least one, value at most 999999999.
  std::int64_t number();
  // As many letters as stand here.
  std::string_view letters();
  // Up to the next space.
  std::string_view word();
  // Like number() and letters(), but must lie in the bounds; `field` names them in the error.
  std::int64_t number_in(std::int64_t least, std::int64_t most);
  // REQUIRES at_end(), else an error about what stands here.
  void finish() const;

  // An error at the current place, or at the place where `part` begins.
  Error error(std::string_view key, Text::Arguments arguments = {}) const;
  Error error_at(std::string_view part, std::string_view key, Text::Arguments arguments = {}) const;

 private:
  std::string_view whole_;
  std::string_view rest_;
};

std::string to_lower(std::string_view text);
bool equals_ignoring_case(std::string_view a, std::string_view b);
std::vector<std::string_view> split_words(std::string_view text);
std::string_view trim(std::string_view text);
// "sun", "Sunday": 0 to 6, Sunday first.
std::optional<int> weekday_named(std::string_view name);
// "jan", "January": 1 to 12.
std::optional<int> month_named(std::string_view name);
bool month_is_in(std::chrono::year_month month, const Ranges& months);
bool year_is_in(std::chrono::year_month month, const Ranges& years);

}  // namespace hikae::policy
