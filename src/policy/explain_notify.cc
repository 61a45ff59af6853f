// SPDX-License-Identifier: Apache-2.0
// Sentences about who is told what.
#include "policy/explainer.h"

namespace hikae::policy {
namespace {

constexpr auto kTopic = ExplainTopic::notify;

std::string channel_word(const Explainer& explainer, std::string_view channel) {
  if (channel == "email") return explainer.words("policy.explain.channel_email");
  return explainer.words(channel == "slack" ? "policy.explain.channel_slack"
                                            : "policy.explain.channel_webhook");
}

// Only said where it differs from what the channel does by itself.
void explain_details(Explainer& explainer,
                     const std::string& channel,
                     NoticeDetails details,
                     NoticeDetails initial) {
  if (details == initial) return;
  const char* key = "policy.explain.details_full";
  if (details == NoticeDetails::none) key = "policy.explain.details_none";
  if (details == NoticeDetails::summary) key = "policy.explain.details_summary";
  explainer.say(kTopic,
                "notify." + channel + ".details",
                "policy.explain.details",
                {{"channel", channel_word(explainer, channel)}, {"details", explainer.words(key)}});
}

std::string_view security_key(SmtpSecurity security) {
  switch (security) {
    case SmtpSecurity::starttls:
      return "policy.explain.smtp_starttls";
    case SmtpSecurity::tls:
      return "policy.explain.smtp_tls";
    case SmtpSecurity::none:
      break;
  }
  return "policy.explain.smtp_none";
}

void explain_smtp(Explainer& explainer, const Smtp& smtp) {
  explainer.say(kTopic,
                "notify.email.smtp",
                security_key(smtp.security),
                {{"host", smtp.host}, {"port", std::to_string(smtp.port)}});
  if (smtp.user.empty() || !smtp.password) return;
  explainer.say(kTopic,
                "notify.email.smtp.user",
                "policy.explain.smtp_login",
                {{"user", smtp.user}, {"place", explainer.secret(*smtp.password)}});
}

void explain_mail(Explainer& explainer, const EmailNotice& email) {
  explainer.say(kTopic,
                "notify.email",
                "policy.explain.email",
                {{"to", explainer.joined(email.to)}, {"events", explainer.events(email.on)}});
  if (!email.from.empty())
    explainer.say(kTopic, "notify.email.from", "policy.explain.sender", {{"from", email.from}});
  if (email.smtp) {
    explain_smtp(explainer, *email.smtp);
  } else if (email.sendmail == EmailNotice().sendmail) {
    explainer.say(kTopic, "notify.email.smtp", "policy.explain.sendmail");
  } else {
    explainer.say(kTopic,
                  "notify.email.sendmail",
                  "policy.explain.sendmail_program",
                  {{"program", email.sendmail}});
  }
  explain_details(explainer, "email", email.details, EmailNotice().details);
}

void explain_webhook(Explainer& explainer, const WebhookNotice& webhook) {
  explainer.say(kTopic,
                "notify.webhook",
                "policy.explain.webhook",
                {{"events", explainer.events(webhook.on)}});
  if (!webhook.body.empty())
    explainer.say(kTopic,
                  "notify.webhook.body",
                  "policy.explain.webhook_body",
                  {{"type", webhook.content_type}});
  if (webhook.signing_key)
    explainer.say(kTopic,
                  "notify.webhook.signing_key",
                  "policy.explain.webhook_signed",
                  {{"place", explainer.secret(*webhook.signing_key)}});
  explain_details(explainer, "webhook", webhook.details, WebhookNotice().details);
}

// The last of those that are given, unless the policy names one.
std::string second_of(const Notify& notify) {
  if (notify.second == NoticeChannel::email) return "email";
  if (notify.second == NoticeChannel::slack) return "slack";
  if (notify.second == NoticeChannel::webhook || notify.webhook) return "webhook";
  return notify.slack ? "slack" : "email";
}

// What holds for all channels.
void explain_all(Explainer& explainer, const Notify& notify) {
  explainer.say(kTopic,
                "notify.subjects",
                "policy.explain.subjects",
                {{"completed", notify.subjects.completed}, {"failed", notify.subjects.failed}});
  explainer.say(kTopic,
                "notify.remind_after",
                "policy.explain.remind",
                {{"length", explainer.duration(notify.remind_after)},
                 {"channel", channel_word(explainer, second_of(notify))}});
  explainer.say(kTopic,
                "notify.most_per_hour",
                "policy.explain.most_per_hour",
                {{"count", std::to_string(notify.most_per_hour)}});
}

}  // namespace

void explain_notify(Explainer& explainer) {
  const Notify& notify = explainer.policy().notify;
  if (notify.email) explain_mail(explainer, *notify.email);
  if (notify.slack) {
    explainer.say(kTopic,
                  "notify.slack",
                  "policy.explain.slack",
                  {{"events", explainer.events(notify.slack->on)}});
    explain_details(explainer, "slack", notify.slack->details, SlackNotice().details);
  }
  if (notify.webhook) explain_webhook(explainer, *notify.webhook);
  if (notify.ping) explainer.say(kTopic, "notify.ping", "policy.explain.ping");
  if (!notify.ca_file.empty())
    explainer.say(
        kTopic, "notify.ca_file", "policy.explain.notify_authority", {{"file", notify.ca_file}});
  if (notify.email || notify.slack || notify.webhook)
    explain_all(explainer, notify);
  else
    explainer.say(kTopic, "notify", "policy.explain.nobody");
}

}  // namespace hikae::policy
