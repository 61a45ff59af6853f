// SPDX-License-Identifier: Apache-2.0
// Overlapping retention against `restic forget --dry-run --json` of the installed restic: hundreds
// of generated histories in one repository, each under a hostname of its own, so that one call per
// set of rules compares all of them.
#include <array>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <simdjson.h>

#include "base/clock.h"
#include "base/id.h"
#include "crypto/cipher.h"
#include "crypto/hash.h"
#include "crypto/secret.h"
#include "format/files.h"
#include "format/pack.h"
#include "format/time.h"
#include "policy/retention.h"
#include "support/stock_restic.h"
#include "support/temp_dir.h"

namespace hikae::policy {
namespace {

using hikae::testing::StockRestic;

constexpr int kHistories = 300;
// The machine's zone: it decides where months end inside "within".
constexpr const char* kZone = "Europe/Berlin";

struct Outcome {
  std::vector<std::string> rules;  // empty: removed
  RetentionCounters counters;
  bool operator==(const Outcome&) const = default;
};
void PrintTo(const Outcome& outcome, std::ostream* out) {
  *out << ::testing::PrintToString(outcome.rules) << " left " << outcome.counters.last << ' '
       << outcome.counters.hourly << ' ' << outcome.counters.daily << ' ' << outcome.counters.weekly
       << ' ' << outcome.counters.monthly << ' ' << outcome.counters.yearly;
}

using Outcomes = std::map<std::string, Outcome>;  // by snapshot id
using History = std::vector<RetentionSnapshot>;

std::string host_name(std::size_t history) {
  return "host" + std::to_string(history);
}

MasterKey read_master_key(const StockRestic& restic) {
  for (const auto& file : std::filesystem::directory_iterator(restic.repository() / "keys")) {
    const format::KeyFile key =
        format::decode_key_file(hikae::testing::read_file(file.path().string()));
    const Cipher outer(derive_key(Secret(StockRestic::kPassword), key.salt, {key.n, key.r, key.p}));
    const format::MasterKeyFields fields = format::decode_master_key(as_text(outer.open(key.data)));
    MasterKey master;
    master.encrypt = fields.encrypt;
    master.mac_k = fields.mac_k;
    master.mac_r = fields.mac_r;
    return master;
  }
  throw std::runtime_error("the repository has no key");
}

class Generator {
 public:
  History history() {
    // Some run each few hours, some each few days; some have pauses.
    const std::int64_t pace = std::array<std::int64_t, 4>{1800, 14'400, 86'400, 500'000}[below(4)];
    const std::size_t count = 1 + below(40);
    const std::size_t zone_habit = below(4);
    // 2020 to 2025, so that years, leap days and changes of the clocks are met.
    std::int64_t when = 1'577'836'800 + static_cast<std::int64_t>(below(150'000'000));
    History history;
    for (std::size_t i = 0; i < count; ++i) {
      when += 1 + static_cast<std::int64_t>(below(static_cast<std::size_t>(2 * pace)));
      if (below(20) == 0) when += 40 * pace;
      history.push_back(snapshot(when, zone_habit));
    }
    // A clock that stood in the future for a moment.
    if (below(10) == 0) history.push_back(snapshot(3'000'000'000 + when % 1000, zone_habit));
    return history;
  }

 private:
  std::size_t below(std::size_t n) { return random_() % n; }

  RetentionSnapshot snapshot(std::int64_t when, std::size_t zone_habit) {
    RetentionSnapshot result;
    result.time = Instant(std::chrono::seconds(when) + std::chrono::nanoseconds(below(1'000'000)));
    switch (zone_habit) {
      case 0:
        break;
      case 1:
        result.utc_offset = std::chrono::hours(9);
        break;
      case 2:
        result.utc_offset = std::chrono::minutes(static_cast<int>(below(57)) * 30 - 720);
        break;
      default:
        result.utc_offset = zone_.offset_at(result.time);
    }
    for (const char* tag : {"a", "b", "c"}) {
      if (below(6) == 0) result.tags.emplace_back(tag);
    }
    return result;
  }

  std::mt19937_64 random_{20261123};
  TimeZone zone_ = TimeZone::named(kZone);
};

// Writes each snapshot as a snapshot file; a dry run looks at nothing else.
void store(const StockRestic& restic, std::vector<History>& histories) {
  const Cipher cipher(read_master_key(restic));
  const auto folder = restic.repository() / "snapshots";
  for (std::size_t h = 0; h < histories.size(); ++h) {
    for (RetentionSnapshot& snapshot : histories[h]) {
      format::Snapshot file;
      file.time = format::to_timestamp(snapshot.time,
                                       static_cast<std::int32_t>(snapshot.utc_offset.count()));
      file.tree = id_cast<BlobId>(sha256(as_bytes("tree")));
      file.paths = {"/data"};
      file.hostname = host_name(h);
      file.username = "root";
      file.tags = snapshot.tags;
      Bytes sealed;
      cipher.seal(format::encode_unpacked(format::encode(file)), sealed);
      snapshot.id = sha256(sealed).hex();
      std::ofstream(folder / snapshot.id, std::ios::binary) << as_text(sealed);
    }
  }
}

RetentionCounters read_counters(simdjson::dom::element reason) {
  const auto field = [&](const char* name) {
    std::int64_t value = 0;
    // Zero is left out.
    if (reason["counters"][name].get(value) != simdjson::SUCCESS) value = 0;
    return static_cast<int>(value);
  };
  return {field("last"),
          field("hourly"),
          field("daily"),
          field("weekly"),
          field("monthly"),
          field("yearly")};
}

Outcomes ask_restic(const StockRestic& restic, const std::string& options) {
  const std::string json =
      restic.run("forget --dry-run --no-lock --json --group-by host " + options);
  simdjson::dom::parser parser;
  Outcomes outcomes;
  for (const simdjson::dom::element group : parser.parse(json).get_array()) {
    std::vector<std::string> kept;
    // An empty list is null.
    simdjson::dom::array list;
    if (group["keep"].get(list) == simdjson::SUCCESS) {
      for (const auto snapshot : list) kept.emplace_back(std::string_view(snapshot["id"]));
    }
    if (group["remove"].get(list) == simdjson::SUCCESS) {
      for (const auto snapshot : list) outcomes[std::string(std::string_view(snapshot["id"]))] = {};
    }
    if (group["reasons"].get(list) != simdjson::SUCCESS) continue;
    std::size_t place = 0;
    for (const auto reason : list) {
      Outcome& outcome = outcomes[kept.at(place++)];
      for (const auto match : reason["matches"].get_array()) {
        outcome.rules.emplace_back(std::string_view(match));
      }
      outcome.counters = read_counters(reason);
    }
  }
  return outcomes;
}

Outcomes ask_ourselves(const std::vector<History>& histories, const RetentionRules& rules) {
  Outcomes outcomes;
  const TimeZone zone = TimeZone::named(kZone);
  const Instant now = SystemClock().now();
  for (const History& history : histories) {
    const RetentionPlan plan = plan_retention(history, rules, zone, now, LocalTimes::as_written);
    for (const SnapshotDecision& decision : plan.decisions) {
      Outcome& outcome = outcomes[decision.id];
      if (decision.decision == Decision::remove) continue;
      for (const RetentionReason& reason : decision.reasons) outcome.rules.push_back(reason.rule);
      outcome.counters = decision.counters;
    }
  }
  return outcomes;
}

struct Case {
  std::string options;
  RetentionRules rules;
};

RetentionRules counts(int last, int hourly, int daily, int weekly, int monthly, int yearly) {
  RetentionRules rules;
  rules.last = last;
  rules.hourly = hourly;
  rules.daily = daily;
  rules.weekly = weekly;
  rules.monthly = monthly;
  rules.yearly = yearly;
  return rules;
}

RetentionRules spans(const char* all, const char* hour, const char* day, const char* month) {
  RetentionRules rules;
  rules.within = parse_calendar_span(all);
  rules.within_hourly = parse_calendar_span(hour);
  rules.within_daily = parse_calendar_span(day);
  rules.within_monthly = parse_calendar_span(month);
  return rules;
}

std::vector<Case> cases() {
  std::vector<Case> all = {
      {"--keep-last 3", counts(3, 0, 0, 0, 0, 0)},
      {"--keep-daily 3 --keep-weekly 4", counts(0, 0, 3, 4, 0, 0)},
      {"--keep-last 1 --keep-hourly 5 --keep-daily 4 --keep-weekly 3 --keep-monthly 2 "
       "--keep-yearly 10",
       counts(1, 5, 4, 3, 2, 10)},
      {"--keep-yearly 1", counts(0, 0, 0, 0, 0, 1)},
      {"--keep-within 2d3h", spans("2d3h", "", "", "")},
      {"--keep-within 1m --keep-within-hourly 10d --keep-within-daily 2m "
       "--keep-within-monthly 2y3m1d1h",
       spans("1m", "10d", "2m", "2y3m1d1h")},
  };
  RetentionRules more = counts(0, 2, 0, 1, 0, 0);
  more.within_weekly = parse_calendar_span("5m");
  more.within_yearly = parse_calendar_span("3y");
  more.hold = {"a,b", "c"};
  all.push_back(
      {"--keep-hourly 2 --keep-weekly 1 --keep-within-weekly 5m --keep-within-yearly 3y "
       "--keep-tag a,b --keep-tag c",
       more});
  RetentionRules untagged = counts(0, 0, 1, 0, 0, 0);
  untagged.hold = {""};
  all.push_back({"--keep-daily 1 --keep-tag ''", untagged});
  RetentionRules nothing;
  nothing.hold = {"nobody has it"};
  all.push_back({"--keep-tag 'nobody has it'", nothing});
  for (Case& test : all) {
    test.rules.overlap = Overlap::overlapping;
    test.rules.restic_form = ResticForm::v0_14;
    test.rules.minimum = 0;
  }
  return all;
}

TEST(RetentionAgainstRestic, DecidesAlikeOverHundredsOfHistories) {
  ASSERT_TRUE(StockRestic::installed()) << "install the package restic";
  // NOLINTNEXTLINE(concurrency-mt-unsafe): no other thread runs yet
  setenv("TZ", kZone, 1);
  const StockRestic restic;
  std::vector<History> histories;
  Generator generator;
  for (int i = 0; i < kHistories; ++i) histories.push_back(generator.history());
  store(restic, histories);

  for (const Case& test : cases()) {
    SCOPED_TRACE(test.options);
    const Outcomes theirs = ask_restic(restic, test.options);
    const Outcomes ours = ask_ourselves(histories, test.rules);
    ASSERT_EQ(ours.size(), theirs.size());
    ASSERT_GT(ours.size(), 5000U);
    for (std::size_t h = 0; h < histories.size() && !HasFailure(); ++h) {
      for (const RetentionSnapshot& snapshot : histories[h]) {
        Outcome our = ours.at(snapshot.id);
        const Outcome& their = theirs.at(snapshot.id);
        EXPECT_EQ(our, their) << host_name(h) << " "
                              << format::to_rfc3339(format::to_timestamp(
                                     snapshot.time,
                                     static_cast<std::int32_t>(snapshot.utc_offset.count())));
      }
    }
  }
}

}  // namespace
}  // namespace hikae::policy
