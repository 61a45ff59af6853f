// SPDX-License-Identifier: Apache-2.0
// Copies that scripts made: folders and dumps with a date in their names.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/text.h"
#include "survey/measure.h"

namespace hikae::survey {

// "20261120", "all-2026-11-20.sql.gz": the day, and the name with a "*" where it stands.
struct DatedName {
  std::chrono::year_month_day day;
  std::string series;

  bool operator==(const DatedName&) const = default;
};
// nullopt unless the name holds one date of this or the last century that exists. Pure.
std::optional<DatedName> parse_dated_name(std::string_view name);

struct OldCopy {
  std::string path;
  DatedName name;
  enum class Kind { tree, file } kind = Kind::tree;
  Measure measure;
  // whole: as far as its neighbours tell. hollow: most of it was deleted. empty: nothing is left.
  enum class Condition { whole, hollow, empty } condition = Condition::whole;
  std::optional<Text> reason;  // of hollow and empty
};

// Judges each copy against the others of its series: one with less than half of the files of a
// neighbour, or with mostly empty folders, was hollowed out (find -mtime -delete). Pure.
void judge_old_copies(std::vector<OldCopy>& copies);

// The copies that lie directly in a folder, oldest first, judged. Entries without a date are left
// out. Throws Error when the folder cannot be listed.
std::vector<OldCopy> find_old_copies(const std::string& folder);

}  // namespace hikae::survey
