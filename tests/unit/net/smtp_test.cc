// SPDX-License-Identifier: Apache-2.0
// Mail to a real server, with an authority of our own.
#include "net/smtp.h"

#include <gmock/gmock.h>

#include "base/error.h"
#include "support/smtp_server.h"

namespace hikae::net {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr std::string_view kMail =
    "Subject: test\r\n\r\nfirst line\r\n.a line with a dot\r\n.\r\nlast line\r\n";

class Smtp : public ::testing::Test {
 protected:
  net::SmtpServer to_starttls() const {
    net::SmtpServer server;
    server.host = "localhost";
    server.port = mail_.starttls_port();
    server.user = "backup";
    server.password = Secret("pw123");
    server.ca_file = authority_.file();
    server.own_name = "files.company.test";
    return server;
  }

  static SmtpResult send(const net::SmtpServer& server,
                         std::vector<std::string> to = {"ops@company.test"}) {
    return send_mail(server, {"hikae@company.test", std::move(to), as_bytes(kMail)}, {});
  }

  static Error error_of(const net::SmtpServer& server,
                        std::vector<std::string> to = {"ops@company.test"}) {
    try {
      send(server, std::move(to));
    } catch (const Error& error) {
      return error;
    }
    ADD_FAILURE() << "no error";
    return {ErrorCode::locked, text("net.broke")};
  }

  hikae::testing::TestAuthority authority_;
  hikae::testing::SmtpServer mail_{authority_.issue("DNS:localhost,IP:127.0.0.1")};
};

TEST_F(Smtp, ArrivesByteForByteOverStarttls) {
  const SmtpResult result = send(to_starttls());
  EXPECT_THAT(result.answer, HasSubstr("taken as 1"));
  EXPECT_TRUE(result.rejected.empty());
  EXPECT_EQ(mail_.mail(1),
            "X-Envelope-From: hikae@company.test\r\nX-Envelope-To: ops@company.test\r\n" +
                std::string(kMail));
  EXPECT_THAT(mail_.seen(),
              AllOf(HasSubstr("EHLO files.company.test tls"),
                    HasSubstr("tls good"),
                    Not(HasSubstr("clear good"))));
}

TEST_F(Smtp, ArrivesOverImplicitTls) {
  net::SmtpServer server = to_starttls();
  server.port = mail_.tls_port();
  server.security = SmtpSecurity::tls;
  send(server);
  EXPECT_EQ(mail_.count(), 1);
}

TEST_F(Smtp, ArrivesInTheClearWhereAskedAndWithoutAPassword) {
  net::SmtpServer server = to_starttls();
  server.port = mail_.clear_port();
  server.security = SmtpSecurity::none;
  server.user.clear();
  send(server);
  EXPECT_EQ(mail_.count(), 1);
}

TEST_F(Smtp, SendsNothingWhereStarttlsIsNotOffered) {
  net::SmtpServer server = to_starttls();
  server.port = mail_.clear_port();
  const Error error = error_of(server);
  EXPECT_EQ(error.code(), ErrorCode::unsupported);
  EXPECT_EQ(error.retry(), Retry::no);
  EXPECT_THAT(error.what(), HasSubstr("no STARTTLS"));
  EXPECT_THAT(mail_.seen(), AllOf(Not(HasSubstr("AUTH")), Not(HasSubstr("MAIL"))));
}

TEST_F(Smtp, NeverSendsAPasswordInTheClearToAnotherMachine) {
  net::SmtpServer server = to_starttls();
  server.host = "mail.company.test";
  server.security = SmtpSecurity::none;
  const Error error = error_of(server);
  EXPECT_EQ(error.code(), ErrorCode::invalid_argument);
  EXPECT_THAT(error.what(), Not(HasSubstr("pw123")));
}

TEST_F(Smtp, RefusesACertificateOfAStranger) {
  net::SmtpServer server = to_starttls();
  server.ca_file.clear();
  const Error error = error_of(server);
  EXPECT_EQ(error.code(), ErrorCode::permission);
  EXPECT_THAT(mail_.seen(), Not(HasSubstr("AUTH")));
}

TEST_F(Smtp, TellsAWrongPasswordWithoutShowingIt) {
  net::SmtpServer server = to_starttls();
  server.password = Secret("wrong-secret");
  const Error error = error_of(server);
  EXPECT_EQ(error.code(), ErrorCode::permission);
  EXPECT_EQ(error.retry(), Retry::no);
  EXPECT_THAT(error.what(),
              AllOf(HasSubstr("backup"), HasSubstr("535"), Not(HasSubstr("wrong-secret"))));
}

TEST_F(Smtp, NamesTheRecipientThatWasRefusedAndServesTheOthers) {
  const SmtpResult result =
      send(to_starttls(), {"reject@company.test", "ops@company.test", "boss@company.test"});
  ASSERT_EQ(result.rejected.size(), 1U);
  EXPECT_EQ(result.rejected[0].address, "reject@company.test");
  EXPECT_THAT(result.rejected[0].answer, HasSubstr("550 5.1.1 no such user here"));
  EXPECT_THAT(mail_.mail(1), HasSubstr("X-Envelope-To: ops@company.test,boss@company.test\r\n"));
}

TEST_F(Smtp, FailsForGoodWhenAllAreRefusedForGood) {
  const Error error = error_of(to_starttls(), {"reject@company.test"});
  EXPECT_EQ(error.code(), ErrorCode::invalid_argument);
  EXPECT_EQ(error.retry(), Retry::no);
  EXPECT_THAT(error.what(), AllOf(HasSubstr("reject@company.test"), HasSubstr("550")));
}

TEST_F(Smtp, FailsForNowWhenTheServerSaysLater) {
  EXPECT_EQ(error_of(to_starttls(), {"later@company.test"}).retry(), Retry::after_backoff);
  mail_.go_down();
  const Error error = error_of(to_starttls());
  EXPECT_EQ(error.retry(), Retry::after_backoff);
  EXPECT_THAT(error.what(), HasSubstr("451 4.3.0"));
}

TEST_F(Smtp, FailsForNowWithoutAServer) {
  net::SmtpServer server = to_starttls();
  server.port = 1;
  EXPECT_EQ(error_of(server).retry(), Retry::after_backoff);
}

TEST_F(Smtp, LetsNoAddressBecomeACommand) {
  for (const char* address : {"a@b>\r\nDATA", "a b@c", "a@b\nRCPT TO:<x@y>", "<a@b>", ""})
    EXPECT_EQ(error_of(to_starttls(), {address}).code(), ErrorCode::invalid_argument) << address;
  net::SmtpServer server = to_starttls();
  server.host = "localhost/x?y";
  EXPECT_EQ(error_of(server).code(), ErrorCode::invalid_argument);
  EXPECT_EQ(mail_.count(), 0);
}

TEST_F(Smtp, StopsWhenAsked) {
  std::stop_source source;
  source.request_stop();
  EXPECT_THROW(send_mail(to_starttls(), {"a@b", {"c@d"}, as_bytes(kMail)}, source.get_token()),
               Cancelled);
}

}  // namespace
}  // namespace hikae::net
