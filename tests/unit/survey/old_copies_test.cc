// SPDX-License-Identifier: Apache-2.0
#include "survey/old_copies.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "support/temp_dir.h"

namespace hikae::survey {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::SizeIs;
using Condition = OldCopy::Condition;
using hikae::testing::TempDir;
using hikae::testing::write_file;

TEST(DatedName, FormsOfDates) {
  constexpr auto kDay = 2026y / 11 / 20;
  EXPECT_EQ(parse_dated_name("20261120"), (DatedName{kDay, "*"}));
  EXPECT_EQ(parse_dated_name("all-2026-11-20.sql.gz"), (DatedName{kDay, "all-*.sql.gz"}));
  EXPECT_EQ(parse_dated_name("pg_20261120_0200.dump"), (DatedName{kDay, "pg_*_.dump"}));
  for (const char* name :
       {"20261301", "2026-11", "120261120", "20260230", "x", "", "2026-1120", "99991231"})
    EXPECT_EQ(parse_dated_name(name), std::nullopt) << name;
}

TEST(OldCopies, HollowAndEmptyTreesAreToldFromWholeOnes) {
  const TempDir folder;
  for (const char* day : {"20261118", "20261119", "20261120", "20261121"})
    for (int i = 0; i < 6; ++i)
      write_file(folder / (std::string(day) + "/d" + std::to_string(i) + "/f"), "x");
  for (int i = 0; i < 6; ++i)
    std::filesystem::remove(folder / ("20261118/d" + std::to_string(i) + "/f"));
  for (int i = 0; i < 4; ++i)
    std::filesystem::remove(folder / ("20261119/d" + std::to_string(i) + "/f"));
  for (int i = 0; i < 4; ++i)
    std::filesystem::remove_all(folder / ("20261121/d" + std::to_string(i)));
  write_file(folder / "all-20261120.sql", std::string(1000, 'x'));
  write_file(folder / "all-20261121.sql", std::string(100, 'x'));
  write_file(folder / "all-20261122.sql", "");
  write_file(folder / "README", "no date");
  std::vector<std::pair<std::string, Condition>> found;
  for (const OldCopy& copy : find_old_copies(folder.path().string() + "/"))
    found.emplace_back(copy.path.substr(copy.path.rfind('/') + 1), copy.condition);
  EXPECT_THAT(found,
              ElementsAre(std::pair("20261118", Condition::empty),
                          std::pair("20261119", Condition::hollow),
                          std::pair("20261120", Condition::whole),
                          std::pair("all-20261120.sql", Condition::whole),
                          std::pair("20261121", Condition::hollow),
                          std::pair("all-20261121.sql", Condition::hollow),
                          std::pair("all-20261122.sql", Condition::empty)));
}

TEST(OldCopies, AFolderThatIsNotThereIsAnError) {
  const TempDir folder;
  EXPECT_THROW(find_old_copies(folder / "none"), Error);
  EXPECT_THAT(find_old_copies(folder.path().string()), SizeIs(0));
}

}  // namespace
}  // namespace hikae::survey
