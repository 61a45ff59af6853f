// SPDX-License-Identifier: Apache-2.0
#include "survey/old_copies.h"

#include <sys/stat.h>

#include <algorithm>
#include <cctype>
#include <cerrno>

#include "base/error.h"
#include "base/units.h"
#include "survey/rooted.h"

namespace hikae::survey {
namespace {

constexpr std::uint64_t kMostEntries = 20'000'000;

bool is_digit(char c) {
  return std::isdigit(static_cast<unsigned char>(c)) != 0;
}

// `count` digits at `at`; nullopt when there are not that many.
std::optional<unsigned> digits(std::string_view text, std::size_t at, std::size_t count) {
  if (at + count > text.size()) return std::nullopt;
  unsigned number = 0;
  for (std::size_t i = at; i < at + count; ++i) {
    if (!is_digit(text[i])) return std::nullopt;
    number = number * 10 + static_cast<unsigned>(text[i] - '0');
  }
  return number;
}

// A date that begins at `at`: "20261120", "2026-11-20", "2026_11_20". Gives its length.
std::size_t date_at(std::string_view name, std::size_t at, std::chrono::year_month_day& day) {
  const auto year = digits(name, at, 4);
  if (!year || *year < 1990 || *year > 2100) return 0;
  std::size_t next = at + 4;
  const char separator = next < name.size() && !is_digit(name[next]) ? name[next] : '\0';
  if (separator != '\0' && separator != '-' && separator != '_' && separator != '.') return 0;
  const std::size_t step = separator == '\0' ? 0 : 1;
  const auto month = digits(name, next += step, 2);
  next += 2;
  if (step == 1 && (next >= name.size() || name[next] != separator)) return 0;
  const auto date = digits(name, next += step, 2);
  if (!month || !date) return 0;
  day = std::chrono::year{static_cast<int>(*year)} / std::chrono::month{*month} /
        std::chrono::day{*date};
  return day.ok() ? next + 2 - at : 0;
}

void condemn(OldCopy& copy, OldCopy::Condition condition, Text reason) {
  copy.condition = condition;
  copy.reason = std::move(reason);
}

bool is_nothing(const OldCopy& copy) {
  return copy.kind == OldCopy::Kind::tree ? copy.measure.files == 0 : copy.measure.bytes == 0;
}

bool is_mostly_empty(const OldCopy& copy) {
  constexpr std::uint64_t kFewest = 4;
  return copy.kind == OldCopy::Kind::tree && copy.measure.folders >= kFewest &&
         copy.measure.empty_folders * 2 > copy.measure.folders;
}

// The larger of the nearest of the same series on either side.
struct Neighbours {
  std::uint64_t files = 0;
  std::uint64_t bytes = 0;
};

Neighbours neighbours_of(const std::vector<OldCopy>& copies, std::size_t at) {
  const OldCopy& copy = copies[at];
  Neighbours most;
  const auto compare = [&](const OldCopy& other) {
    most.files = std::max(most.files, other.measure.files);
    most.bytes = std::max(most.bytes, other.measure.bytes);
  };
  const auto is_kin = [&](const OldCopy& other) {
    return other.name.series == copy.name.series && other.kind == copy.kind;
  };
  const auto next =
      std::find_if(copies.begin() + static_cast<std::ptrdiff_t>(at) + 1, copies.end(), is_kin);
  if (next != copies.end()) compare(*next);
  const auto before =
      std::find_if(copies.rend() - static_cast<std::ptrdiff_t>(at), copies.rend(), is_kin);
  if (before != copies.rend()) compare(*before);
  return most;
}

void judge(std::vector<OldCopy>& copies, std::size_t at) {
  OldCopy& copy = copies[at];
  const Measure& own = copy.measure;
  if (is_nothing(copy)) {
    condemn(copy, OldCopy::Condition::empty, text("survey.copy_empty"));
    return;
  }
  if (is_mostly_empty(copy)) {
    condemn(copy,
            OldCopy::Condition::hollow,
            text("survey.copy_empty_folders",
                 {{"empty", std::to_string(own.empty_folders)},
                  {"folders", std::to_string(own.folders)}}));
    return;
  }
  const Neighbours most = neighbours_of(copies, at);
  if (copy.kind == OldCopy::Kind::tree && own.files * 2 < most.files) {
    condemn(
        copy,
        OldCopy::Condition::hollow,
        text("survey.copy_fewer_files",
             {{"files", std::to_string(own.files)}, {"neighbour", std::to_string(most.files)}}));
  } else if (copy.kind == OldCopy::Kind::file && own.bytes * 2 < most.bytes) {
    condemn(copy,
            OldCopy::Condition::hollow,
            text("survey.copy_smaller",
                 {{"size", format_bytes(own.bytes)}, {"neighbour", format_bytes(most.bytes)}}));
  }
}

}  // namespace

std::optional<DatedName> parse_dated_name(std::string_view name) {
  for (std::size_t at = 0; at < name.size(); ++at) {
    // Digits in front would make it part of a longer number.
    if (at > 0 && is_digit(name[at - 1])) continue;
    std::chrono::year_month_day day{};
    const std::size_t length = date_at(name, at, day);
    if (length == 0) continue;
    // The time of day that may follow differs in each name, too.
    std::string series = std::string(name.substr(0, at)) + "*";
    for (const char c : name.substr(at + length)) {
      if (!is_digit(c)) series += c;
    }
    return DatedName{day, series};
  }
  return std::nullopt;
}

void judge_old_copies(std::vector<OldCopy>& copies) {
  for (std::size_t at = 0; at < copies.size(); ++at) judge(copies, at);
}

std::vector<OldCopy> find_old_copies(const std::string& folder) {
  struct stat status {};
  if (stat(folder.c_str(), &status) != 0)
    throw system_error(errno, text("survey.copies_unreadable", {{"path", folder}}));
  if (!S_ISDIR(status.st_mode))
    throw Error(ErrorCode::invalid_argument, text("survey.copies_no_folder", {{"path", folder}}));
  std::vector<OldCopy> copies;
  for (const std::string& name : Root().list(folder)) {
    const auto dated = parse_dated_name(name);
    OldCopy copy;
    copy.path = without_slash_at_end(folder) + "/" + name;
    // A link may lead to what is imported under its own name.
    if (!dated || lstat(copy.path.c_str(), &status) != 0) continue;
    if (!S_ISDIR(status.st_mode) && !S_ISREG(status.st_mode)) continue;
    copy.name = *dated;
    copy.kind = S_ISDIR(status.st_mode) ? OldCopy::Kind::tree : OldCopy::Kind::file;
    copy.measure = measure_tree(copy.path, kMostEntries);
    copies.push_back(std::move(copy));
  }
  std::stable_sort(copies.begin(), copies.end(), [](const OldCopy& a, const OldCopy& b) {
    return std::chrono::sys_days(a.name.day) < std::chrono::sys_days(b.name.day);
  });
  judge_old_copies(copies);
  return copies;
}

}  // namespace hikae::survey
