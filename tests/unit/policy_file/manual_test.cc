// SPDX-License-Identifier: Apache-2.0
// The reference in the manual is what the program says about itself. After a change of the table,
// HIKAE_UPDATE_MANUAL=1 writes it anew.
#include <cstdlib>

#include <gtest/gtest.h>

#include "policy/load.h"
#include "policy/schema.h"
#include "unit/policy_file/policy_texts.h"

namespace hikae::policy {
namespace {

using testing::read_file;
using testing::source_file;

constexpr std::string_view kBegin = "<!-- keys: written by the program, do not edit -->\n";
constexpr std::string_view kEnd = "<!-- end of keys -->\n";

class Manual : public ::testing::TestWithParam<std::pair<const char*, Language>> {};

TEST_P(Manual, ReferenceIsUpToDate) {
  const auto [file, language] = GetParam();
  const std::string path = source_file(file);
  std::string manual = read_file(path);
  const std::size_t begin = manual.find(kBegin);
  const std::size_t end = manual.find(kEnd);
  ASSERT_NE(begin, std::string::npos);
  ASSERT_NE(end, std::string::npos);
  const std::size_t from = begin + kBegin.size();
  const std::string expected = "\n" + policy_reference(language) + "\n";
  if (std::getenv("HIKAE_UPDATE_MANUAL") != nullptr) {
    manual.replace(from, end - from, expected);
    testing::write_file(path, manual);
    return;
  }
  EXPECT_EQ(manual.substr(from, end - from), expected);
}

TEST_P(Manual, ExamplesAreValidPolicies) {
  const std::string manual = read_file(source_file(GetParam().first));
  int examples = 0;
  const std::string fence = "```yaml\nversion: 1";
  for (std::size_t at = manual.find(fence); at != std::string::npos; at = manual.find(fence, at)) {
    const std::size_t start = at + 8;
    const std::size_t end = manual.find("```", start);
    EXPECT_NO_THROW(parse_policy(manual.substr(start, end - start), "manual"));
    ++examples;
    at = end;
  }
  EXPECT_GE(examples, 2);
}

INSTANTIATE_TEST_SUITE_P(Languages,
                         Manual,
                         ::testing::Values(std::pair("docs/manual/03-policy.md", Language::en),
                                           std::pair("docs/manual/03-policy.ja.md", Language::ja)));

}  // namespace
}  // namespace hikae::policy
