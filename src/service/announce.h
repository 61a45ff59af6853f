// SPDX-License-Identifier: Apache-2.0
// From what happened to what people are told of it.
#pragma once

#include <memory>
#include <string>

#include "notify/outbox.h"
#include "policy/policy.h"
#include "service/environment.h"
#include "service/event.h"

namespace hikae {

// Everything that a person should read of an event, in the policy's language. Pure.
notify::Message to_message(const SlotEvent& event,
                           const policy::Policy& policy,
                           const std::string& host);

// The head of a message of that policy, in its language; the rest is empty. Pure.
notify::Message begin_message(notify::Occasion occasion,
                              const policy::Policy& policy,
                              const std::string& host,
                              Instant now);

// The event that a run by hand is.
SlotEvent manual_event(const SlotId& slot, std::shared_ptr<const RunReport> report);

// The channel that hears of a failure which nobody acknowledged; empty: none is given.
std::string second_channel(const policy::Notify& notify);

// The box with the channels that the policy names. All arguments outlive it.
std::unique_ptr<notify::Outbox> make_outbox(const policy::Policy& policy,
                                            const Environment& environment,
                                            Journal& journal);

// One test message to each channel (or `only` to this one), past the box: what each of them
// answered. Throws Error{invalid_argument} where there is no channel, or none of that name.
std::vector<notify::ChannelAnswer> send_test_message(const policy::Policy& policy,
                                                     const Environment& environment,
                                                     Journal& journal,
                                                     const std::string& only,
                                                     const StopToken& stop);

// What a dead man's alarm found: no good generation, check or drill in time.
struct Overdue {
  std::string job = "backup";
  Instant due;                            // the moment that was not kept: it is told once for each
  std::optional<Instant> newest;          // the last good one; nothing: there was none
  std::vector<notify::Problem> problems;  // one for each source and destination
};
// Tells it by the policy's channels. Whoever watches may be another machine than the one that makes
// the backups. Throws Cancelled only.
void tell_overdue(const Overdue& overdue,
                  const policy::Policy& policy,
                  const Environment& environment,
                  Journal& journal,
                  const StopToken& stop);

// Tells people, by the policy's channels. All arguments outlive it.
class Announcer final : public EventSink {
 public:
  Announcer(const policy::Policy& policy,
            const Environment& environment,
            Journal& journal,
            StopToken stop);

  void slot_begins(const SlotId& slot, Instant now) override;
  void deliver(const SlotEvent& event) override;
  void tick(Instant now) override;

 private:
  const policy::Policy& policy_;
  const std::string host_;
  std::unique_ptr<notify::Outbox> outbox_;
  StopToken stop_;
};

}  // namespace hikae
