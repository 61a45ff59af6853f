// SPDX-License-Identifier: Apache-2.0
#include "journal/notice_queue.h"

#include "journal/store.h"

namespace hikae {

std::string_view word_of(NoticeState state) {
  switch (state) {
    case NoticeState::waiting:
      return "waiting";
    case NoticeState::delivered:
      return "delivered";
    case NoticeState::joined:
      return "joined";
    case NoticeState::given_up:
      break;
  }
  return "given_up";
}

}  // namespace hikae

namespace hikae::journal {
namespace {

constexpr const char* kColumns =
    "SELECT number, policy, channel, key, subject, content, created, next_try, tries, state, "
    "settled, answer FROM notice ";

// What lies further ahead was written while the clock was wrong, and would hold a notice back until
// that time has come: nobody waits longer than a service may ask for, or delivers for an hour.
constexpr std::chrono::hours kLongestPause{25};
constexpr std::chrono::hours kLongestClaim{1};

NoticeState state_of(const std::string& word) {
  if (word == "waiting") return NoticeState::waiting;
  if (word == "joined") return NoticeState::joined;
  return word == "delivered" ? NoticeState::delivered : NoticeState::given_up;
}

Notice read_notice(SQLite::Statement& row) {
  Notice notice;
  notice.id = row.getColumn(0).getInt64();
  notice.policy = row.getColumn(1).getString();
  notice.channel = row.getColumn(2).getString();
  if (!row.getColumn(3).isNull()) notice.key = row.getColumn(3).getString();
  notice.subject = row.getColumn(4).getString();
  notice.content = row.getColumn(5).getString();
  notice.created = to_instant(row.getColumn(6).getInt64());
  notice.next_try = to_instant(row.getColumn(7).getInt64());
  notice.tries = row.getColumn(8).getInt();
  notice.state = state_of(row.getColumn(9).getString());
  if (!row.getColumn(10).isNull()) notice.settled = to_instant(row.getColumn(10).getInt64());
  notice.answer = row.getColumn(11).getString();
  return notice;
}

std::int64_t read_number(SQLite::Statement& row) {
  return row.getColumn(0).getInt64();
}

class SqliteNoticeQueue final : public NoticeQueue {
 public:
  explicit SqliteNoticeQueue(Store& store) : store_(store) {}

  std::optional<std::int64_t> add(const Notice& notice) override {
    return store_.guarded([&]() -> std::optional<std::int64_t> {
      // RETURNING is stepped to its end: only then is the change committed.
      SQLite::Statement insert(
          store_.database(),
          "INSERT OR IGNORE INTO notice (policy, channel, subject, content, created, next_try, "
          "tries, state, answer, key) VALUES (?, ?, ?, ?, ?, ?, 0, 'waiting', '', ?) "
          "RETURNING number");
      Store::bind_values(insert,
                         1,
                         notice.policy,
                         notice.channel,
                         notice.subject,
                         notice.content,
                         to_number(notice.created),
                         to_number(notice.next_try));
      if (!notice.key.empty()) insert.bind(7, notice.key);  // else NULL, which equals no other
      std::optional<std::int64_t> id;
      while (insert.executeStep()) id = insert.getColumn(0).getInt64();
      return id;
    });
  }

  void drop_waiting(const std::string& policy, const std::string& channel) override {
    store_.guarded([&] {
      store_.execute("DELETE FROM notice WHERE policy = ? AND channel = ? AND state = 'waiting'",
                     policy,
                     channel);
    });
  }

  std::vector<Notice> due(const std::string& policy, Instant now) override {
    return store_.select<Notice>(std::string(kColumns) +
                                     "WHERE policy = ? AND state = 'waiting' AND next_try NOT "
                                     "BETWEEN ? AND ? AND claimed_until NOT BETWEEN ? AND ? "
                                     "ORDER BY number",
                                 read_notice,
                                 policy,
                                 to_number(now) + 1,
                                 to_number(now + kLongestPause),
                                 to_number(now) + 1,
                                 to_number(now + kLongestClaim));
  }

  std::vector<Notice> waiting(const std::string& policy) override {
    return store_.select<Notice>(
        std::string(kColumns) + "WHERE policy = ? AND state = 'waiting' ORDER BY number",
        read_notice,
        policy);
  }

  std::vector<Notice> notices(const std::string& policy, std::size_t limit) override {
    return store_.select<Notice>(
        std::string(kColumns) + "WHERE policy = ? ORDER BY number DESC LIMIT ?",
        read_notice,
        policy,
        to_column(limit));
  }

  Claim claim(std::int64_t id, Instant now, Instant until) override {
    const int changed = store_.guarded([&] {
      return store_.execute(
          "UPDATE notice SET claimed_until = ? WHERE number = ? AND state = 'waiting' AND "
          "claimed_until NOT BETWEEN ? AND ?",
          to_number(until),
          id,
          to_number(now) + 1,
          to_number(now + kLongestClaim));
    });
    return changed == 1 ? Claim::taken : Claim::refused;
  }

  void settle(std::int64_t id, NoticeState state, Instant now, const std::string& answer) override {
    store_.guarded([&] {
      store_.execute(
          "UPDATE notice SET state = ?, settled = ?, answer = ?, content = '', tries = tries + ?, "
          "claimed_until = 0 WHERE number = ?",
          std::string(word_of(state)),
          to_number(now),
          answer,
          state == NoticeState::delivered ? 1 : 0,
          id);
    });
  }

  void postpone(std::int64_t id, Instant next_try, const std::string& reason) override {
    store_.guarded([&] {
      store_.execute(
          "UPDATE notice SET next_try = ?, answer = ?, tries = tries + 1, claimed_until = 0 "
          "WHERE number = ?",
          to_number(next_try),
          reason,
          id);
    });
  }

  void hurry(const std::string& policy, Instant now) override {
    store_.guarded([&] {
      store_.execute(
          "UPDATE notice SET next_try = ? WHERE policy = ? AND state = 'waiting' AND next_try > ?",
          to_number(now),
          policy,
          to_number(now));
    });
  }

  std::size_t delivered_since(const std::string& policy,
                              const std::string& channel,
                              Instant since) override {
    return static_cast<std::size_t>(
        store_
            .select<std::int64_t>("SELECT count(*) FROM notice WHERE policy = ? AND channel = ? "
                                  "AND state = 'delivered' AND settled > ? AND settled <= ?",
                                  read_number,
                                  policy,
                                  channel,
                                  to_number(since),
                                  to_number(since + kLongestPause))
            .front());
  }

  void forget_settled(const std::string& policy, Instant before) override {
    store_.guarded([&] {
      store_.execute("DELETE FROM notice WHERE policy = ? AND state <> 'waiting' AND settled < ?",
                     policy,
                     to_number(before));
    });
  }

 private:
  Store& store_;
};

}  // namespace

std::unique_ptr<NoticeQueue> make_notice_queue(Store& store) {
  return std::make_unique<SqliteNoticeQueue>(store);
}

}  // namespace hikae::journal
