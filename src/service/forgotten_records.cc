// SPDX-License-Identifier: Apache-2.0
#include "service/forgotten_records.h"

#include <algorithm>
#include <optional>

#include "maintenance/rewrite_index.h"
#include "service/own_snapshots.h"

namespace hikae {
namespace {

// A stock REST server has no such folder.
std::vector<std::string> list_old(Repository& repository, Instant before, const StopToken& stop) {
  std::vector<std::string> names;
  try {
    repository.backend().list(
        FileType::forgotten,
        [&](const FileInfo& file) {
          if (file.modified && *file.modified < before) names.push_back(file.name);
        },
        stop);
  } catch (const Error& error) {
    if (error.code() != ErrorCode::unsupported) throw;
  }
  return names;
}

// Others' records in a shared repository are theirs: where their generations lie besides, their
// policy knows. One that cannot be read is told where it matters, by load_forgotten().
std::vector<ForgottenRecord> load_own(const policy::Policy& policy,
                                      Repository& repository,
                                      const std::vector<std::string>& names,
                                      const Environment& environment,
                                      const StopToken& stop) {
  std::vector<ForgottenRecord> own;
  for (const std::string& name : names) {
    try {
      const format::Snapshot snapshot =
          format::decode_snapshot(repository.load_unpacked(FileType::forgotten, name, stop));
      if (!belongs_to(snapshot, policy, environment)) continue;
      own.push_back({name, tag_value(snapshot, kSourceTag).value_or(""), generation_of(snapshot)});
    } catch (const Error& error) {
      if (error.code() != ErrorCode::corrupt && error.code() != ErrorCode::not_found) throw;
    }
  }
  return own;
}

// nullopt: not all of it can be read.
std::optional<std::set<GenerationKey>> load_generations(OpenDestination& open,
                                                        const Environment& environment,
                                                        const StopToken& stop) {
  if (!open.is_good()) return std::nullopt;
  try {
    const std::size_t files = list_names(*open.repository, FileType::snapshot, stop).size();
    const auto records = open.repository->load_snapshots(environment.log, stop);
    if (records.size() < files) return std::nullopt;
    std::set<GenerationKey> held;
    for (const SnapshotRecord& record : records) held.insert(generation_of(record.snapshot));
    return held;
  } catch (const Error&) {
    return std::nullopt;
  }
}

std::optional<std::set<GenerationKey>> held_anywhere(const policy::Policy& policy,
                                                     const Environment& environment,
                                                     const StopToken& stop) {
  OpenRequest request;
  request.mode = AccessMode::read_only;
  request.load_index = OpenRequest::LoadIndex::no;
  std::set<GenerationKey> held;
  for (OpenDestination& open : open_destinations(policy, request, environment, stop)) {
    auto own = load_generations(open, environment, stop);
    if (!own) return std::nullopt;
    held.merge(std::move(*own));
  }
  return held;
}

}  // namespace

std::vector<ForgottenRecord> plan_record_removal(std::vector<ForgottenRecord> records,
                                                 const std::set<GenerationKey>& held,
                                                 Instant now) {
  std::vector<ForgottenRecord> needless;
  for (ForgottenRecord& record : records) {
    const bool is_old = record.generation.time < now - kForgottenKept;
    if (is_old && !held.contains(record.generation)) needless.push_back(std::move(record));
  }
  std::sort(needless.begin(), needless.end(), [](const auto& a, const auto& b) {
    return a.generation < b.generation;
  });
  return needless;
}

std::vector<ForgottenRecord> find_needless_records(const policy::Policy& policy,
                                                   Repository& repository,
                                                   const Environment& environment,
                                                   const StopToken& stop) {
  const Instant now = environment.clock.now();
  std::vector<std::string> names = list_old(repository, now - kForgottenKept, stop);
  if (names.empty()) return {};
  auto own = load_own(policy, repository, names, environment, stop);
  if (own.empty()) return {};
  const auto held = held_anywhere(policy, environment, stop);
  return held ? plan_record_removal(std::move(own), *held, now) : std::vector<ForgottenRecord>();
}

Text describe_removal(const std::vector<ForgottenRecord>& records) {
  constexpr std::size_t kDate = 10;
  const auto newest = format::to_timestamp(records.back().generation.time);
  return text("service.forgotten_needless",
              {{"count", std::to_string(records.size())},
               {"time", format::to_rfc3339(newest).substr(0, kDate)},
               {"days", std::to_string(kForgottenKept / std::chrono::hours(24))}});
}

void remove_records(Repository& repository,
                    RepositoryLock& lock,
                    const std::vector<ForgottenRecord>& records,
                    const StopToken& stop) {
  if (records.empty()) return;
  lock.confirm(stop);
  for (const ForgottenRecord& record : records) {
    throw_if_stopped(stop);
    repository.backend().remove({FileType::forgotten, record.file}, stop);
  }
}

}  // namespace hikae
