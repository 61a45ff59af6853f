// SPDX-License-Identifier: Apache-2.0
#include "journal/slot_ledger.h"

#include <array>
#include <iterator>
#include <sstream>
#include <string_view>

#include "journal/store.h"

namespace hikae {
namespace {

constexpr std::array<std::pair<SlotState, std::string_view>, 6> kStates = {
    {{SlotState::due, "due"},
     {SlotState::running, "running"},
     {SlotState::done, "done"},
     {SlotState::failed, "failed"},
     {SlotState::missed, "missed"},
     {SlotState::coalesced, "coalesced"}}};

}  // namespace

std::string_view word_of(SlotState state) {
  for (const auto& [known, word] : kStates) {
    if (known == state) return word;
  }
  return "due";
}

namespace journal {
namespace {

SlotState state_of(const std::string& word) {
  for (const auto& [state, known] : kStates) {
    if (known == word) return state;
  }
  return SlotState::failed;
}

// Names of sources hold no space.
std::string join(const std::vector<std::string>& names) {
  std::string joined;
  for (const std::string& name : names) joined += (joined.empty() ? "" : " ") + name;
  return joined;
}

std::vector<std::string> split(const std::string& joined) {
  std::istringstream words(joined);
  return {std::istream_iterator<std::string>(words), std::istream_iterator<std::string>()};
}

constexpr const char* kColumns =
    "SELECT job, slot_group, scheduled, state, attempts, first_try, next_try, settled, verdict, "
    "acknowledged, reminded, repeat, next_step FROM slot ";

std::optional<Instant> time_in(SQLite::Statement& row, int column) {
  if (row.getColumn(column).isNull()) return std::nullopt;
  return to_instant(row.getColumn(column).getInt64());
}

SlotRecord read_slot(SQLite::Statement& row) {
  SlotRecord slot;
  slot.id.job = row.getColumn(0).getString();
  slot.id.group = row.getColumn(1).getString();
  slot.id.scheduled = to_instant(row.getColumn(2).getInt64());
  slot.state = state_of(row.getColumn(3).getString());
  slot.attempts = row.getColumn(4).getInt();
  slot.first_try = time_in(row, 5);
  slot.next_try = time_in(row, 6);
  slot.settled = time_in(row, 7);
  if (!row.getColumn(8).isNull()) slot.verdict = to_verdict(row.getColumn(8).getString());
  slot.acknowledged = time_in(row, 9);
  slot.reminded = time_in(row, 10);
  slot.repeat = split(row.getColumn(11).getString());
  slot.next_step = row.getColumn(12).getString();
  return slot;
}

Instant read_time(SQLite::Statement& row) {
  return to_instant(row.getColumn(0).getInt64());
}

void bind_time(SQLite::Statement& statement, int position, std::optional<Instant> time) {
  if (time) statement.bind(position, to_number(*time));
}

std::optional<SlotRecord> first_of(std::vector<SlotRecord> found) {
  if (found.empty()) return std::nullopt;
  return std::move(found.front());
}

class SqliteSlotLedger final : public SlotLedger {
 public:
  explicit SqliteSlotLedger(Store& store) : store_(store) {}

  std::optional<Instant> since(const std::string& policy,
                               const std::string& job,
                               const std::string& group) override {
    const auto found = store_.select<Instant>(
        "SELECT since FROM schedule_group WHERE policy = ? AND job = ? AND slot_group = ?",
        read_time,
        policy,
        job,
        group);
    if (found.empty()) return std::nullopt;
    return found.front();
  }

  bool knows(const std::string& policy) override {
    return !store_
                .select<Instant>(
                    "SELECT since FROM schedule_group WHERE policy = ? LIMIT 1", read_time, policy)
                .empty();
  }

  void begin_group(const std::string& policy,
                   const std::string& job,
                   const std::string& group,
                   Instant since) override {
    store_.guarded([&] {
      store_.execute(
          "INSERT OR IGNORE INTO schedule_group (policy, job, slot_group, since) "
          "VALUES (?, ?, ?, ?)",
          policy,
          job,
          group,
          to_number(since));
    });
  }

