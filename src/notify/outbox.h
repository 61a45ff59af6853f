// SPDX-License-Identifier: Apache-2.0
// Messages on their way: each is kept in the journal until its channel took it.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/log.h"
#include "notify/channel.h"

namespace hikae::notify {

// The pause after so many failed tries: 1, 5, 15 minutes, then an hour.
std::chrono::seconds pause_after(int tries);

struct OutboxRules {
  std::string policy;
  std::string host;
  std::string timezone;
  Language language = Language::en;
  SubjectWords subjects;
  std::size_t most_per_hour = 20;  // of one channel; what is more is joined
};

// Who hears a message beside what `on:` says.
struct Audience {
  std::string only;    // this channel, whatever it listens to
  std::string except;  // not this one; all others, whatever they listen to
};

// What became of a message for one channel, told at once ("notify test").
struct ChannelAnswer {
  std::string channel;
  Delivery delivery;
};

// Not thread-safe; several processes may have one each. A channel that fails, or a journal that
// cannot be written, makes a line in the log and never an error. Everything throws Cancelled only.
class Outbox {
 public:
  // The references outlive it.
  Outbox(OutboxRules rules,
         std::vector<std::unique_ptr<Channel>> channels,
         NoticeQueue& queue,
         const Clock& clock,
         Log& log);

  // Puts the message in the box, once for each channel that hears it and was not told the same
  // before. Secrets are taken out of its sentences. Nothing is sent yet.
  void add(const Message& message, const Audience& audience = {});

  // Sends what is due. One that fails waits longer each time, a week at most. When a channel
  // refuses for good, refuses one of several receivers, or fails for the third time, the others are
  // told. Costs one look into the journal when nothing waits.
  void send_due(const StopToken& stop);

  // Past the box: composes, delivers, and gives the answers. `only`: this channel; empty: all.
  std::vector<ChannelAnswer> try_now(const Message& message,
                                     const std::string& only,
                                     const StopToken& stop);

  std::vector<std::string> channel_names() const;

 private:
  void add_for(Channel& channel, const Message& message);
  std::vector<Notice> load_due();
  void send_for(Channel& channel, const std::vector<Notice>& due, const StopToken& stop);
  void join(Channel& channel, const std::vector<Notice>& notices);
  enum class Sent { yes, no, not_ours };
  Sent send(Channel& channel, const Notice& notice, const StopToken& stop);
  void settle(const Notice& notice, NoticeState state, const std::string& answer);
  void keep_rest(const Notice& notice, const std::string& content);
  void note_failure(Channel& channel, const Notice& notice, const Delivery& delivery);
  void report(const std::string& channel, Verdict verdict, std::vector<Problem> problems);
  void warn(std::string_view key, const std::string& channel, const std::string& reason);

  OutboxRules rules_;
  std::vector<std::unique_ptr<Channel>> channels_;
  NoticeQueue& queue_;
  const Clock& clock_;
  Log& log_;
  std::vector<Notice> unkept_;  // the journal did not take them: one try
  bool is_reporting_ = false;   // what cannot be reported is not reported either
};

}  // namespace hikae::notify
