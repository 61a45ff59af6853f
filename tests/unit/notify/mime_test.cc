// SPDX-License-Identifier: Apache-2.0
// Mails, read back by another implementation: Python's.
#include "notify/mime.h"

#include <gmock/gmock.h>

#include "base/json.h"
#include "notify/render.h"
#include "os/process.h"
#include "samples.h"
#include "support/temp_dir.h"

namespace hikae::notify {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::MatchesRegex;
using ::testing::Not;
using ::testing::StartsWith;

// What Python's email package reads: the names of all fields, then some values, one a line.
constexpr const char* kReader = R"py(
import email, email.policy, sys
raw = open(sys.argv[1], "rb").read()
mail = email.message_from_bytes(raw, policy=email.policy.default)
print("fields=" + ",".join(mail.keys()))
for name in ("Subject", "From", "To", "Date", "Message-ID", "X-Extra"):
    print(name + "=" + str(mail[name]))
print("defects=%d" % (len(mail.defects) + sum(len(p.defects) for p in mail.iter_parts())))
for part in mail.iter_parts():
    print(part.get_content_type() + "=" + ascii(part.get_content()))
)py";

std::string read_by_python(const std::string& mail) {
  const hikae::testing::TempDir folder;
  hikae::testing::write_file(folder / "mail", mail);
  os::ProcessRequest request;
  request.argv = {"/usr/bin/python3", "-c", kReader, folder / "mail"};
  request.environment = std::vector<std::string>{"PYTHONIOENCODING=utf-8"};
  os::ProcessResult result = os::run_process(request);
  return result.output + result.errors;
}

Mail sample() {
  Mail mail;
  mail.from = "backup@company.test";
  mail.to = {"ops@company.test", "boss@company.test"};
  mail.subject = "Backup Completed: ok (正常) - internal-systems (files01) 2026-11-23 02:00";
  mail.date = testing::at(testing::kTwo);
  mail.utc_offset = std::chrono::hours(9);
  mail.message_id = "hikae.1@files01";
  mail.text = "本文\nline with = and trailing blank \n.\n-- \nFrom here\n";
  mail.html = "<p>本文</p>\n";
  return mail;
}

void expect_sound(const std::string& mail) {
  std::size_t column = 0;
  for (std::size_t at = 0; at < mail.size(); ++at) {
    const auto byte = static_cast<unsigned char>(mail[at]);
    ASSERT_LT(byte, 0x80) << "at " << at;
    if (byte == '\r') {
      ASSERT_EQ(mail[at + 1], '\n');
    } else if (byte == '\n') {
      ASSERT_EQ(mail[at - 1], '\r');
      column = 0;
    } else {
      ASSERT_LE(++column, 78U) << mail.substr(at - 78, 80);
    }
  }
  EXPECT_TRUE(mail.ends_with("\r\n"));
}

TEST(Mime, IsReadAsItWasMeant) {
  const std::string mail = encode_mail(sample());
  expect_sound(mail);
  EXPECT_THAT(
      read_by_python(mail),
      AllOf(HasSubstr("Subject=Backup Completed: ok (正常) - internal-systems (files01) 2026-11-23 "
                      "02:00\n"),
            HasSubstr("To=ops@company.test, boss@company.test\n"),
            HasSubstr("Date=Mon, 23 Nov 2026 02:00:00 +0900\n"),
            HasSubstr("Message-ID=<hikae.1@files01>\n"),
            HasSubstr("defects=0\n"),
            HasSubstr(
                "text/plain='\\u672c\\u6587\\r\\nline with = and trailing blank \\r\\n.\\r\\n-- "
                "\\r\\nFrom here"),
            HasSubstr("text/html='<p>\\u672c\\u6587</p>\\r\\n'")));
}

TEST(Mime, BothLanguagesInBothForms) {
  for (const Language language : {Language::en, Language::ja}) {
    const Message message = testing::failed(language);
    Mail mail = sample();
    mail.subject = subject_of(message, {});
    mail.text = to_text(message, Details::full);
    mail.html = to_html(message, mail.subject, Details::full);
    const std::string encoded = encode_mail(mail);
    expect_sound(encoded);
    const std::string read = read_by_python(encoded);
    EXPECT_THAT(read, AllOf(HasSubstr("Subject=" + mail.subject + "\n"), HasSubstr("defects=0\n")));
    EXPECT_THAT(read, HasSubstr("text/html='<!DOCTYPE html>"));
  }
}

