// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <numeric>

#include "policy/values.h"

namespace hikae::policy {
namespace {

// Case and the choice between "-" and "_" are never what was meant to differ.
std::string folded(std::string_view word) {
  std::string result(word);
  for (char& character : result) {
    if (character >= 'A' && character <= 'Z') character = static_cast<char>(character | 0x20);
    if (character == '-') character = '_';
  }
  return result;
}

// Insertions, deletions, replacements, and swaps of neighbours, each counted as one.
std::size_t edit_distance(const std::string& a, const std::string& b) {
  std::vector<std::size_t> before;
  std::vector<std::size_t> above(b.size() + 1);
  std::iota(above.begin(), above.end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::vector<std::size_t> row(b.size() + 1, i);
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t replaced = above[j - 1] + (a[i - 1] == b[j - 1] ? 0U : 1U);
      row[j] = std::min({above[j] + 1, row[j - 1] + 1, replaced});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
        row[j] = std::min(row[j], before[j - 2] + 1);
      }
    }
    before = std::move(above);
    above = std::move(row);
  }
  return above.back();
}

// "keep_daily" means "daily" to whoever comes from another tool.
bool ends_with_word(const std::string& word, const std::string& candidate) {
  return word.size() > candidate.size() && word.ends_with("_" + candidate);
}

}  // namespace

std::optional<std::string> closest(std::string_view word,
                                   const std::vector<std::string_view>& candidates) {
  constexpr std::size_t kLongestWord = 64;  // the distance costs the product of the lengths
  if (word.size() > kLongestWord) return std::nullopt;
  const std::string wanted = folded(word);
  const std::size_t allowed = std::clamp<std::size_t>(wanted.size() / 3, 1, 3);
  std::optional<std::string> best;
  std::size_t best_distance = allowed + 1;
  for (const std::string_view candidate : candidates) {
    const std::string folded_candidate = folded(candidate);
    const std::size_t distance = ends_with_word(wanted, folded_candidate)
                                     ? allowed
                                     : edit_distance(wanted, folded_candidate);
    if (distance < best_distance && distance < std::max<std::size_t>(wanted.size(), 2)) {
      best = std::string(candidate);
      best_distance = distance;
    }
  }
  return best;
}

}  // namespace hikae::policy
