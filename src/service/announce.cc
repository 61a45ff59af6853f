// SPDX-License-Identifier: Apache-2.0
#include "service/announce.h"

#include "service/secrets.h"

namespace hikae {

std::string second_channel(const policy::Notify& notify) {
  if (notify.second) {
    switch (*notify.second) {
      case policy::NoticeChannel::email:
        return "email";
      case policy::NoticeChannel::slack:
        return "slack";
      case policy::NoticeChannel::webhook:
        return "webhook";
    }
  }
  if (notify.webhook) return "webhook";
  if (notify.slack) return "slack";
  return notify.email ? "email" : "";
}

std::unique_ptr<notify::Outbox> make_outbox(const policy::Policy& policy,
                                            const Environment& environment,
                                            Journal& journal) {
  notify::OutboxRules rules;
  rules.policy = policy.name;
  rules.host = environment.identity.hostname;
  rules.timezone = policy.timezone;
  rules.language = policy.language;
  rules.subjects = {policy.notify.subjects.completed, policy.notify.subjects.failed};
  rules.most_per_hour = static_cast<std::size_t>(policy.notify.most_per_hour);
  const notify::ChannelContext context{
      environment.clock,
      environment.identity.hostname,
      [&environment](const policy::SecretReference& reference, const StopToken& stop) {
        return resolve_secret(reference, environment, stop);
      },
      policy.encryption.in_transit};
  return std::make_unique<notify::Outbox>(std::move(rules),
                                          notify::make_channels(policy.notify, context),
                                          journal.notices(),
                                          environment.clock,
                                          environment.log);
}

std::vector<notify::ChannelAnswer> send_test_message(const policy::Policy& policy,
                                                     const Environment& environment,
                                                     Journal& journal,
                                                     const std::string& only,
                                                     const StopToken& stop) {
  const auto outbox = make_outbox(policy, environment, journal);
  std::string names;
  bool known = only.empty();
  for (const std::string& name : outbox->channel_names()) {
    names += (names.empty() ? "" : ", ") + name;
    known = known || name == only;
  }
  if (names.empty()) {
    throw Error(ErrorCode::invalid_argument, text("service_announce.no_channel"))
        .with_hint(text("service_announce.no_channel_hint"));
  }
  if (!known) {
    throw Error(ErrorCode::invalid_argument,
                text("service_announce.unknown_channel", {{"name", only}}))
        .with_hint(text("service_announce.unknown_channel_hint", {{"names", names}}));
  }
  notify::Message message = begin_message(
      notify::Occasion::test, policy, environment.identity.hostname, environment.clock.now());
  message.slot.job = "backup";
  return outbox->try_now(message, only, stop);
}

Announcer::Announcer(const policy::Policy& policy,
                     const Environment& environment,
                     Journal& journal,
                     StopToken stop)
    : policy_(policy),
      host_(environment.identity.hostname),
      outbox_(make_outbox(policy, environment, journal)),
      stop_(std::move(stop)) {}

void Announcer::slot_begins(const SlotId& slot, Instant now) {
  notify::Message message = begin_message(notify::Occasion::started, policy_, host_, now);
  message.slot = slot;
  outbox_->add(message);
  outbox_->send_due(stop_);
}

void Announcer::deliver(const SlotEvent& event) {
  notify::Audience audience;
  if (event.kind == EventKind::unacknowledged) {
    audience.only = second_channel(policy_.notify);
    if (audience.only.empty()) return;
  }
  outbox_->add(to_message(event, policy_, host_), audience);
}

void tell_overdue(const Overdue& overdue,
                  const policy::Policy& policy,
                  const Environment& environment,
                  Journal& journal,
                  const StopToken& stop) {
  notify::Message message = begin_message(
      notify::Occasion::overdue, policy, environment.identity.hostname, environment.clock.now());
  message.verdict = Verdict::failed;
  message.slot = {overdue.job, "watch", overdue.due};
  message.since = overdue.newest;
  message.problems = overdue.problems;
  const auto outbox = make_outbox(policy, environment, journal);
  outbox->add(message);
  outbox->send_due(stop);
}

void Announcer::tick(Instant) {
  outbox_->send_due(stop_);
}

}  // namespace hikae