// The same fields, whatever is put into their values.
TEST(Mime, NothingCanBeginAFieldOrAPart) {
  const std::string honest = read_by_python(encode_mail(sample()));
  const std::string fields = honest.substr(0, honest.find('\n'));
  for (const std::string& evil : {std::string("\r\nBcc: all@evil.test"),
                                  std::string("\nX-Evil: 1\n\nbody"),
                                  std::string("\r\r\n\r\n"),
                                  std::string("a\0b", 3),
                                  std::string("\xc2\x85X-Evil: 1"),
                                  std::string("\xe2\x80\xa8X-Evil: 1"),
                                  std::string("\xff\xfe\r\nX-Evil: 1"),
                                  std::string("=?UTF-8?B?DQpYLUV2aWw6IDE=?="),
                                  std::string(2000, '\n'),
                                  std::string("   \r\n   ")}) {
    Mail mail = sample();
    mail.from += evil;
    mail.to = {"ops@company.test" + evil};
    mail.subject += evil;
    mail.message_id += evil;
    mail.fields = {{"X-Extra", "x" + evil}};
    mail.text += evil + "\r\n--=_hikae_0\r\nContent-Type: text/html\r\n\r\nevil";
    const std::string encoded = encode_mail(mail);
    const std::string read = read_by_python(encoded);
    std::string expected = fields;
    expected.insert(expected.find(",MIME"), ",X-Extra");
    EXPECT_THAT(read, StartsWith(expected + "\n")) << evil;
    const std::string head = encoded.substr(0, encoded.find("\r\n\r\n"));
    EXPECT_THAT(head, Not(HasSubstr("\nX-Evil"))) << evil;
    EXPECT_THAT(head, Not(HasSubstr("\nBcc"))) << evil;
  }
}

// RFC 2047 §5: an encoded word holds whole characters, is at most 75 long, its line at most 76.
TEST(Mime, EncodedWordsEndAtCharactersBorders) {
  std::string subject = "Backup Failed: ";
  for (int i = 0; i < 60; ++i) subject += "控え😀é";
  const std::string field = encode_field("Subject", subject);
  std::size_t begin = 0;
  for (std::size_t end = field.find("\r\n"); end != std::string::npos;
       begin = end + 2, end = field.find("\r\n", begin)) {
    EXPECT_LE(end - begin, 76U);
    const std::string line = field.substr(begin, end - begin);
    EXPECT_THAT(line, MatchesRegex("(Subject:)? =\\?UTF-8\\?B\\?[A-Za-z0-9+/=]+\\?="));
  }
  Mail mail = sample();
  mail.subject = subject;
  EXPECT_THAT(read_by_python(encode_mail(mail)), HasSubstr("Subject=" + subject + "\n"));
}

TEST(Mime, LongFieldsFoldAtBlanks) {
  Mail mail = sample();
  mail.to.clear();
  for (int i = 0; i < 40; ++i) mail.to.push_back("person" + std::to_string(i) + "@company.test");
  const std::string encoded = encode_mail(mail);
  expect_sound(encoded);
  EXPECT_THAT(read_by_python(encoded), HasSubstr("person0@company.test, person1@company.test"));
}

TEST(QuotedPrintable, KeepsBlanksDotsAndLongLines) {
  EXPECT_EQ(encode_quoted_printable("a=b \n.\nx\t"), "a=3Db=20\r\n=2E\r\nx=09\r\n");
  const std::string encoded = encode_quoted_printable(std::string(200, 'y') + "\n");
  EXPECT_EQ(encoded.find("=\r\n"), 75U);
}

TEST(MailDate, HasTheZonesOffset) {
  EXPECT_EQ(mail_date(testing::at(0), std::chrono::seconds(0)), "Thu, 1 Jan 1970 00:00:00 +0000");
  EXPECT_EQ(mail_date(testing::at(testing::kTwo), -std::chrono::minutes(210)),
            "Sun, 22 Nov 2026 13:30:00 -0330");
}

}  // namespace
}  // namespace hikae::notify
