// SPDX-License-Identifier: Apache-2.0
#include <map>
#include <set>

#include <gmock/gmock.h>

#include "crypto/hash.h"
#include "maintenance/check_packs.h"

namespace hikae::testing {
namespace {

template <typename Choice>
Choice choice_of(std::string_view text) {
  const auto subset = parse_pack_subset(text);
  EXPECT_TRUE(subset) << text;
  return std::get<Choice>(subset->choice);
}

TEST(ParsePackSubset, Parts) {
  const auto part = choice_of<PackSubset::Part>("2/10");
  EXPECT_EQ(part.n, 2);
  EXPECT_EQ(part.t, 10);
  EXPECT_EQ(choice_of<PackSubset::Part>("256/256").n, 256);
}

TEST(ParsePackSubset, PercentAndSize) {
  EXPECT_DOUBLE_EQ(choice_of<PackSubset::Percent>("5%").percent, 5);
  EXPECT_DOUBLE_EQ(choice_of<PackSubset::Percent>("2.5%").percent, 2.5);
  EXPECT_DOUBLE_EQ(choice_of<PackSubset::Percent>("100%").percent, 100);
  EXPECT_EQ(choice_of<PackSubset::Size>("50M").bytes, 50U << 20U);
  EXPECT_EQ(choice_of<PackSubset::Size>("1000").bytes, 1000);
}

TEST(ParsePackSubset, RefusesWhatMakesNoSense) {
  for (const char* text :
       {"",    "0/5",  "6/5",  "1/257", "-1/5", "1/0", "1/", "/5", "a/b",  "1/5x", "1/5/2", "0%",
        "-3%", "101%", "nan%", "%",     "x%",   "0",   "-5", "5Q", "inf%", "1 /2", " 5%",   "5 %"})
    EXPECT_FALSE(parse_pack_subset(text)) << text;
}

std::map<PackId, std::uint64_t> some_packs(std::size_t count) {
  std::map<PackId, std::uint64_t> files;
  for (std::size_t i = 0; i < count; ++i)
    files[id_cast<PackId>(sha256(as_bytes(std::to_string(i))))] = 1000;
  return files;
}

TEST(ChoosePacks, PartsCoverEachPackOnce) {
  const auto files = some_packs(1000);
  for (const unsigned parts : {1U, 2U, 7U, 255U, 256U}) {
    std::set<PackId> seen;
    for (unsigned number = 1; number <= parts; ++number) {
      for (const PackId& pack : choose_packs(files, {PackSubset::Part{number, parts}}, number))
        EXPECT_TRUE(seen.insert(pack).second);
    }
    EXPECT_EQ(seen.size(), files.size()) << parts;
  }
}

TEST(ChoosePacks, PercentOfThePacks) {
  const auto files = some_packs(200);
  EXPECT_EQ(choose_packs(files, {PackSubset::Percent{10}}, 1).size(), 20);
  EXPECT_EQ(choose_packs(files, {PackSubset::Percent{100}}, 1).size(), 200);
  // At least one, if there is any.
  EXPECT_EQ(choose_packs(files, {PackSubset::Percent{0.001}}, 1).size(), 1);
  EXPECT_EQ(choose_packs({}, {PackSubset::Percent{50}}, 1).size(), 0);
}

TEST(ChoosePacks, SizeIsReachedAndHardlyExceeded) {
  const auto files = some_packs(200);
  EXPECT_EQ(choose_packs(files, {PackSubset::Size{10'500}}, 1).size(), 11);
  EXPECT_EQ(choose_packs(files, {PackSubset::Size{1}}, 1).size(), 1);
  EXPECT_EQ(choose_packs(files, {PackSubset::Size{1'000'000}}, 1).size(), 200);
}

TEST(ChoosePacks, TheSeedDecides) {
  const auto files = some_packs(200);
  const PackSubset subset{PackSubset::Percent{10}};
  EXPECT_EQ(choose_packs(files, subset, 1), choose_packs(files, subset, 1));
  EXPECT_NE(choose_packs(files, subset, 1), choose_packs(files, subset, 2));
}

}  // namespace
}  // namespace hikae::testing
