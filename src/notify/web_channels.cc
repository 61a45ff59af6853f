// SPDX-License-Identifier: Apache-2.0
// Slack, other webhooks, and dead-man services: all are POSTs to a secret address.
#include <algorithm>

#include "crypto/hash.h"
#include "crypto/mac.h"
#include "net/web_time.h"
#include "notify/post.h"
#include "notify/render.h"
#include "notify/routing.h"
#include "notify/template.h"

namespace hikae::notify {
namespace {

Details details_of(policy::NoticeDetails details) {
  switch (details) {
    case policy::NoticeDetails::none:
      return Details::none;
    case policy::NoticeDetails::summary:
      return Details::summary;
    case policy::NoticeDetails::full:
      break;
  }
  return Details::full;
}

SubjectWords words_of(const policy::SubjectRules& rules) {
  return {rules.completed, rules.failed};
}

// Fetches the address, and POSTs.
class WebSender {
 public:
  WebSender(const policy::SecretReference& address,
            const policy::Notify& notify,
            ChannelContext context)
      : address_(address), ca_file_(notify.ca_file), context_(std::move(context)) {}

  // `finish` may add to the request once the address is known.
  Delivery send(std::string body,
                net::HttpHeaders headers,
                const std::function<void(PostRequest&)>& finish,
                const StopToken& stop) const {
    try {
      const Secret address = context_.secret(address_, stop);
      PostRequest request{
          address.reveal(), std::move(body), std::move(headers), ca_file_, context_.in_transit};
      finish(request);
      Delivery delivery = post(request, context_.clock, stop);
      wipe(request.url.data(), request.url.size());
      return delivery;
    } catch (const Error& error) {
      Delivery delivery;
      delivery.failure = error;
      return delivery;
    }
  }
  const ChannelContext& context() const { return context_; }

 private:
  const policy::SecretReference& address_;
  std::string ca_file_;
  ChannelContext context_;
};

class SlackChannel final : public Channel {
 public:
  SlackChannel(const policy::Notify& notify, const ChannelContext& context)
      : slack_(*notify.slack),
        words_(words_of(notify.subjects)),
        sender_(slack_.webhook, notify, context) {}

  const std::string& name() const override { return name_; }
  bool hears(const Message& message) const override { return is_heard(slack_.on, message); }
  Keeping keeping(const Message&) const override { return Keeping::until_delivered; }
  std::string compose(const Message& message) const override {
    return to_slack(message, subject_of(message, words_), details_of(slack_.details));
  }
  Delivery deliver(const std::string& content, const std::string&, const StopToken& stop) override {
    return sender_.send(
        content, {{"Content-Type", "application/json"}}, [](PostRequest&) {}, stop);
  }

 private:
  const std::string name_ = "slack";
  const policy::SlackNotice& slack_;
  SubjectWords words_;
  WebSender sender_;
};

class WebhookChannel final : public Channel {
 public:
  WebhookChannel(const policy::Notify& notify, const ChannelContext& context)
      : webhook_(*notify.webhook),
        words_(words_of(notify.subjects)),
        sender_(webhook_.webhook, notify, context) {}

  const std::string& name() const override { return name_; }
  bool hears(const Message& message) const override { return is_heard(webhook_.on, message); }
  Keeping keeping(const Message&) const override { return Keeping::until_delivered; }

  std::string compose(const Message& message) const override {
    const Details details = details_of(webhook_.details);
    const std::string subject = subject_of(message, words_);
    if (webhook_.body.empty()) return to_json(message, subject, details);
    return fill_template(
        webhook_.body, escape_for(webhook_.content_type), [&](const std::string& name) {
          return value_of(message, subject, details, name);
        });
  }

  Delivery deliver(const std::string& content,
                   const std::string& id,
                   const StopToken& stop) override {
    std::optional<Secret> key;
    if (webhook_.signing_key) {
      try {
        key = sender_.context().secret(*webhook_.signing_key, stop);
      } catch (const Error& error) {
        Delivery delivery;
        delivery.failure = error;
        return delivery;
      }
    }
    net::HttpHeaders headers = {{"Content-Type", webhook_.content_type}, {"X-Hikae-Delivery", id}};
    // The time is signed with the body, so that a receiver can refuse what somebody recorded.
    const std::string time = std::to_string(std::chrono::duration_cast<std::chrono::seconds>(
                                                sender_.context().clock.now().time_since_epoch())
                                                .count());
    headers.emplace_back("X-Hikae-Timestamp", time);
    if (key) {
      const std::string signed_text = time + "." + content;
      headers.emplace_back(
          "X-Hikae-Signature",
          "sha256=" + hmac_sha256(as_bytes(key->reveal()), as_bytes(signed_text)).hex());
    }
    return sender_.send(
        content, std::move(headers), [](PostRequest&) {}, stop);
  }

