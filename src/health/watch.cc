// SPDX-License-Identifier: Apache-2.0
#include "health/watch.h"

#include <map>

#include "concurrency/task_group.h"
#include "repository/snapshots.h"
#include "service/evidence.h"
#include "service/freshness.h"
#include "service/own_snapshots.h"
#include "service/slot_tag.h"

namespace hikae {
namespace {

// Clocks of hosts differ by less.
constexpr std::chrono::minutes kClockTolerance{10};

std::optional<Instant> due_of(const policy::Policy& policy,
                              const policy::Source& source,
                              const WatchOptions& options,
                              Instant now) {
  if (options.max_age) return now - *options.max_age;
  return due_moment(policy, source, now);
}

// When the newest snapshot file was written; nothing in an empty place. Throws Error{unsupported}
// where the store does not tell times.
std::optional<Instant> newest_file(Backend& backend, const StopToken& stop) {
  std::optional<Instant> newest;
  backend.list(
      FileType::snapshot,
      [&](const FileInfo& file) {
        if (!file.modified) {
          throw Error(ErrorCode::unsupported,
                      text("service_watch.no_times", {{"place", backend.location()}}))
              .with_hint(text("service_watch.no_times_hint"));
        }
        newest = std::max(newest.value_or(*file.modified), *file.modified);
      },
      stop);
  return newest;
}

bool counts(const format::Snapshot& snapshot,
            const policy::Policy& policy,
            const WatchOptions& options) {
  return tag_value(snapshot, kPolicyTag) == policy.name &&
         (options.host.empty() || snapshot.hostname == options.host);
}

// The last good check of one destination, by its evidence. Nothing where no check is due yet: it
// began to hold generations of the policy only after that moment. A REST server may have no place
// for evidence: without any there, nothing is said about checks.
std::optional<Watched> watch_check(OpenDestination& open,
                                   const policy::Policy& policy,
                                   const std::optional<Instant>& oldest,
                                   const Environment& environment,
                                   const StopToken& stop) {
  Watched one;
  one.job = "check";
  one.destination = open.destination->name;
  one.due = due_moment(policy, policy.schedule.check, environment.clock.now());
  if (!one.due || !open.is_good()) return std::nullopt;
  try {
    const auto evidence = find_good_evidence(*open.repository, policy.name, one.job, stop);
    if (evidence) one.newest = evidence->finished;
  } catch (const Error& error) {
    one.failure = error;
  }
  const bool is_rest = open.destination->url.starts_with("rest:");
  const bool is_young = !oldest || *oldest > *one.due;
  if (!one.newest && !one.failure && (is_rest || is_young)) return std::nullopt;
  return one;
}

// What the newest generation tells of the messages of its host.
std::optional<Watched> watch_messages(const std::string& destination,
                                      const std::optional<format::Snapshot>& newest) {
  const auto count = newest ? tag_value(*newest, kUndeliveredTag) : std::nullopt;
  if (!count) return std::nullopt;
  Watched one;
  one.job = "notify";
  one.destination = destination;
  one.newest = one.due = format::to_instant(newest->time);
  one.failure =
      Error(ErrorCode::io,
            text("service_watch.undelivered", {{"host", newest->hostname}, {"count", *count}}));
  one.failure->set_hint(text("service_watch.undelivered_hint"));
  return one;
}

// All sources of the policy in one destination, its checks, and the messages of its host.
std::vector<Watched> watch_sources(OpenDestination& open,
                                   const policy::Policy& policy,
                                   const WatchOptions& options,
                                   const Environment& environment,
                                   const StopToken& stop) {
  std::map<std::string, Instant> newest;
  std::optional<format::Snapshot> newest_of_all;
  std::optional<Instant> oldest;
  std::optional<Error> failure = open.failure;
  try {
    if (open.is_good()) {
      for (const SnapshotRecord& record : open.repository->load_snapshots(environment.log, stop)) {
        const auto source = tag_value(record.snapshot, kSourceTag);
        if (!source || !counts(record.snapshot, policy, options)) continue;
        const Instant time = format::to_instant(record.snapshot.time);
        oldest = std::min(oldest.value_or(time), time);
        const auto [known, is_new] = newest.emplace(*source, time);
        if (!is_new) known->second = std::max(known->second, time);
        if (!newest_of_all || format::to_instant(newest_of_all->time) <= time)
          newest_of_all = record.snapshot;
      }
    }
  } catch (const Error& error) {
    failure = error;
  }
  std::vector<Watched> result;
  for (const policy::Source& source : policy.sources) {
    Watched& one = result.emplace_back();
    one.source = source.name;
    one.destination = open.destination->name;
    one.due = due_of(policy, source, options, environment.clock.now());
    one.failure = failure;
    const auto found = newest.find(source.name);
    if (found != newest.end()) one.newest = found->second;
  }
  if (auto check = watch_check(open, policy, oldest, environment, stop))
    result.push_back(std::move(*check));
  if (auto messages = watch_messages(open.destination->name, newest_of_all))
    result.push_back(std::move(*messages));
  return result;
}

std::vector<Watched> watch_snapshots(const policy::Policy& policy,
                                     const WatchOptions& options,
                                     const Environment& environment,
                                     const StopToken& stop) {
  OpenRequest request;
  request.mode = AccessMode::read_only;
  request.load_index = OpenRequest::LoadIndex::no;
  std::vector<OpenDestination> opened = open_destinations(policy, request, environment, stop);
  std::vector<Watched> all;
  for (OpenDestination& open : opened) {
    std::vector<Watched> some = watch_sources(open, policy, options, environment, stop);
    all.insert(all.end(), some.begin(), some.end());
  }
  return all;
}

// The latest of all sources' due moments: some source must have made something since.
std::optional<Instant> latest_due(const policy::Policy& policy,
                                  const WatchOptions& options,
                                  Instant now) {
  std::optional<Instant> latest;
  for (const policy::Source& source : policy.sources) {
    const auto due = due_of(policy, source, options, now);
    if (due && (!latest || *due > *latest)) latest = due;
  }
  return latest;
}

std::vector<Watched> watch_files(const policy::Policy& policy,
                                 const WatchOptions& options,
                                 const Environment& environment,
                                 const StopToken& stop) {
  std::vector<Watched> all;
  for (const policy::Destination& destination : policy.destinations) {
    Watched& one = all.emplace_back();
    one.destination = destination.name;
    one.due = latest_due(policy, options, environment.clock.now());
    try {
      const auto backend =
          open_destination_backend(policy, destination, AccessMode::read_only, environment, stop);
      one.newest = newest_file(*backend, stop);
    } catch (const Error& error) {
      one.failure = error;
    }
  }
  return all;
}

WatchReport finish(std::vector<Watched> watched, Instant now) {
  WatchReport report;
  for (Watched& one : watched) one.verdict = judge(one, now);
  report.verdict = judge(watched);
  report.watched = std::move(watched);
  return report;
}

}  // namespace

Verdict judge(const Watched& watched, Instant now) {
  if (watched.failure || !watched.newest) return Verdict::failed;
  if (watched.due && *watched.newest < *watched.due) return Verdict::failed;
  // A clock that ran ahead would keep the alarm quiet for as long.
  return *watched.newest > now + kClockTolerance ? Verdict::warning : Verdict::ok;
}

Verdict judge(const std::vector<Watched>& watched) {
  if (watched.empty()) return Verdict::failed;
  std::map<std::string, bool> is_fresh;  // by source, anywhere
  Verdict verdict = Verdict::ok;
  for (const Watched& one : watched) {
    // A check that did not come harms no generation, but somebody must look.
    if (one.job == "backup") is_fresh[one.source] |= one.verdict != Verdict::failed;
    verdict = worse(verdict, one.verdict == Verdict::failed ? Verdict::partial : one.verdict);
  }
  for (const auto& [source, fresh] : is_fresh) {
    if (!fresh) return Verdict::failed;
  }
  return verdict;
}

WatchReport watch_policy(const policy::Policy& policy,
                         const WatchOptions& options,
                         const Environment& environment,
                         const StopToken& stop) {
  const bool by_files = options.evidence == WatchOptions::Evidence::file_times;
  return finish(by_files ? watch_files(policy, options, environment, stop)
                         : watch_snapshots(policy, options, environment, stop),
                environment.clock.now());
}

WatchReport watch_place(Backend& backend,
                        const WatchOptions& options,
                        const Environment& environment,
                        const StopToken& stop) {
  const Instant now = environment.clock.now();
  Watched one;
  one.destination = backend.location();
  one.due = now - options.max_age.value_or(std::chrono::hours(26));
  try {
    one.newest = newest_file(backend, stop);
  } catch (const Error& error) {
    one.failure = error;
  }
  return finish({one}, now);
}

}  // namespace hikae
