// SPDX-License-Identifier: Apache-2.0
// Inside of the tick only: one try at a slot.
#pragma once

#include "scheduler/tick.h"

namespace hikae {

// What one try works with beyond the tick's own context.
struct TryContext {
  const TickContext& tick;
  const TickOptions& options;
  const TickObserver& observer;
  std::vector<SlotEvent>& events;  // each is given to the sink and kept here

  void tell(SlotEvent event) const;
};

// Marks the slots as running, makes the try, settles them or sets the next try, and tells.
JobResult try_backup(const TryContext& context, const DueJob& job, const StopToken& stop);
JobResult try_maintenance(const TryContext& context, const DueJob& job, const StopToken& stop);

// A slot whose tries are over without one at hand to tell of it: killed, or superseded.
void tell_failed(const TryContext& context, const SlotRecord& slot);

// The slots of a job with a try begun now, saved.
std::vector<SlotRecord> begin_try(const TryContext& context, const DueJob& job);
// Settles them by the verdict, or sets the next try when one is allowed and can help. The ledger
// learns of it by save_try(), after people were told: killed between the two, the program makes the
// try again and nobody hears of it twice. The other way round nobody would hear of it at all.
enum class TryAgain { cannot_help, can_help };
struct TryEnd {
  Verdict verdict = Verdict::failed;
  TryAgain again = TryAgain::cannot_help;
  std::vector<std::string> repeat;  // the sources that the next try repeats
  std::optional<Text> next_step;    // what a person can do about it
};
void end_try(const TryContext& context, std::vector<SlotRecord>& slots, const TryEnd& end);
// Writes them into the ledger, and sends what was told.
void save_try(const TryContext& context, const std::vector<SlotRecord>& slots);
// As before the try: it was not one.
void undo_try(const TryContext& context, const DueJob& job);

}  // namespace hikae
