// SPDX-License-Identifier: Apache-2.0
// The dead man's alarm: another machine asks the repositories themselves whether backups and checks
// still come. Whatever stops on the machine that makes them (its clock, its timer, its mail,
// itself) is noticed, since nothing of it is asked.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/verdict.h"
#include "service/destinations.h"

namespace hikae {

struct WatchOptions {
  std::string host;  // only generations of this host count; empty: of any
  // A generation must not be older than this; nothing: the policy's schedule and window say.
  std::optional<std::chrono::seconds> max_age;
  // Only the times in the list of snapshot files: whoever watches needs no password, but then
  // sources and hosts cannot be told apart.
  enum class Evidence { snapshots, file_times } evidence = Evidence::snapshots;
};

struct Watched {
  // Or "check", by the evidence that checks leave in the repository; or "notify": the newest
  // generation says that its host could not deliver messages.
  std::string job = "backup";
  std::string source;  // empty: any
  std::string destination;
  std::optional<Instant> newest;
  std::optional<Instant> due;  // what the newest must not be older than
  std::optional<Error> failure;
  Verdict verdict = Verdict::failed;  // ok, warning (a snapshot of the future) or failed
};

struct WatchReport {
  Verdict verdict = Verdict::failed;  // failed: an alarm about some source in every place;
                                      // partial: in some of them, or about a check
  std::vector<Watched> watched;
};

// Pure; the only place that decides it. `now` is the watching machine's.
Verdict judge(const Watched& watched, Instant now);
Verdict judge(const std::vector<Watched>& watched);

// What `due` is without a policy of times: `max_age` before now.
WatchReport watch_policy(const policy::Policy& policy,
                         const WatchOptions& options,
                         const Environment& environment,
                         const StopToken& stop);
// One place, by the times of its snapshot files. REQUIRES: options.max_age.
WatchReport watch_place(Backend& backend,
                        const WatchOptions& options,
                        const Environment& environment,
                        const StopToken& stop);

}  // namespace hikae
