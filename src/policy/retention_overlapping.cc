// SPDX-License-Identifier: Apache-2.0
// restic's counting. It walks from the newest snapshot to the oldest once; each rule remembers the
// bucket it took last and takes a snapshot when its bucket is another one.
#include <array>

#include <fmt/format.h>

#include "policy/retention_rules.h"

namespace hikae::policy {
namespace {

struct RuleState {
  int left = 0;
  std::optional<std::int64_t> last;
};

enum class Take { no, new_bucket, oldest };

class ResticCounting {
 public:
  explicit ResticCounting(RetentionWork& work) : work_(work) {
    for (std::size_t t = 0; t < kTiers.size(); ++t) counts_[t].left = work.rules.*kTiers[t].count;
  }

  void visit(std::size_t item) {
    for (std::size_t t = 0; t < kTiers.size(); ++t) count(t, item);
    for (std::size_t t = 0; t < kTiers.size(); ++t) count_within(t, item);
    RetentionCounters& counters = work_.items[item].decision.counters;
    for (std::size_t t = 0; t < kTiers.size(); ++t) counters.*kTiers[t].counter = counts_[t].left;
  }

 private:
  bool is_newest_form() const { return work_.rules.restic_form == ResticForm::newest; }

  Take decide(RuleState& state, const Tier& tier, std::size_t item) const {
    const std::int64_t bucket = work_.bucket(tier, item);
    if (state.last != bucket) {
      state.last = bucket;
      return Take::new_bucket;
    }
    const bool is_oldest = item + 1 == work_.items.size();
    return is_oldest && is_newest_form() ? Take::oldest : Take::no;
  }

  void count(std::size_t t, std::size_t item) {
    const Tier& tier = kTiers[t];
    RuleState& state = counts_[t];
    const bool unlimited = state.left == -1 && is_newest_form();
    if (state.left <= 0 && !unlimited) return;
    const Take take = decide(state, tier, item);
    if (take == Take::no) return;
    if (!unlimited) --state.left;
    const std::string prefix = take == Take::oldest ? "oldest " : "";
    work_.items[item].keep(fmt::format("{}{} snapshot", prefix, tier.name),
                           take == Take::oldest
                               ? text("schedule.keep_oldest", {{"rule", std::string(tier.name)}})
                               : text("schedule.keep_count",
                                      {{"rule", std::string(tier.name)},
                                       {"count", std::to_string(work_.rules.*tier.count)},
                                       {"bucket", work_.bucket_name(tier, item)}}));
  }

  void count_within(std::size_t t, std::size_t item) {
    const Tier& tier = kTiers[t];
    if (tier.within == nullptr) return;
    const CalendarSpan& span = work_.rules.*tier.within;
    if (span.is_zero() || !work_.is_within(item, span)) return;
    const Take take = decide(within_[t], tier, item);
    if (take == Take::no) return;
    const std::string prefix = take == Take::oldest ? "oldest " : "";
    work_.items[item].keep(fmt::format("{}{} within {}", prefix, tier.name, to_string(span)),
                           text("schedule.keep_count_within",
                                {{"rule", std::string(tier.name)},
                                 {"span", to_string(span)},
                                 {"bucket", work_.bucket_name(tier, item)}}));
  }

  RetentionWork& work_;
  std::array<RuleState, kTiers.size()> counts_;
  std::array<RuleState, kTiers.size()> within_;
};

}  // namespace

void apply_overlapping(RetentionWork& work) {
  ResticCounting counting(work);
  for (std::size_t item = 0; item < work.items.size(); ++item) counting.visit(item);
}

}  // namespace hikae::policy
