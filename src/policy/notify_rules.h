// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "policy/secret_reference.h"

// The policy's words about who is told what, over which channel. Plain data, part of policy.h.
namespace hikae::policy {

enum class NotifyEvent {
  success,
  warning,
  partial,
  failure,
  failure_after_retries,
  recovered,
  missed,
  drill,
  review,
};

enum class SmtpSecurity { starttls, tls, none };

struct Smtp {
  std::string host;
  int port = 587;
  SmtpSecurity security = SmtpSecurity::starttls;
  std::string user;
  std::optional<SecretReference> password;
  std::string ca_file;  // absolute path; empty: the system's authorities

  bool operator==(const Smtp&) const = default;
};

// How much of what happened leaves over a channel.
enum class NoticeDetails {
  none,     // that it happened, and the verdict
  summary,  // all but the paths of single items
  full,
};

struct EmailNotice {
  std::vector<std::string> to;
  std::string from;  // empty: root at this host
  std::vector<NotifyEvent> on{NotifyEvent::success, NotifyEvent::failure};
  NoticeDetails details = NoticeDetails::full;
  std::optional<Smtp> smtp;  // nothing: the local sendmail
  std::string sendmail = "/usr/sbin/sendmail";

  bool operator==(const EmailNotice&) const = default;
};

// The address of a webhook is a secret.
struct SlackNotice {
  SecretReference webhook;
  std::vector<NotifyEvent> on{NotifyEvent::failure_after_retries, NotifyEvent::recovered};
  NoticeDetails details = NoticeDetails::summary;

  bool operator==(const SlackNotice&) const = default;
};

struct WebhookNotice {
  SecretReference webhook;
  std::vector<NotifyEvent> on{NotifyEvent::failure_after_retries, NotifyEvent::recovered};
  NoticeDetails details = NoticeDetails::summary;
  std::string body;  // with {{placeholders}}; empty: the program's own JSON
  std::string content_type = "application/json";
  std::optional<SecretReference> signing_key;  // of HMAC-SHA256

  bool operator==(const WebhookNotice&) const = default;
};

enum class NoticeChannel { email, slack, webhook };

// The first words of a subject.
struct SubjectRules {
  std::string completed = "Backup Completed";
  std::string failed = "Backup Failed";

  bool operator==(const SubjectRules&) const = default;
};

struct Notify {
  std::optional<EmailNotice> email;
  std::optional<SlackNotice> slack;
  std::optional<WebhookNotice> webhook;
  std::optional<SecretReference> ping;  // the address of a dead-man service: a secret too
  SubjectRules subjects;
  // Who hears of a failure that nobody acknowledged; nothing: the last of the channels above that
  // is given.
  std::optional<NoticeChannel> second;
  std::chrono::seconds remind_after = std::chrono::hours(4);  // that nobody acknowledged it
  int most_per_hour = 20;  // messages of one channel; what is more becomes one
  std::string ca_file;     // for slack, webhook and ping; empty: the system's authorities

  bool operator==(const Notify&) const = default;
};

}  // namespace hikae::policy
