// SPDX-License-Identifier: Apache-2.0
#include <random>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "crypto/hash.h"
#include "service/forget_everywhere.h"
#include "service/run_parts.h"
#include "service/sync.h"
#include "support/service_environment.h"

namespace hikae::testing {
namespace {

using std::chrono::hours;

constexpr auto kNow = Instant(std::chrono::seconds(1'795'402'800));

// A policy with some destinations, and what lies in them; nothing is stored anywhere.
class World {
 public:
  explicit World(std::size_t destinations) {
    std::vector<std::string> names;
    for (std::size_t i = 0; i < destinations; ++i) names.push_back("d" + std::to_string(i));
    policy = machine_.policy(names);
    holdings.resize(destinations);
    for (std::size_t i = 0; i < destinations; ++i)
      holdings[i].destination = &policy.destinations[i];
  }

  // A generation as it lies in one destination; each has an id of its own there.
  SnapshotRecord record(const GenerationKey& generation) {
    SnapshotRecord record;
    record.id = id_cast<SnapshotId>(sha256(as_bytes(std::to_string(++last_id_))));
    record.snapshot.time = format::to_timestamp(generation.time);
    record.snapshot.tree = generation.tree;
    record.snapshot.hostname = "host1";
    record.snapshot.tags = {"hikae:policy=company", "hikae:source=work"};
    return record;
  }
  static GenerationKey generation(hours age) {
    const std::string name = std::to_string(age.count());
    return {kNow - age, id_cast<BlobId>(sha256(as_bytes(name)))};
  }
  void put(std::size_t destination, const GenerationKey& generation) {
    holdings[destination].snapshots.push_back(record(generation));
  }

  SyncPlan plan(std::set<GenerationKey> made_now = {}) {
    return plan_sync({policy, {&policy.sources.front()}, holdings, std::move(made_now), kNow});
  }
  // As apply_sync() would leave the destinations.
  void apply(const SyncPlan& plan) {
    for (const SyncStep& step : plan.steps) {
      if (step.action == SyncAction::copy) put(step.to, step.generation);
    }
  }
  std::set<std::string> dropped_by_retention(std::size_t number) {
    std::set<std::string> dropped;
    const auto* rules = retention_of(policy, policy.sources.front(), *holdings[number].destination);
    if (rules == nullptr) return dropped;
    for (const auto& decision :
         plan_source_retention(policy, *rules, holdings[number].snapshots, kNow).decisions) {
      if (decision.decision == policy::Decision::remove) dropped.insert(decision.id);
    }
    return dropped;
  }

  policy::Policy policy;
  std::vector<SyncHolding> holdings;

 private:
  ServiceMachine machine_;
  unsigned last_id_ = 0;
};

SyncAction action_of(const SyncPlan& plan, std::size_t to, const GenerationKey& generation) {
  for (const SyncStep& step : plan.steps) {
    if (step.to == to && step.generation == generation) return step.action;
  }
  throw std::runtime_error("no decision");
}

policy::RetentionRules daily(int count) {
  policy::RetentionRules rules;
  rules.daily = count;
  return rules;
}

TEST(PlanSync, CopiesWhatIsMissingNewestFirst) {
  World world(2);
  for (const int days : {3, 1, 2}) world.put(0, World::generation(hours(24 * days)));

  const SyncPlan plan = world.plan();

  std::vector<Instant> order;
  for (const SyncStep& step : plan.steps) {
    if (step.action != SyncAction::copy) continue;
    EXPECT_EQ(step.to, 1);
    EXPECT_EQ(step.holders.front().from, 0);
    order.push_back(step.generation.time);
  }
  EXPECT_THAT(order, ::testing::ElementsAre(kNow - hours(24), kNow - hours(48), kNow - hours(72)));
}

TEST(PlanSync, TakesNoMoreThanTheDestinationsOwnRetentionKeeps) {
  World world(2);
  world.policy.retention = daily(30);
  world.policy.destinations[1].retention = daily(2);
  for (int days = 0; days < 5; ++days) world.put(0, World::generation(hours(24 * days)));

  const SyncPlan plan = world.plan();

  EXPECT_EQ(action_of(plan, 1, World::generation(hours(0))), SyncAction::copy);
  EXPECT_EQ(action_of(plan, 1, World::generation(hours(24))), SyncAction::copy);
  EXPECT_EQ(action_of(plan, 1, World::generation(hours(48))), SyncAction::not_kept);
  EXPECT_EQ(action_of(plan, 0, World::generation(hours(48))), SyncAction::present);
}

TEST(PlanSync, BringsNothingBackThatWasDropped) {
  World world(2);
  world.policy.retention = daily(1);
  world.put(0, World::generation(hours(1)));
  world.put(0, World::generation(hours(2)));
  world.holdings[1].forgotten.insert(World::generation(hours(1)));

  const SyncPlan plan = world.plan();

  EXPECT_EQ(action_of(plan, 1, World::generation(hours(1))), SyncAction::forgotten);
  EXPECT_EQ(action_of(plan, 1, World::generation(hours(2))), SyncAction::copy)
      << "of that day it is the newest that may come";
}

TEST(PlanSync, WhatThisRunMadeGoesEverywhere) {
  World world(2);
  world.policy.retention = daily(1);
  world.put(0, World::generation(hours(1)));
  world.put(0, World::generation(hours(2)));
  EXPECT_EQ(action_of(world.plan({World::generation(hours(2))}), 1, World::generation(hours(2))),
            SyncAction::copy);
}

TEST(PlanSync, PrefersASourceWithTheSameKey) {
  World world(3);
  for (const std::size_t number : {0U, 1U}) world.put(number, World::generation(hours(1)));
  world.holdings[1].key_group = world.holdings[2].key_group = 7;
  const SyncPlan plan = world.plan();
  for (const SyncStep& step : plan.steps) {
    if (step.action != SyncAction::copy) continue;
    EXPECT_EQ(step.holders.front().from, 1);
    EXPECT_EQ(step.holders.back().from, 0);
  }
}

TEST(PlanSync, LeavesOutWhoIsAwayAndWhoIsNoTarget) {
  World world(3);
  world.put(0, World::generation(hours(1)));
  world.put(1, World::generation(hours(2)));
  world.holdings[1].is_good = false;
  world.holdings[0].is_target = false;
  for (const SyncStep& step : world.plan().steps) {
    EXPECT_EQ(step.to, 2);
    EXPECT_EQ(step.generation, World::generation(hours(1)));
  }
}

TEST(PlanForgetEverywhere, FindsTheGenerationUnderTheIdOfAnyDestination) {
  World world(3);
  const GenerationKey old = World::generation(hours(48));
  const GenerationKey recent = World::generation(hours(24));
  for (const std::size_t number : {0U, 1U}) {
    world.put(number, old);
    world.put(number, recent);
  }
  std::vector<std::vector<SnapshotRecord>> snapshots;
  for (const SyncHolding& holding : world.holdings) snapshots.push_back(holding.snapshots);

  const ForgetEverywhere by_id =
      plan_forget_everywhere(snapshots, {snapshots[1][0].id.hex()}, SnapshotFilter());
  ASSERT_EQ(by_id.removals[0].size(), 1);
  EXPECT_EQ(by_id.removals[0].front().id, snapshots[0][0].id);
  EXPECT_EQ(by_id.removals[1].front().id, snapshots[1][0].id);
  EXPECT_TRUE(by_id.removals[2].empty());
  ASSERT_EQ(by_id.absent[2].size(), 1);
  EXPECT_EQ(generation_of(by_id.absent[2].front().snapshot), old);
  EXPECT_TRUE(by_id.absent[0].empty());

  const ForgetEverywhere before_latest =
      plan_forget_everywhere(snapshots, {"latest~1"}, SnapshotFilter());
  EXPECT_EQ(generation_of(before_latest.generations.front().snapshot), old)
      << "two copies of the latest count once";
  EXPECT_THROW(plan_forget_everywhere(snapshots, {"0123456789"}, SnapshotFilter()), Error);
}

// Any history: generations that lie in some destinations and were dropped in others, under rules of
// each destination's own.
class RandomHistory {
 public:
  explicit RandomHistory(std::uint64_t seed) : random_(seed), world(pick(2, 3)) {
    for (policy::Destination& destination : world.policy.destinations) {
      if (pick(0, 5) > 0) destination.retention = rules();
    }
    const std::size_t generations = pick(1, 40);
    for (std::size_t i = 0; i < generations; ++i) {
      const GenerationKey generation = World::generation(hours(pick(0, 90 * 24)));
      for (std::size_t number = 0; number < world.holdings.size(); ++number) {
        SyncHolding& holding = world.holdings[number];
        const bool is_here = std::any_of(
            holding.snapshots.begin(), holding.snapshots.end(), [&](const SnapshotRecord& record) {
              return generation_of(record.snapshot) == generation;
            });
        const std::size_t fate = pick(0, 3);
        if (fate <= 1 && !is_here && !holding.forgotten.contains(generation))
          world.put(number, generation);
        if (fate == 2 && !is_here && pick(0, 2) == 0) holding.forgotten.insert(generation);
      }
    }
  }

 private:
  std::size_t pick(std::size_t least, std::size_t most) {
    return std::uniform_int_distribution<std::size_t>(least, most)(random_);
  }
  policy::RetentionRules rules() {
    policy::RetentionRules rules;
    rules.last = static_cast<int>(pick(0, 2));
    rules.daily = static_cast<int>(pick(0, 7));
    rules.weekly = static_cast<int>(pick(0, 5));
    rules.monthly = static_cast<int>(pick(0, 3));
    if (rules.is_empty()) rules.daily = 1;
    if (pick(0, 1) == 0) rules.overlap = policy::Overlap::overlapping;
    return rules;
  }
  std::mt19937_64 random_;

 public:
  World world;
};

TEST(PlanSync, OfAnyHistoryIsCompleteAfterOneApplicationAndStays) {
  std::size_t copies = 0;
  for (std::uint64_t seed = 0; seed < 3000; ++seed) {
    SCOPED_TRACE(seed);
    RandomHistory history(seed);
    World& world = history.world;
    const SyncPlan plan = world.plan();
    std::vector<std::set<GenerationKey>> copied(world.holdings.size());
    for (const SyncStep& step : plan.steps) {
      if (step.action != SyncAction::copy) continue;
      ++copies;
      ASSERT_FALSE(world.holdings[step.to].forgotten.contains(step.generation));
      ASSERT_FALSE(step.holders.empty());
      for (const SyncStep::Holder& holder : step.holders) {
        ASSERT_NE(holder.from, step.to);
        ASSERT_EQ(generation_of(holder.record.snapshot), step.generation);
      }
      ASSERT_TRUE(copied[step.to].insert(step.generation).second) << "copied twice";
    }

    world.apply(plan);

    ASSERT_FALSE(world.plan().has_copies()) << "a second sync has nothing to do";
    for (std::size_t number = 0; number < world.holdings.size(); ++number) {
      const std::set<std::string> dropped = world.dropped_by_retention(number);
      for (const SnapshotRecord& record : world.holdings[number].snapshots) {
        const bool is_new = copied[number].contains(generation_of(record.snapshot));
        ASSERT_FALSE(is_new && dropped.contains(record.id.hex())) << "copied to be deleted";
      }
    }
  }
  EXPECT_GT(copies, 10'000);
}

}  // namespace
}  // namespace hikae::testing