  void save(const std::string& policy, const std::vector<SlotRecord>& slots) override {
    if (slots.empty()) return;
    store_.guarded([&] {
      SQLite::Transaction transaction(store_.database(), SQLite::TransactionBehavior::IMMEDIATE);
      for (const SlotRecord& slot : slots) replace(policy, slot);
      transaction.commit();
    });
  }

  void drop_future(const std::string& policy, Instant after) override {
    store_.guarded([&] {
      store_.execute(
          "DELETE FROM slot WHERE policy = ? AND scheduled > ? AND scheduled < (SELECT "
          "max(scheduled) FROM slot AS other WHERE other.policy = slot.policy AND other.job = "
          "slot.job AND other.slot_group = slot.slot_group)",
          policy,
          to_number(after));
    });
  }

  std::optional<SlotRecord> newest(const std::string& policy,
                                   const std::string& job,
                                   const std::string& group,
                                   Instant until) override {
    return first_of(store_.select<SlotRecord>(
        std::string(kColumns) +
            "WHERE policy = ? AND job = ? AND slot_group = ? AND scheduled <= ? "
            "ORDER BY scheduled DESC LIMIT 1",
        read_slot,
        policy,
        job,
        group,
        to_number(until)));
  }

  std::optional<SlotRecord> find(const std::string& policy, const SlotId& slot) override {
    return first_of(store_.select<SlotRecord>(
        std::string(kColumns) + "WHERE policy = ? AND job = ? AND slot_group = ? AND scheduled = ?",
        read_slot,
        policy,
        slot.job,
        slot.group,
        to_number(slot.scheduled)));
  }

  std::vector<SlotRecord> open_slots(const std::string& policy) override {
    return store_.select<SlotRecord>(
        std::string(kColumns) +
            "WHERE policy = ? AND state IN ('due', 'running') ORDER BY scheduled, job, slot_group",
        read_slot,
        policy);
  }

  std::vector<SlotRecord> unacknowledged(const std::string& policy) override {
    return store_.select<SlotRecord>(
        std::string(kColumns) +
            "WHERE policy = ? AND state IN ('failed', 'missed') AND acknowledged IS NULL "
            "ORDER BY scheduled, job, slot_group",
        read_slot,
        policy);
  }

  std::vector<SlotRecord> slots(const std::string& policy, std::size_t limit) override {
    return store_.select<SlotRecord>(
        std::string(kColumns) + "WHERE policy = ? ORDER BY scheduled DESC, job, slot_group LIMIT ?",
        read_slot,
        policy,
        to_column(limit));
  }

 private:
  // REQUIRES: within guarded().
  void replace(const std::string& policy, const SlotRecord& slot) {
    SQLite::Statement insert(
        store_.database(),
        "INSERT OR REPLACE INTO slot (policy, job, slot_group, scheduled, state, attempts, "
        "first_try, next_try, settled, verdict, acknowledged, reminded, repeat, next_step) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
    Store::bind_values(insert,
                       1,
                       policy,
                       slot.id.job,
                       slot.id.group,
                       to_number(slot.id.scheduled),
                       std::string(word_of(slot.state)),
                       slot.attempts);
    bind_time(insert, 7, slot.first_try);
    bind_time(insert, 8, slot.next_try);
    bind_time(insert, 9, slot.settled);
    if (slot.verdict) insert.bind(10, std::string(to_string(*slot.verdict)));
    bind_time(insert, 11, slot.acknowledged);
    bind_time(insert, 12, slot.reminded);
    insert.bind(13, join(slot.repeat));
    insert.bind(14, slot.next_step);
    insert.exec();
  }

  Store& store_;
};

}  // namespace

Verdict to_verdict(const std::string& word) {
  for (const Verdict verdict : {Verdict::ok, Verdict::warning, Verdict::partial}) {
    if (to_string(verdict) == word) return verdict;
  }
  return Verdict::failed;
}

std::unique_ptr<SlotLedger> make_slot_ledger(Store& store) {
  return std::make_unique<SqliteSlotLedger>(store);
}

}  // namespace journal
}  // namespace hikae
