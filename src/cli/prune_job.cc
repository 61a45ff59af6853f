// SPDX-License-Identifier: Apache-2.0
#include "cli/prune_job.h"

#include <charconv>

#include "base/units.h"
#include "cli/progress.h"
#include "cli/prune_output.h"
#include "maintenance/check_packs.h"

namespace hikae::cli {
namespace {

// Temporary files of killed runs: nobody writes one file for so long.
constexpr std::chrono::hours kLeftoverAge{24};

Error bad_max_unused(const std::string& value) {
  return Error(ErrorCode::invalid_argument, text("cli_prune.bad_max_unused", {{"value", value}}))
      .with_hint(text("cli_prune.bad_max_unused_hint"));
}

double parse_percentage(const std::string& value) {
  double percent = 0;
  const char* end = value.data() + value.size() - 1;
  const auto [stop, error] = std::from_chars(value.data(), end, percent);
  if (error != std::errc() || stop != end || percent < 0 || percent >= 100)
    throw bad_max_unused(value);
  return percent;
}

// A snapshot that cannot be read needs blobs that nobody knows.
std::vector<BlobId> find_roots(const Session& session,
                               Repository& repository,
                               const std::unordered_set<SnapshotId>& gone) {
  std::size_t files = 0;
  repository.backend().list(
      FileType::snapshot, [&](const FileInfo&) { ++files; }, session.stop);
  const auto records = repository.load_snapshots(session.console, session.stop);
  if (records.size() < files) {
    throw Error(
        ErrorCode::corrupt,
        text("cli_prune.unreadable_snapshots", {{"count", std::to_string(files - records.size())}}))
        .with_hint(text("cli_prune.unreadable_snapshots_hint"));
  }
  std::vector<BlobId> roots;
  for (const SnapshotRecord& record : records) {
    if (!gone.contains(record.id)) roots.push_back(record.snapshot.tree);
  }
  return roots;
}

void apply(const Session& session,
           const OpenedRepository& opened,
           const Index& index,
           const PrunePlan& plan,
           const BlobWriterOptions& options) {
  PruneProgress progress;
  const auto begin = std::chrono::steady_clock::now();
  const ProgressLine line(session, [&] {
    const Pace now =
        pace(progress.bytes_moved, plan.bytes_to_repack, std::chrono::steady_clock::now() - begin);
    return render(text("cli_prune.progress",
                       {{"bytes", format_bytes(progress.bytes_moved)},
                        {"total", format_bytes(plan.bytes_to_repack)},
                        {"packs", std::to_string(progress.packs_removed)},
                        {"left", now.left}}),
                  session.console.language());
  });
  apply_prune(*opened.repository,
              *opened.lock,
              index,
              plan,
              options,
              session.environment.clock,
              progress,
              session.stop);
}

}  // namespace

void PruneFlags::add_to(Command& command) {
  command.option("--max-unused", max_unused, "LIMIT", text("cli_prune.help_max_unused"));
  command.option(
      "--max-repack-size", max_repack_size, "SIZE", text("cli_prune.help_max_repack_size"));
  blobs.add_to(command);
}

PruneOptions PruneFlags::resolve() const {
  PruneOptions options;
  if (max_unused == "unlimited") {
    options.max_unused_bytes = UINT64_MAX;
  } else if (max_unused.ends_with('%')) {
    // restic's percentage is of what stays; ours is of what is used.
    const double percent = parse_percentage(max_unused);
    options.max_unused_percent = 100 * percent / (100 - percent);
  } else {
    options.max_unused_bytes = parse_bytes(max_unused);
    if (!options.max_unused_bytes) throw bad_max_unused(max_unused);
  }
  if (max_repack_size)
    options.max_repack_bytes = parse_size_option("--max-repack-size", *max_repack_size);
  return options;
}

void prune_and_report(const Session& session,
                      const OpenedRepository& opened,
                      const PruneFlags& flags,
                      Effect effect,
                      const std::unordered_set<SnapshotId>& gone) {
  Repository& repository = *opened.repository;
  const PruneOptions options = flags.resolve();
  const BlobWriterOptions blobs = flags.blobs.resolve(session.environment);
  const auto roots = find_roots(session, repository, gone);
  const Index index = repository.load_index(session.stop);
  const auto files = list_packs(repository, session.stop);
  const auto used = find_used_blobs(repository, index, files, roots, session.stop);
  const PrunePlan plan = plan_prune(index, files, used, options, blobs.pack_size);
  print_prune_plan(session, plan, index, used);
  if (effect == Effect::dry_run) {
    if (!session.options.json) session.console.say(text("cli_prune.nothing_deleted"));
    return;
  }
  if (plan.changes_anything()) apply(session, opened, index, plan, blobs);
  repository.backend().remove_leftovers(kLeftoverAge, session.stop);
  if (session.options.json) return;
  session.console.say(plan.changes_anything()
                          ? text("cli_prune.done", {{"bytes", format_bytes(plan.bytes_freed)}})
                          : text("cli_prune.nothing_to_do"));
}

void check_may_delete(const Session& session) {
  if (session.options.no_lock) {
    throw Error(ErrorCode::invalid_argument, text("cli_prune.needs_lock"))
        .with_hint(text("cli_prune.needs_lock_hint"));
  }
  if (!session.options.repository.empty()) return;
  const LoadedPolicy loaded = load_policy(session);
  for (const policy::Destination& destination : loaded.policy.destinations) {
    const bool is_only =
        session.options.destination.empty() && loaded.policy.destinations.size() == 1;
    if (!is_only && destination.name != session.options.destination) continue;
    if (destination.may_delete) continue;
    throw Error(ErrorCode::permission,
                text("cli_prune.may_not_delete", {{"destination", destination.name}}))
        .with_hint(text("cli_prune.may_not_delete_hint"));
  }
}

}  // namespace hikae::cli
