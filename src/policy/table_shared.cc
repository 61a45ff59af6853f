// SPDX-License-Identifier: Apache-2.0
// Sections that stand in more than one place, and those about people.
#include "policy/bind.h"
#include "policy/policy.h"

namespace hikae::policy {
namespace {

void reference_kind(SectionBuilder<SecretReference>& keys,
                    std::string_view key,
                    SecretReference::Kind reference,
                    Kind kind,
                    std::string_view example) {
  keys.custom(
      key,
      kind,
      example,
      [reference](SecretReference& secret, const std::string& value) {
        secret = {reference, value};
      },
      [reference](const SecretReference& secret) -> std::optional<std::string> {
        if (secret.kind != reference || secret.value.empty()) return std::nullopt;
        return secret.value;
      });
}

std::vector<std::string_view> event_words() {
  return {"success",
          "warning",
          "partial",
          "failure",
          "failure_after_retries",
          "recovered",
          "missed",
          "drill",
          "review"};
}

std::vector<std::string_view> detail_words() {
  return {"none", "summary", "full"};
}

const Section& subjects_section() {
  static const Section kSection = [] {
    SectionBuilder<SubjectRules> keys("subjects");
    keys.one("completed", &SubjectRules::completed, Kind::line, "Backup Completed");
    keys.one("failed", &SubjectRules::failed, Kind::line, "Backup Failed");
    return std::move(keys).done();
  }();
  return kSection;
}

const Section& smtp_section() {
  static const Section kSection = [] {
    SectionBuilder<Smtp> keys("smtp");
    keys.one("host", &Smtp::host, Kind::line, "smtp.company.local").required();
    keys.one("port", &Smtp::port, Kind::number, "587").range(1, 65535);
    keys.one("security", &Smtp::security, Kind::word, "starttls", {"starttls", "tls", "none"});
    keys.one("user", &Smtp::user, Kind::line, "backup");
    keys.section("password", &Smtp::password, secret_section, "{file: /etc/hikae/smtp}");
    keys.one("ca_file", &Smtp::ca_file, Kind::path, "/etc/hikae/ca.pem");
    return std::move(keys).done();
  }();
  return kSection;
}

const Section& email_section() {
  static const Section kSection = [] {
    SectionBuilder<EmailNotice> keys("email");
    keys.list("to", &EmailNotice::to, Kind::email, "[it-team@company.local]").required();
    keys.one("from", &EmailNotice::from, Kind::email, "backup@company.local");
    keys.list("on", &EmailNotice::on, Kind::word, "[success, failure]", event_words());
    keys.one("details", &EmailNotice::details, Kind::word, "summary", detail_words());
    keys.section("smtp", &EmailNotice::smtp, smtp_section, "{host: smtp.company.local}");
    keys.one("sendmail", &EmailNotice::sendmail, Kind::path, "/usr/bin/msmtp");
    return std::move(keys).done();
  }();
  return kSection;
}

const Section& slack_section() {
  static const Section kSection = [] {
    SectionBuilder<SlackNotice> keys("slack");
    keys.section("webhook", &SlackNotice::webhook, secret_section, "{file: /etc/hikae/slack}")
        .required();
    keys.list(
        "on", &SlackNotice::on, Kind::word, "[failure_after_retries, recovered]", event_words());
    keys.one("details", &SlackNotice::details, Kind::word, "none", detail_words());
    return std::move(keys).done();
  }();
  return kSection;
}

const Section& webhook_section() {
  static const Section kSection = [] {
    SectionBuilder<WebhookNotice> keys("webhook");
    keys.section("webhook", &WebhookNotice::webhook, secret_section, "{file: /etc/hikae/webhook}")
        .required();
    keys.list(
        "on", &WebhookNotice::on, Kind::word, "[failure_after_retries, recovered]", event_words());
    keys.one("details", &WebhookNotice::details, Kind::word, "none", detail_words());
    keys.one("body", &WebhookNotice::body, Kind::command, "'{\"title\": \"{{subject}}\"}'");
    keys.one("content_type", &WebhookNotice::content_type, Kind::line, "text/plain");
    keys.section("signing_key",
                 &WebhookNotice::signing_key,
                 secret_section,
                 "{file: /etc/hikae/webhook-key}");
    return std::move(keys).done();
  }();
  return kSection;
}

}  // namespace

const Section& secret_section() {
  static const Section kSection = [] {
    using Reference = SecretReference::Kind;
    SectionBuilder<SecretReference> keys("secret");
    reference_kind(keys, "file", Reference::file, Kind::path, "/etc/hikae/password");
    reference_kind(keys, "env", Reference::env, Kind::line, "HIKAE_PASSWORD");
    reference_kind(keys, "command", Reference::command, Kind::line, "pass show backup");
    reference_kind(keys, "credential", Reference::credential, Kind::line, "hikae-password");
    keys.exactly_one_of({"file", "env", "command", "credential"});
    keys.refuses_plain_values();
    return std::move(keys).done();
  }();
  return kSection;
}

const Section& hooks_section() {
  static const Section kSection = [] {
    SectionBuilder<Hooks> keys("hooks");
    keys.list("before", &Hooks::before, Kind::command, "[/usr/local/sbin/flush]");
    keys.list("after", &Hooks::after, Kind::command, "[systemctl start app]");
    keys.list("on_error", &Hooks::on_error, Kind::command, "[logger backup failed]");
    keys.list("finally", &Hooks::finally, Kind::command, "[umount /mnt/snapshot]");
    keys.one("timeout", &Hooks::timeout, Kind::duration, "10m");
    return std::move(keys).done();
  }();
  return kSection;
}

const Section& retention_section() {
  static const Section kSection = [] {
    SectionBuilder<RetentionRules> keys("retention");
    keys.one("last", &RetentionRules::last, Kind::count, "5");
    keys.one("hourly", &RetentionRules::hourly, Kind::count, "24");
    keys.one("daily", &RetentionRules::daily, Kind::count, "3");
    keys.one("weekly", &RetentionRules::weekly, Kind::count, "4");
    keys.one("monthly", &RetentionRules::monthly, Kind::count, "12");
    keys.one("yearly", &RetentionRules::yearly, Kind::count, "3");
    keys.one("within", &RetentionRules::within, Kind::span, "14d");
    keys.one("within_hourly", &RetentionRules::within_hourly, Kind::span, "2d");
    keys.one("within_daily", &RetentionRules::within_daily, Kind::span, "14d");
    keys.one("within_weekly", &RetentionRules::within_weekly, Kind::span, "2m");
    keys.one("within_monthly", &RetentionRules::within_monthly, Kind::span, "1y");
    keys.one("within_yearly", &RetentionRules::within_yearly, Kind::span, "7y");
    keys.list("hold", &RetentionRules::hold, Kind::tags, "[legal]");
    keys.custom(
        "overlap",
        Kind::boolean,
        "true",
        [](RetentionRules& rules, const std::string& value) {
          const bool overlap = parse_boolean(value).value_or(false);
          rules.overlap = overlap ? Overlap::overlapping : Overlap::additive;
        },
        [](const RetentionRules& rules) -> std::optional<std::string> {
          return rules.overlap == Overlap::overlapping ? "true" : "false";
        });
    keys.one("minimum", &RetentionRules::minimum, Kind::number, "1").range(1, 100000);
    return std::move(keys).done();
  }();
  return kSection;
}

const Section& notify_section() {
  static const Section kSection = [] {
    SectionBuilder<Notify> keys("notify");
    keys.section("email", &Notify::email, email_section, "{to: [it-team@company.local]}");
    keys.section("slack", &Notify::slack, slack_section, "{webhook: {file: /etc/hikae/slack}}");
    keys.section(
        "webhook", &Notify::webhook, webhook_section, "{webhook: {file: /etc/hikae/webhook}}");
    keys.section("ping", &Notify::ping, secret_section, "{file: /etc/hikae/ping-url}");
    keys.section("subjects", &Notify::subjects, subjects_section, "{failed: Backup Failed}");
    keys.one("second", &Notify::second, Kind::word, "slack", {"email", "slack", "webhook"});
    keys.one("remind_after", &Notify::remind_after, Kind::duration, "4h");
    keys.one("most_per_hour", &Notify::most_per_hour, Kind::number, "20").range(1, 1000);
    keys.one("ca_file", &Notify::ca_file, Kind::path, "/etc/hikae/ca.pem");
    return std::move(keys).done();
  }();
  return kSection;
}

}  // namespace hikae::policy
