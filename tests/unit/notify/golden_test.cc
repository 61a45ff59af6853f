// SPDX-License-Identifier: Apache-2.0
// What people read, word by word. After a change that is meant, HIKAE_UPDATE_GOLDEN=1 writes the
// files anew, and the examples in the manual with them: read both before you commit.
#include <cstdlib>

#include <gtest/gtest.h>

#include "samples.h"
#include "support/temp_dir.h"

namespace hikae::notify {
namespace {

using hikae::testing::read_file;
using hikae::testing::write_file;

std::string source_folder() {
  return std::string(std::getenv("HIKAE_SOURCE_DIR"));  // NOLINT(concurrency-mt-unsafe)
}

bool is_updating() {
  return std::getenv("HIKAE_UPDATE_GOLDEN") != nullptr;  // NOLINT(concurrency-mt-unsafe)
}

void expect_golden(const std::string& name, const std::string& content) {
  const std::string path = source_folder() + "/tests/unit/notify/golden/" + name;
  if (is_updating()) {
    write_file(path, content);
    return;
  }
  EXPECT_EQ(read_file(path), content) << name;
}

using Make = Message (*)(Language);
constexpr std::pair<const char*, Make> kSamples[] = {{"completed", testing::completed},
                                                     {"failed", testing::failed},
                                                     {"missed", testing::missed},
                                                     {"recovered", testing::recovered},
                                                     {"undeliverable", testing::undeliverable}};

class Golden : public ::testing::TestWithParam<Language> {
 protected:
  static std::string language() { return GetParam() == Language::ja ? "ja" : "en"; }
};

TEST_P(Golden, Text) {
  for (const auto& [name, make] : kSamples) {
    const Message message = make(GetParam());
    expect_golden(std::string(name) + "." + language() + ".txt",
                  "Subject: " + subject_of(message, {}) + "\n\n" + to_text(message, Details::full));
  }
}

TEST_P(Golden, Html) {
  for (const auto& [name, make] : kSamples) {
    const Message message = make(GetParam());
    expect_golden(std::string(name) + "." + language() + ".html",
                  to_html(message, subject_of(message, {}), Details::full));
  }
}

TEST_P(Golden, SlackAndJson) {
  const Message message = testing::failed(GetParam());
  const std::string subject = subject_of(message, {});
  expect_golden("failed." + language() + ".slack.json",
                to_slack(message, subject, Details::summary) + "\n");
  expect_golden("failed." + language() + ".json", to_json(message, subject, Details::full) + "\n");
}

// The manual shows the mails as they are.
TEST_P(Golden, ManualShowsTheMails) {
  const std::string path = source_folder() + "/docs/manual/13-notification" +
                           (GetParam() == Language::ja ? ".ja.md" : ".md");
  std::string manual = read_file(path);
  for (const char* name : {"completed", "failed"}) {
    const std::string mark = std::string("<!-- mail: ") + name + " -->\n```\n";
    const std::size_t begin = manual.find(mark);
    ASSERT_NE(begin, std::string::npos) << mark;
    const std::size_t from = begin + mark.size();
    const std::size_t end = manual.find("```", from);
    const Message message = std::string(name) == "failed" ? testing::failed(GetParam())
                                                          : testing::completed(GetParam());
    const std::string expected =
        "Subject: " + subject_of(message, {}) + "\n\n" + to_text(message, Details::full);
    if (is_updating()) {
      manual.replace(from, end - from, expected);
      write_file(path, manual);
    } else {
      EXPECT_EQ(manual.substr(from, end - from), expected);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Languages, Golden, ::testing::Values(Language::en, Language::ja));

}  // namespace
}  // namespace hikae::notify
