// SPDX-License-Identifier: Apache-2.0
#include "base/percent.h"

#include <gtest/gtest.h>

namespace hikae {
namespace {

TEST(Percent, DecodesAnyByte) {
  EXPECT_EQ(percent_decoded("a%41%6a%6A b"), "aAjj b");
  EXPECT_EQ(percent_decoded("%E9%A4%A8"), "館");
  EXPECT_EQ(percent_decoded("%00"), std::string(1, '\0'));
  EXPECT_EQ(percent_decoded("+"), "+") << "a space only in forms, not in URLs";
  EXPECT_EQ(percent_decoded(""), "");
}

TEST(Percent, RefusesWhatIsNoEncoding) {
  for (const char* broken : {"%", "a%", "%4", "%4g", "%g4", "%%41", "% 41"})
    EXPECT_EQ(percent_decoded(broken), std::nullopt) << broken;
}

}  // namespace
}  // namespace hikae
