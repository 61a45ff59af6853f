// SPDX-License-Identifier: Apache-2.0
#include "base/lines.h"

#include <gmock/gmock.h>

namespace hikae {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(LinesTest, AreWithoutTheirEnds) {
  EXPECT_THAT(lines_of("a\nb c\n"), ElementsAre("a", "b c"));
  EXPECT_THAT(lines_of("a\r\n\rb\r\n"), ElementsAre("a", "\rb"));
}

TEST(LinesTest, EmptyOnesCountButNoneBehindTheLastEnd) {
  EXPECT_THAT(lines_of(""), IsEmpty());
  EXPECT_THAT(lines_of("\n"), ElementsAre(""));
  EXPECT_THAT(lines_of("a\n\n"), ElementsAre("a", ""));
  EXPECT_THAT(lines_of("\na"), ElementsAre("", "a"));
}

TEST(LinesTest, TheLastNeedsNoEnd) {
  EXPECT_THAT(lines_of("a\nb"), ElementsAre("a", "b"));
}

}  // namespace
}  // namespace hikae
