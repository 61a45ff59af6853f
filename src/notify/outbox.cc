// SPDX-License-Identifier: Apache-2.0
#include "notify/outbox.h"

#include <algorithm>
#include <array>
#include <map>

#include "notify/render.h"

namespace hikae::notify {
namespace {

using std::chrono::hours;
using std::chrono::minutes;

// A process that died while it sent: the next one takes over after that.
constexpr minutes kClaim{5};
constexpr hours kOldest{7 * 24};
constexpr hours kRemembered{90 * 24};
// The tries after which a channel's silence is told by the others, where each might still help.
constexpr int kTriesUntilReport = 3;
// A storm's digest, and the report of a channel's failure, are sent in the same go.
constexpr int kRounds = 3;

std::string id_of(const Notice& notice) {
  return notice.policy + "-" + std::to_string(notice.id);
}

}  // namespace

std::chrono::seconds pause_after(int tries) {
  constexpr std::array<minutes, 4> kPauses = {minutes(1), minutes(5), minutes(15), minutes(60)};
  const auto step = static_cast<std::size_t>(std::max(tries, 1)) - 1;
  return kPauses.at(std::min(step, kPauses.size() - 1));
}

Outbox::Outbox(OutboxRules rules,
               std::vector<std::unique_ptr<Channel>> channels,
               NoticeQueue& queue,
               const Clock& clock,
               Log& log)
    : rules_(std::move(rules)),
      channels_(std::move(channels)),
      queue_(queue),
      clock_(clock),
      log_(log) {}

void Outbox::warn(std::string_view key, const std::string& channel, const std::string& reason) {
  log_.warning(text(key, {{"channel", channel}, {"reason", reason}}));
}

void Outbox::add(const Message& message, const Audience& audience) {
  const Message clean = redacted(message);
  for (const auto& channel : channels_) {
    bool heard = channel->hears(clean);
    if (!audience.only.empty()) heard = channel->name() == audience.only;
    // A ping says that backups run, and nothing else.
    if (!audience.except.empty())
      heard = channel->name() != audience.except && channel->name() != "ping";
    if (heard) add_for(*channel, clean);
  }
}

void Outbox::add_for(Channel& channel, const Message& message) {
  Notice notice;
  notice.policy = rules_.policy;
  notice.channel = channel.name();
  notice.key = key_of(message);
  notice.subject = subject_of(message, rules_.subjects);
  notice.created = message.time;
  notice.next_try = clock_.now();
  try {
    notice.content = channel.compose(message);
  } catch (const Error& error) {
    warn("notify.not_composed", channel.name(), render(error, rules_.language));
    report(channel.name(),
           Verdict::failed,
           {{render(error, rules_.language),
             error.hint() ? render(*error.hint(), rules_.language) : std::string()}});
    return;
  }
  if (channel.keeping(message) == Keeping::not_at_all) {
    unkept_.push_back(std::move(notice));
    return;
  }
  try {
    if (channel.keeping(message) == Keeping::newest_only)
      queue_.drop_waiting(rules_.policy, channel.name());
    queue_.add(notice);
  } catch (const Error& error) {
    warn("notify.not_kept", channel.name(), render(error, rules_.language));
    unkept_.push_back(std::move(notice));
  }
}

std::vector<Notice> Outbox::load_due() {
  try {
    return queue_.due(rules_.policy, clock_.now());
  } catch (const Error& error) {
    warn("notify.not_read", "", render(error, rules_.language));
    return {};
  }
}

void Outbox::send_due(const StopToken& stop) {
  std::vector<Notice> unkept = std::exchange(unkept_, {});
  for (int round = 0; round < kRounds; ++round) {
    std::map<std::string, std::vector<Notice>> by_channel;
    for (Notice& notice : load_due()) by_channel[notice.channel].push_back(std::move(notice));
    if (round > 0 && by_channel.empty()) break;
    for (const auto& channel : channels_) {
      const std::vector<Notice> due = std::move(by_channel[channel->name()]);
      by_channel.erase(channel->name());
      // What the journal did not take has no number.
      for (const Notice& notice : unkept) {
        if (round == 0 && notice.channel == channel->name()) send(*channel, notice, stop);
      }
      if (!due.empty()) send_for(*channel, due, stop);
    }
    // The policy has no such channel any more.
    for (const auto& [name, due] : by_channel) {
      for (const Notice& notice : due)
        settle(notice, NoticeState::given_up, render(text("notify.no_channel"), rules_.language));
    }
  }
}

void Outbox::send_for(Channel& channel, const std::vector<Notice>& due, const StopToken& stop) {
  if (channel.name() != "ping") {
    std::size_t delivered = 0;
    try {
      delivered = queue_.delivered_since(rules_.policy, channel.name(), clock_.now() - hours(1));
    } catch (const Error& error) {
      warn("notify.not_read", channel.name(), render(error, rules_.language));
    }
    // They wait until the hour has room for one that stands for all of them.
    if (delivered >= rules_.most_per_hour) return;
    if (due.size() > rules_.most_per_hour - delivered) {
      join(channel, due);
      return;
    }
  }
  for (const Notice& notice : due) {
    // The others would fail the same way, each after its own wait.
    if (send(channel, notice, stop) == Sent::no) return;
  }
}

// The digest is kept before what it stands for is settled: a crash between tells twice, not never.
void Outbox::join(Channel& channel, const std::vector<Notice>& notices) {
  Message digest;
  digest.occasion = Occasion::digest;
  digest.slot.job = "backup";
  digest.language = rules_.language;
  digest.timezone = rules_.timezone;
  digest.policy = rules_.policy;
  digest.host = rules_.host;
  digest.time = clock_.now();
  for (const Notice& notice : notices) {
    if (notice.subject.starts_with(rules_.subjects.failed)) digest.verdict = Verdict::failed;
    digest.subjects.push_back(notice.subject);
  }
  add_for(channel, digest);
  for (const Notice& notice : notices)
    settle(notice, NoticeState::joined, render(text("notify.joined"), rules_.language));
}

void Outbox::settle(const Notice& notice, NoticeState state, const std::string& answer) {
  try {
    queue_.settle(notice.id, state, clock_.now(), answer);
    if (state == NoticeState::delivered)
      queue_.forget_settled(rules_.policy, clock_.now() - kRemembered);
  } catch (const Error& error) {
    warn("notify.not_kept", notice.channel, render(error, rules_.language));
  }
}

Outbox::Sent Outbox::send(Channel& channel, const Notice& notice, const StopToken& stop) {
  const bool is_kept = notice.id != 0;
  if (is_kept) {
    try {
      const Instant now = clock_.now();
      if (queue_.claim(notice.id, now, now + kClaim) == NoticeQueue::Claim::refused)
        return Sent::not_ours;
    } catch (const Error& error) {
      // A journal that is full or locked must not silence a failure: rather twice than never.
      warn("notify.not_kept", channel.name(), render(error, rules_.language));
    }
  }
  const Delivery delivery = channel.deliver(notice.content, id_of(notice), stop);
  if (delivery.failure) {
    note_failure(channel, notice, delivery);
    return Sent::no;
  }
  // Kept before the others' is settled: a crash between tells twice, not never.
  if (!delivery.rest.empty()) keep_rest(notice, delivery.rest);
  if (is_kept) settle(notice, NoticeState::delivered, delivery.answer);
  if (!delivery.refused.empty()) {
    std::vector<Problem> problems;
    for (const std::string& one : delivery.refused) {
      warn("notify.refused_receiver", channel.name(), one);
      problems.push_back({one, render(text("notify.refused_receiver_hint"), rules_.language)});
    }
    report(channel.name(), Verdict::partial, std::move(problems));
  }
  return Sent::yes;
}

void Outbox::keep_rest(const Notice& notice, const std::string& content) {
  Notice rest = notice;
  rest.key.clear();
  rest.content = content;
  rest.next_try = clock_.now() + pause_after(1);
  try {
    queue_.add(rest);
  } catch (const Error& error) {
    warn("notify.not_kept", notice.channel, render(error, rules_.language));
  }
}

void Outbox::note_failure(Channel& channel, const Notice& notice, const Delivery& delivery) {
  const Error& failure = *delivery.failure;
  const std::string reason = redacted(render(failure, rules_.language));
  warn("notify.not_delivered", channel.name(), reason);
  if (notice.id != 0) {
    const Instant now = clock_.now();
    if (now - notice.created > kOldest) {
      settle(notice, NoticeState::given_up, reason);
    } else {
      std::chrono::seconds pause = pause_after(notice.tries + 1);
      if (failure.retry() == Retry::no) pause = std::max<std::chrono::seconds>(pause, hours(1));
      if (delivery.retry_after) pause = std::max(pause, *delivery.retry_after);
      try {
        queue_.postpone(notice.id, now + pause, reason);
      } catch (const Error& error) {
        warn("notify.not_kept", channel.name(), render(error, rules_.language));
      }
    }
  }
  const bool is_kept = notice.id != 0;
  const bool is_final = failure.retry() == Retry::no;
  if (is_final || (is_kept && notice.tries + 1 >= kTriesUntilReport)) {
    report(channel.name(),
           Verdict::failed,
           {{reason, failure.hint() ? render(*failure.hint(), rules_.language) : std::string()}});
  }
}

void Outbox::report(const std::string& channel, Verdict verdict, std::vector<Problem> problems) {
  Message message;
  message.occasion = Occasion::undeliverable;
  message.verdict = verdict;
  message.slot.job = "notify";
  message.language = rules_.language;
  message.timezone = rules_.timezone;
  message.policy = rules_.policy;
  message.host = rules_.host;
  message.time = clock_.now();
  message.channel = channel;
  message.problems = std::move(problems);
  if (std::exchange(is_reporting_, true)) return;
  add(message, {"", channel});
  is_reporting_ = false;
}

std::vector<ChannelAnswer> Outbox::try_now(const Message& message,
                                           const std::string& only,
                                           const StopToken& stop) {
  std::vector<ChannelAnswer> answers;
  const Message clean = redacted(message);
  for (const auto& channel : channels_) {
    if (!only.empty() && channel->name() != only) continue;
    ChannelAnswer answer{channel->name(), {}};
    try {
      answer.delivery = channel->deliver(channel->compose(clean), "test", stop);
    } catch (const Error& error) {
      answer.delivery.failure = error;
    }
    answers.push_back(std::move(answer));
  }
  return answers;
}

std::vector<std::string> Outbox::channel_names() const {
  std::vector<std::string> names;
  for (const auto& channel : channels_) names.push_back(channel->name());
  return names;
}

}  // namespace hikae::notify
