// SPDX-License-Identifier: Apache-2.0
// The outbox: what people are to be told, until it is delivered.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"

namespace hikae {

enum class NoticeState {
  waiting,
  delivered,
  joined,    // told as a part of another one
  given_up,  // too old to be news
};

// A stable word for programs and for the journal: "waiting", "given_up", …
std::string_view word_of(NoticeState state);

// One message for one channel. `content` is what the channel itself made of it; secrets are never
// in it. It is emptied once the notice is settled.
struct Notice {
  std::int64_t id = 0;
  std::string policy;
  std::string channel;
  std::string key;      // a channel is told each key once; empty: whatever comes
  std::string subject;  // for lists
  std::string content;
  Instant created;
  Instant next_try;
  int tries = 0;
  NoticeState state = NoticeState::waiting;
  std::optional<Instant> settled;
  std::string answer;  // of the other side, or why the last try failed
  bool operator==(const Notice&) const = default;
};

// Part of the journal: thread-safe, durable on return, throws as it does.
class NoticeQueue {
 public:
  virtual ~NoticeQueue() = default;

  // The new id; nothing when this channel was given the same key before.
  virtual std::optional<std::int64_t> add(const Notice& notice) = 0;
  // Waiting notices of a channel that newer ones make untrue (pings).
  virtual void drop_waiting(const std::string& policy, const std::string& channel) = 0;
  // Waiting, and to be tried by then; oldest first.
  virtual std::vector<Notice> due(const std::string& policy, Instant now) = 0;
  virtual std::vector<Notice> waiting(const std::string& policy) = 0;
  // Newest first, settled ones too.
  virtual std::vector<Notice> notices(const std::string& policy, std::size_t limit) = 0;
  // Takes a due notice for delivery, until then: of two processes one gets it. False when another
  // one has, or it is settled.
  enum class Claim { taken, refused };
  virtual Claim claim(std::int64_t id, Instant now, Instant until) = 0;
  virtual void settle(std::int64_t id,
                      NoticeState state,
                      Instant now,
                      const std::string& answer) = 0;
  // A failed try.
  virtual void postpone(std::int64_t id, Instant next_try, const std::string& reason) = 0;
  // All that wait are due now; somebody put their channel right.
  virtual void hurry(const std::string& policy, Instant now) = 0;
  // How many notices this channel delivered since then.
  virtual std::size_t delivered_since(const std::string& policy,
                                      const std::string& channel,
                                      Instant since) = 0;
  // Forgets settled notices that are older.
  virtual void forget_settled(const std::string& policy, Instant before) = 0;
};

}  // namespace hikae
