// SPDX-License-Identifier: Apache-2.0
#include "scheduler/slot_events.h"

#include <algorithm>
#include <set>

namespace hikae {
namespace {

bool is_good(const RunItem& item) {
  return item.verdict != Verdict::failed;
}

RunItem* find_item(std::vector<RunItem>& items, const RunItem& wanted) {
  const auto found = std::find_if(items.begin(), items.end(), [&](const RunItem& item) {
    return item.source == wanted.source && item.destination == wanted.destination;
  });
  return found == items.end() ? nullptr : &*found;
}

}  // namespace

std::vector<RunItem> merge_items(const std::vector<std::vector<RunItem>>& tries) {
  std::vector<RunItem> merged;
  for (const auto& items : tries) {
    for (const RunItem& item : items) {
      RunItem* known = find_item(merged, item);
      if (known == nullptr) {
        merged.push_back(item);
      } else if (!is_good(*known)) {
        *known = item;
      }
    }
  }
  return merged;
}

Verdict judge_items(const std::vector<RunItem>& items, const std::vector<std::string>& sources) {
  Verdict verdict = Verdict::ok;
  std::set<std::string> protected_sources;
  for (const RunItem& item : items) {
    if (is_good(item)) protected_sources.insert(item.source);
    verdict = worse(verdict, is_good(item) ? item.verdict : Verdict::partial);
  }
  const bool all = std::all_of(sources.begin(), sources.end(), [&](const std::string& source) {
    return protected_sources.contains(source);
  });
  return all && !items.empty() ? verdict : Verdict::failed;
}

std::vector<std::string> incomplete_sources(const std::vector<RunItem>& items,
                                            const std::vector<std::string>& sources) {
  std::vector<std::string> incomplete;
  for (const std::string& source : sources) {
    bool is_known = false;
    bool is_complete = true;
    for (const RunItem& item : items) {
      if (item.source != source) continue;
      is_known = true;
      is_complete = is_complete && is_good(item);
    }
    if (!is_known || !is_complete) incomplete.push_back(source);
  }
  return incomplete;
}

bool left_source_out(const std::vector<RunItem>& items) {
  const auto has_generation = [&](const std::string& source) {
    return std::any_of(items.begin(), items.end(), [&](const RunItem& item) {
      return item.source == source && !item.snapshot.empty();
    });
  };
  return std::any_of(items.begin(), items.end(), [&](const RunItem& item) {
    // One that is still being filled has no message.
    const bool was_left_out =
        item.verdict == Verdict::warning && item.snapshot.empty() && !item.message.empty();
    return was_left_out && !has_generation(item.source);
  });
}

bool is_transient(const Error& error) {
  switch (error.code()) {
    case ErrorCode::locked:
    case ErrorCode::lock_lost:
    case ErrorCode::timeout:
    case ErrorCode::not_mounted:
      return true;
    // A person must act first, whatever the layer below thinks.
    case ErrorCode::wrong_password:
    case ErrorCode::no_repository:
    case ErrorCode::invalid_argument:
    case ErrorCode::no_space:
    case ErrorCode::permission:
    case ErrorCode::read_only:
    case ErrorCode::unsupported:
      return false;
    default:
      return error.retry() == Retry::after_backoff;
  }
}

std::vector<SlotTry> tries_of(Journal& journal, const std::string& policy, const SlotId& slot) {
  std::vector<SlotTry> tries;
  for (const RunRecord& run : journal.runs_of(policy, slot))
    tries.push_back({run.id, run.started, run.finished, run.verdict, run.message});
  return tries;
}

std::vector<RunItem> merged_items(Journal& journal, const std::string& policy, const SlotId& slot) {
  std::vector<std::vector<RunItem>> tries;
  for (const RunRecord& run : journal.runs_of(policy, slot)) tries.push_back(journal.items(run.id));
  return merge_items(tries);
}

SlotEvent make_event(const TickContext& context, EventKind kind, const SlotRecord& slot) {
  SlotEvent event;
  event.kind = kind;
  event.time = context.environment.clock.now();
  event.slot = slot.id;
  event.verdict = slot.verdict.value_or(Verdict::failed);
  event.tries = tries_of(context.journal, context.policy.name, slot.id);
  event.tries_allowed = context.policy.retry.attempts;
  event.next_try = slot.next_try;
  if (kind == EventKind::recovered) event.trouble_since = trouble_before(context, slot);
  event.items = merged_items(context.journal, context.policy.name, slot.id);
  return event;
}

namespace {

bool was_left_out(const TickContext& context, const SlotRecord& slot) {
  if (slot.state != SlotState::done || slot.verdict != Verdict::warning) return false;
  std::vector<std::vector<RunItem>> tries;
  for (const RunRecord& run : context.journal.runs_of(context.policy.name, slot.id))
    tries.push_back(context.journal.items(run.id));
  const std::vector<RunItem> items = merge_items(tries);
  // Left out as a whole, a run has no item; a group that is due with another one has no run.
  return left_source_out(items) || (items.empty() && !tries.empty());
}

}  // namespace

std::optional<Instant> trouble_before(const TickContext& context, const SlotRecord& slot) {
  std::optional<Instant> since;
  Instant until = slot.id.scheduled;
  for (;;) {
    const auto before = context.journal.slots().newest(
        context.policy.name, slot.id.job, slot.id.group, until - std::chrono::nanoseconds(1));
    if (!before) return since;
    until = before->id.scheduled;
    // A later one stood for it, and tells. What a hook left out tells neither way.
    if (before->state == SlotState::coalesced || was_left_out(context, *before)) continue;
    const bool was_bad = before->state == SlotState::failed || before->state == SlotState::missed ||
                         before->verdict == Verdict::partial || before->verdict == Verdict::failed;
    if (!was_bad) return since;
    since = until;
  }
}

}  // namespace hikae