 private:
  static std::optional<std::string> value_of(const Message& message,
                                             const std::string& subject,
                                             Details details,
                                             const std::string& name) {
    const bool may_name = details != Details::none;
    if (name == "subject") return subject;
    if (name == "text") return lead_of(message);
    if (name == "details") return to_text(message, details);
    if (name == "verdict") return std::string(to_string(message.verdict));
    if (name == "failure") return is_failure(message) ? "true" : "false";
    if (name == "occasion") return std::string(word_of(message.occasion));
    if (name == "job") return message.slot.job;
    if (name == "policy") return message.policy;
    if (name == "host") return may_name ? message.host : std::string();
    if (name == "run") return message.run;
    if (name == "time") return net::iso_time(message.time);
    if (name == "json") return to_json(message, subject, details);
    if (name == "slot") {
      return message.slot.scheduled == Instant{} ? std::string()
                                                 : net::iso_time(message.slot.scheduled);
    }
    return std::nullopt;
  }

  const std::string name_ = "webhook";
  const policy::WebhookNotice& webhook_;
  SubjectWords words_;
  WebSender sender_;
};

// A UUID that a run's beginning and end share, so that the service can measure how long it took
// (healthchecks.io, "Measuring Script Execution Time"). Version 8 of RFC 9562: the bits are ours.
std::string run_uuid(const std::string& slot_key) {
  std::string hex = sha256(as_bytes(slot_key)).hex().substr(0, 32);
  hex[12] = '8';
  hex[16] = 'a';
  return hex.substr(0, 8) + "-" + hex.substr(8, 4) + "-" + hex.substr(12, 4) + "-" +
         hex.substr(16, 4) + "-" + hex.substr(20);
}

// The pings of healthchecks.io ("Pinging API"): start, fail, log and exit codes are endings of the
// address. The content is the ending, the run's id, and the body, on lines of their own.
class PingChannel final : public Channel {
 public:
  PingChannel(const policy::Notify& notify, const ChannelContext& context)
      : sender_(*notify.ping, notify, context) {}

  const std::string& name() const override { return name_; }

  bool hears(const Message& message) const override {
    if (message.slot.job != "backup") return false;
    switch (message.occasion) {
      case Occasion::started:
      case Occasion::retrying:
      case Occasion::finished:
      case Occasion::left_out:
      case Occasion::missed:
      case Occasion::recovered:
      case Occasion::policy_unreadable:
        return true;
      default:
        return false;
    }
  }

  Keeping keeping(const Message& message) const override {
    const bool is_passing =
        message.occasion == Occasion::started || message.occasion == Occasion::retrying;
    return is_passing || message.occasion == Occasion::test ? Keeping::not_at_all
                                                            : Keeping::newest_only;
  }

  std::string compose(const Message& message) const override {
    return ending_of(message) + "\n" +
           run_uuid(message.policy + "/" + message.host + "/" + message.slot.group + "/" +
                    std::to_string(message.slot.scheduled.time_since_epoch().count())) +
           "\n" + to_ping_text(message);
  }

  Delivery deliver(const std::string& content, const std::string&, const StopToken& stop) override {
    const std::size_t first = content.find('\n');
    const std::size_t second = content.find('\n', first + 1);
    const std::string ending = content.substr(0, first);
    const std::string id = content.substr(first + 1, second - first - 1);
    return sender_.send(
        content.substr(second + 1),
        {{"Content-Type", "text/plain; charset=utf-8"}},
        [&](PostRequest& request) {
          const std::size_t query = request.url.find('?');
          const std::string rest =
              query == std::string::npos ? "?rid=" + id : request.url.substr(query) + "&rid=" + id;
          std::string base = request.url.substr(0, query);
          while (base.ends_with('/')) base.pop_back();
          request.url = base + ending + rest;
        },
        stop);
  }

 private:
  static bool has_generation(const Message& message) {
    return std::any_of(message.outcomes.begin(), message.outcomes.end(), [](const auto& outcome) {
      return !outcome.snapshot.empty();
    });
  }

  static std::string ending_of(const Message& message) {
    switch (message.occasion) {
      case Occasion::started:
        return "/start";
      case Occasion::retrying:
      case Occasion::test:
        return "/log";
      case Occasion::left_out:
        // Where nothing at all was saved, the service must not hear that all is well.
        if (!has_generation(message)) return "/log";
        break;
      case Occasion::missed:
      case Occasion::policy_unreadable:
        return "/fail";
      default:
        break;
    }
    const int code = exit_code(message.verdict);
    return code == 0 ? "" : "/" + std::to_string(code);
  }

  const std::string name_ = "ping";
  WebSender sender_;
};

}  // namespace

std::unique_ptr<Channel> make_slack_channel(const policy::Notify& notify,
                                            const ChannelContext& context) {
  return std::make_unique<SlackChannel>(notify, context);
}

std::unique_ptr<Channel> make_webhook_channel(const policy::Notify& notify,
                                              const ChannelContext& context) {
  return std::make_unique<WebhookChannel>(notify, context);
}

std::unique_ptr<Channel> make_ping_channel(const policy::Notify& notify,
                                           const ChannelContext& context) {
  return std::make_unique<PingChannel>(notify, context);
}

std::vector<std::unique_ptr<Channel>> make_channels(const policy::Notify& notify,
                                                    const ChannelContext& context) {
  std::vector<std::unique_ptr<Channel>> channels;
  if (notify.email) channels.push_back(make_mail_channel(*notify.email, notify.subjects, context));
  if (notify.slack) channels.push_back(make_slack_channel(notify, context));
  if (notify.webhook) channels.push_back(make_webhook_channel(notify, context));
  if (notify.ping) channels.push_back(make_ping_channel(notify, context));
  return channels;
}

}  // namespace hikae::notify
