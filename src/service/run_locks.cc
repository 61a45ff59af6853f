// SPDX-License-Identifier: Apache-2.0
#include "service/object_lock.h"
#include "service/run_parts.h"

namespace hikae {
namespace {

void extend_in(RunContext& run, std::size_t number, const StopToken& stop) {
  const OpenDestination& open = run.destinations[number];
  const std::string& name = open.destination->name;
  const LockExtensions done = extend_object_locks(
      *open.repository,
      run.progress[number].needed,
      open.destination->object_lock->keep,
      run.environment.state_directory + "/object-locks/" + run.policy.name + "." + name,
      run.environment.clock.now(),
      stop);
  if (done.extended > 0) {
    run.environment.log.info(
        text("service.locks_extended",
             {{"count", std::to_string(done.extended)}, {"destination", name}}));
  }
  if (!done.failure) return;
  run.report.frozen.push_back(
      because(text("service.locks_not_extended",
                   {{"count", std::to_string(done.failed)}, {"destination", name}}),
              *done.failure));
}

}  // namespace

void extend_object_locks(RunContext& run, const StopToken& stop) {
  for (std::size_t i = 0; i < run.destinations.size(); ++i) {
    const OpenDestination& open = run.destinations[i];
    // Without a new generation there the ends stay where the last one put them.
    if (!open.is_good() || !open.destination->object_lock || run.progress[i].needed.empty())
      continue;
    try {
      extend_in(run, i, stop);
    } catch (const Error& error) {
      run.report.frozen.push_back(
          because(text("service.locks_not_extended",
                       {{"count", "?"}, {"destination", open.destination->name}}),
                  error));
    }
  }
}

}  // namespace hikae
