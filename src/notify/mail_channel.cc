// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <iterator>
#include <sstream>

#include "crypto/hash.h"
#include "net/smtp.h"
#include "net/web_time.h"
#include "notify/channel.h"
#include "notify/mime.h"
#include "notify/render.h"
#include "notify/routing.h"
#include "os/process.h"
#include "policy/time_zone.h"

namespace hikae::notify {
namespace {

constexpr std::chrono::seconds kPatience{30};
// sysexits.h: worth another try.
constexpr int kTemporaryFailure = 75;

net::SmtpSecurity security_of(policy::SmtpSecurity security) {
  switch (security) {
    case policy::SmtpSecurity::starttls:
      return net::SmtpSecurity::starttls;
    case policy::SmtpSecurity::tls:
      return net::SmtpSecurity::tls;
    case policy::SmtpSecurity::none:
      break;
  }
  return net::SmtpSecurity::none;
}

// A host's name as it may stand in a mail's address.
std::string domain_of(const std::string& host) {
  std::string domain;
  for (const char c : host) {
    const bool fits = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
                      c == '-' || c == '.';
    domain += fits ? c : '-';
  }
  return domain.empty() ? "localhost" : domain;
}

std::string without_returns(const std::string& text) {
  std::string out = text;
  out.erase(std::remove(out.begin(), out.end(), '\r'), out.end());
  return out;
}

std::string first_line(std::string_view text) {
  return redacted(text.substr(0, std::min<std::size_t>(text.find('\n'), 300)));
}

// Stands before the mail in what is kept where not all receivers get it any more.
constexpr std::string_view kReceivers = "X-Hikae-Receivers: ";

struct Parcel {
  std::vector<std::string> to;
  std::string_view mail;
};

Parcel unpack(std::string_view content, const std::vector<std::string>& all) {
  if (!content.starts_with(kReceivers)) return {all, content};
  const std::size_t end = std::min(content.find("\r\n"), content.size());
  std::istringstream names(std::string(content.substr(kReceivers.size(), end - kReceivers.size())));
  return {{std::istream_iterator<std::string>(names), std::istream_iterator<std::string>()},
          content.substr(std::min(end + 2, content.size()))};
}

std::string pack(const std::vector<std::string>& to, std::string_view mail) {
  std::string content(kReceivers);
  for (const std::string& address : to) content += address + " ";
  return content + "\r\n" + std::string(mail);
}

class MailChannel final : public Channel {
 public:
  MailChannel(const policy::EmailNotice& email,
              const policy::SubjectRules& subjects,
              ChannelContext context)
      : email_(email),
        words_{subjects.completed, subjects.failed},
        context_(std::move(context)),
        domain_(domain_of(context_.host)),
        from_(email.from.empty() ? "root@" + domain_ : email.from) {}

  const std::string& name() const override { return name_; }
  bool hears(const Message& message) const override { return is_heard(email_.on, message); }
  Keeping keeping(const Message&) const override { return Keeping::until_delivered; }

  std::string compose(const Message& message) const override {
    Mail mail;
    mail.from = from_;
    mail.to = email_.to;
    mail.subject = subject_of(message, words_);
    mail.date = message.time;
    if (!message.timezone.empty())
      mail.utc_offset = policy::TimeZone::named(message.timezone).offset_at(message.time);
    // The same notice that is sent twice for want of an answer is the same mail to its reader.
    const std::string identity = message.policy + "/" + message.host + "/" + key_of(message) + "/" +
                                 std::to_string(message.time.time_since_epoch().count());
    mail.message_id = "hikae." + sha256(as_bytes(identity)).hex().substr(0, 32) + "@" + domain_;
    mail.fields = fields_of(message);
    const Details details = details_of(email_.details);
    mail.text = to_text(message, details);
    mail.html = to_html(message, mail.subject, details);
    return encode_mail(mail);
  }

  Delivery deliver(const std::string& content, const std::string&, const StopToken& stop) override {
    Delivery delivery;
    try {
      if (email_.smtp) {
        send_by_smtp(content, delivery, stop);
      } else {
        send_by_program(content, delivery, stop);
      }
    } catch (const Error& error) {
      delivery.failure = error;
    }
    return delivery;
  }

