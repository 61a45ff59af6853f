// SPDX-License-Identifier: Apache-2.0
// Inside of the tick only: what is told of a slot, from its tries.
#pragma once

#include <string>
#include <vector>

#include "scheduler/tick.h"

namespace hikae {

// The outcome that counts of each source in each destination, over all tries of a slot (each try's
// items, oldest first): a good one stays, whatever a later try says. Pure.
std::vector<RunItem> merge_items(const std::vector<std::vector<RunItem>>& tries);

// The verdict of a backup slot from its merged items: failed when some source has no good
// generation anywhere. Pure; says the same as judge(RunReport) of one try.
Verdict judge_items(const std::vector<RunItem>& items, const std::vector<std::string>& sources);

// Sources that lack a good outcome in some destination. Pure.
std::vector<std::string> incomplete_sources(const std::vector<RunItem>& items,
                                            const std::vector<std::string>& sources);

// Whether a hook left a source out, so that it has no generation of this slot anywhere. Pure.
bool left_source_out(const std::vector<RunItem>& items);

// Whether doing the same again later can help: the table of the manual. Pure.
bool is_transient(const Error& error);

std::vector<RunItem> merged_items(Journal& journal, const std::string& policy, const SlotId& slot);
std::vector<SlotTry> tries_of(Journal& journal, const std::string& policy, const SlotId& slot);

// An event about this slot with its tries and items filled in.
SlotEvent make_event(const TickContext& context, EventKind kind, const SlotRecord& slot);

// When the slots of its group began to fail, to be missed or to stay partial, if those right before
// this one did.
std::optional<Instant> trouble_before(const TickContext& context, const SlotRecord& slot);

}  // namespace hikae
