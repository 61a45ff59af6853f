// SPDX-License-Identifier: Apache-2.0
#include "maintenance/lost_packs.h"
#include "service/run_parts.h"

namespace hikae {

void leave_out_lost_packs(RunContext& run, const StopToken& stop) {
  TaskGroup tasks(stop);
  for (std::size_t i = 0; i < run.destinations.size(); ++i) {
    if (!run.destinations[i].is_good()) continue;
    tasks.spawn("find-lost-packs", [&run, i](const StopToken& group) {
      OpenDestination& open = run.destinations[i];
      try {
        run.progress[i].lost_packs =
            leave_out_lost_packs(*open.repository, *open.index, group).size();
      } catch (const Error& error) {
        open.failure = error;
      }
    });
  }
  tasks.join();
  for (std::size_t i = 0; i < run.destinations.size(); ++i) {
    if (run.progress[i].lost_packs == 0) continue;
    run.report.frozen.push_back(text("service.packs_lost",
                                     {{"destination", run.destinations[i].destination->name},
                                      {"count", std::to_string(run.progress[i].lost_packs)}}));
  }
}

}  // namespace hikae
