// SPDX-License-Identifier: Apache-2.0
// The ways to people: mail, Slack, a webhook, a dead-man service.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "concurrency/stop.h"
#include "crypto/secret.h"
#include "notify/message.h"
#include "policy/policy.h"

namespace hikae::notify {

// What became of one delivery. A failure is data: it never stops a backup.
struct Delivery {
  std::string answer;                               // the other side's words
  std::optional<Error> failure;                     // nothing: it was taken
  std::optional<std::chrono::seconds> retry_after;  // as the other side wishes
  // Receivers that were refused while others were served: "address: answer".
  std::vector<std::string> refused;
  // The content for receivers that were asked to wait while others were served; empty: none was.
  std::string rest;
};

// How a channel wants a message kept that it cannot deliver at once.
enum class Keeping {
  until_delivered,
  newest_only,  // a newer message makes the waiting ones untrue
  not_at_all,   // late is worse than never
};

// One way. Not thread-safe. Secrets are fetched when something is delivered, and forgotten then.
class Channel {
 public:
  virtual ~Channel() = default;
  virtual const std::string& name() const = 0;  // "email", "slack", "webhook", "ping"
  virtual bool hears(const Message& message) const = 0;
  virtual Keeping keeping(const Message& message) const = 0;
  // What deliver() sends, as bytes that can be kept; no secret is in them. Throws Error for a
  // policy that cannot be carried out (a body with an unknown name).
  virtual std::string compose(const Message& message) const = 0;
  // `id` tells deliveries of the same notice apart from others. Throws Cancelled only.
  virtual Delivery deliver(const std::string& content,
                           const std::string& id,
                           const StopToken& stop) = 0;
};

// What channels need of the process.
struct ChannelContext {
  const Clock& clock;
  std::string host;
  std::function<Secret(const policy::SecretReference& reference, const StopToken& stop)> secret;
  // Whether http:// is good enough (encryption.in_transit: any).
  policy::TransportCipher in_transit = policy::TransportCipher::aes_256;
};

// Those that the policy names, in the order email, slack, webhook, ping. `notify` outlives them.
std::vector<std::unique_ptr<Channel>> make_channels(const policy::Notify& notify,
                                                    const ChannelContext& context);

std::unique_ptr<Channel> make_mail_channel(const policy::EmailNotice& email,
                                           const policy::SubjectRules& subjects,
                                           const ChannelContext& context);
std::unique_ptr<Channel> make_slack_channel(const policy::Notify& notify,
                                            const ChannelContext& context);
std::unique_ptr<Channel> make_webhook_channel(const policy::Notify& notify,
                                              const ChannelContext& context);
std::unique_ptr<Channel> make_ping_channel(const policy::Notify& notify,
                                           const ChannelContext& context);

}  // namespace hikae::notify