 private:
  static Details details_of(policy::NoticeDetails details) {
    if (details == policy::NoticeDetails::none) return Details::none;
    return details == policy::NoticeDetails::summary ? Details::summary : Details::full;
  }

  std::vector<std::pair<std::string, std::string>> fields_of(const Message& message) const {
    std::vector<std::pair<std::string, std::string>> fields = {
        // RFC 3834, and Exchange's own: no out-of-office answers.
        {"Auto-Submitted", "auto-generated"},
        {"X-Auto-Response-Suppress", "All"},
        {"X-Mailer", "hikae"},
        {"X-Hikae-Policy", message.policy},
        {"X-Hikae-Host", domain_},
        {"X-Hikae-Event", std::string(word_of(message.occasion))},
        {"X-Hikae-Job", message.slot.job},
        {"X-Hikae-Verdict", std::string(to_string(message.verdict))}};
    if (message.slot.scheduled != Instant{})
      fields.emplace_back("X-Hikae-Slot", net::iso_time(message.slot.scheduled));
    if (!message.run.empty()) fields.emplace_back("X-Hikae-Run", message.run);
    if (is_failure(message)) fields.emplace_back("Importance", "high");
    return fields;
  }

  void send_by_smtp(const std::string& content, Delivery& delivery, const StopToken& stop) const {
    const policy::Smtp& smtp = *email_.smtp;
    net::SmtpServer server;
    server.host = smtp.host;
    server.port = smtp.port;
    server.security = security_of(smtp.security);
    server.user = smtp.user;
    if (smtp.password) server.password = context_.secret(*smtp.password, stop);
    server.ca_file = smtp.ca_file;
    server.own_name = domain_;
    server.time_limit = kPatience;
    const Parcel parcel = unpack(content, email_.to);
    const net::SmtpResult result =
        net::send_mail(server, {from_, parcel.to, as_bytes(parcel.mail)}, stop);
    delivery.answer = result.answer;
    std::vector<std::string> later;
    for (const net::RejectedRecipient& one : result.rejected) {
      if (one.answer.starts_with('4')) {
        later.push_back(one.address);
      } else {
        delivery.refused.push_back(one.address + ": " + one.answer);
      }
    }
    if (!later.empty()) delivery.rest = pack(later, parcel.mail);
  }

  // Every MTA has it: -t takes the receivers from the mail, -i keeps a line with a dot alone, -f
  // says to whom refusals go, else to this machine's root, whose domain other servers may not know.
  void send_by_program(const std::string& content,
                       Delivery& delivery,
                       const StopToken& stop) const {
    os::ProcessRequest request;
    request.argv = {email_.sendmail, "-t", "-i"};
    if (!email_.from.empty()) request.argv.insert(request.argv.end(), {"-f", from_});
    request.input = without_returns(std::string(unpack(content, email_.to).mail));
    request.timeout = kPatience;
    os::ProcessResult result;
    try {
      result = os::run_process(request, stop);
    } catch (Error& error) {
      if (error.code() == ErrorCode::not_found) error.set_hint(text("notify.no_sendmail_hint"));
      throw;
    }
    delivery.answer = first_line(result.output + result.errors);
    if (result.exit_code == 0) return;
    const Retry retry = result.exit_code == kTemporaryFailure ? Retry::after_backoff : Retry::no;
    delivery.failure = Error(ErrorCode::io,
                             text("notify.sendmail_failed",
                                  {{"program", email_.sendmail},
                                   {"code", std::to_string(result.exit_code)},
                                   {"answer", delivery.answer}}),
                             retry)
                           .with_hint(text("notify.sendmail_failed_hint"));
  }

  const std::string name_ = "email";
  const policy::EmailNotice& email_;
  SubjectWords words_;
  ChannelContext context_;
  std::string domain_;
  std::string from_;
};

}  // namespace

std::unique_ptr<Channel> make_mail_channel(const policy::EmailNotice& email,
                                           const policy::SubjectRules& subjects,
                                           const ChannelContext& context) {
  return std::make_unique<MailChannel>(email, subjects, context);
}

}  // namespace hikae::notify
