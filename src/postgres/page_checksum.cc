// SPDX-License-Identifier: Apache-2.0
#include "postgres/page_checksum.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>

namespace hikae::postgres {
namespace {

// 32 sums run beside each other, each over every 32nd word, so that a compiler can vectorise them.
constexpr std::size_t kSums = 32;
constexpr std::uint32_t kPrime = 16777619;
using Sums = std::array<std::uint32_t, kSums>;

constexpr Sums kStart = {
    0x5B1F36E9, 0xB8525960, 0x02AB50AA, 0x1DE66D2A, 0x79FF467A, 0x9BB9F8A3, 0x217E7CD2, 0x83E13D2C,
    0xF8D4474F, 0xE39EB970, 0x42C6AE16, 0x993216FA, 0x7B093B5D, 0x98DAFF3C, 0xF718902A, 0x0B1C9CDB,
    0xE58F764B, 0x187636BC, 0x5D7B3BB1, 0xE73DE7DE, 0x92BEC979, 0xCCA6C0B2, 0x304A0979, 0x85AA43D4,
    0x783125BB, 0x6CA8EAA2, 0xE407EAC6, 0x4B5CFC3E, 0x9FBF8C76, 0x15CA20BE, 0xF2CA9FD3, 0x959BD756};

// Of the page header (src/include/storage/bufpage.h), in the byte order of the server's machine.
constexpr std::size_t kLsnHigh = 0;
constexpr std::size_t kLsnLow = 4;
constexpr std::size_t kChecksum = 8;
constexpr std::size_t kUpper = 14;

template <typename Number>
Number load(ByteView page, std::size_t at) {
  Number value{};
  std::memcpy(&value, page.data() + at, sizeof value);
  return value;
}

std::uint32_t mix(std::uint32_t sum, std::uint32_t word) {
  const std::uint32_t mixed = sum ^ word;
  return mixed * kPrime ^ mixed >> 17U;
}

void add_row(Sums& sums, const Sums& words) {
  for (std::size_t i = 0; i < kSums; ++i) sums[i] = mix(sums[i], words[i]);
}

Sums load_row(const std::uint8_t* from) {
  Sums words;
  std::memcpy(words.data(), from, sizeof words);
  return words;
}

bool is_number(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

}  // namespace

std::uint16_t page_checksum(ByteView page, std::uint32_t block) {
  Sums sums = kStart;
  // The checksum's own place counts as zero.
  Sums first = load_row(page.data());
  first[kChecksum / sizeof(std::uint32_t)] = load<std::uint16_t>(page, kChecksum + 2)
                                             << (8 * sizeof(std::uint16_t));
  add_row(sums, first);
  for (std::size_t at = sizeof(Sums); at < kPageSize; at += sizeof(Sums))
    add_row(sums, load_row(page.data() + at));
  add_row(sums, {});
  add_row(sums, {});
  std::uint32_t result = 0;
  for (const std::uint32_t sum : sums) result ^= sum;
  result ^= block;
  // Never 0, which means: no checksum.
  return static_cast<std::uint16_t>(result % 65535 + 1);
}

PageState judge_page(ByteView page, std::uint32_t block, Lsn start) {
  if (load<std::uint16_t>(page, kUpper) == 0) return PageState::new_page;
  const Lsn lsn =
      Lsn{load<std::uint32_t>(page, kLsnHigh)} << 32U | load<std::uint32_t>(page, kLsnLow);
  if (lsn >= start) return PageState::newer;
  const bool good = page_checksum(page, block) == load<std::uint16_t>(page, kChecksum);
  return good ? PageState::good : PageState::damaged;
}

std::optional<std::uint32_t> segment_number(std::string_view name) {
  std::uint32_t segment = 0;
  const std::size_t dot = name.find('.');
  if (dot != std::string_view::npos) {
    const std::string_view digits = name.substr(dot + 1);
    const auto [end, error] =
        std::from_chars(digits.data(), digits.data() + digits.size(), segment);
    if (!is_number(digits) || error != std::errc()) return std::nullopt;
    name = name.substr(0, dot);
  }
  const std::size_t underline = name.find('_');
  if (underline != std::string_view::npos) {
    const std::string_view fork = name.substr(underline + 1);
    if (fork != "fsm" && fork != "vm" && fork != "init") return std::nullopt;
    name = name.substr(0, underline);
  }
  if (!is_number(name)) return std::nullopt;
  return segment;
}

bool has_page_checksums(std::string_view path) {
  const std::size_t slash = path.rfind('/');
  if (slash == std::string_view::npos || !segment_number(path.substr(slash + 1))) return false;
  const std::string_view folder = path.substr(0, slash);
  if (folder == "global") return true;
  return folder.starts_with("base/") || folder.starts_with("pg_tblspc/");
}

void PageChecker::judge(ByteView page) {
  if (judge_page(page, block_, start_) == PageState::damaged) damaged_(block_);
  ++block_;
}

void PageChecker::update(ByteView bytes) {
  if (!partial_.empty()) {
    const std::size_t missing = std::min(kPageSize - partial_.size(), bytes.size());
    append(partial_, bytes.first(missing));
    bytes = bytes.subspan(missing);
    if (partial_.size() < kPageSize) return;
    judge(partial_);
    partial_.clear();
  }
  while (bytes.size() >= kPageSize) {
    judge(bytes.first(kPageSize));
    bytes = bytes.subspan(kPageSize);
  }
  append(partial_, bytes);
}

void PageChecker::finish() {
  if (!partial_.empty()) damaged_(block_);
  partial_.clear();
}

}  // namespace hikae::postgres
