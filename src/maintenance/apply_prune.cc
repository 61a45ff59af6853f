// SPDX-License-Identifier: Apache-2.0
#include "maintenance/await_listing.h"
#include "maintenance/check_packs.h"
#include "maintenance/move_blobs.h"
#include "maintenance/prune.h"
#include "maintenance/rewrite_index.h"
#include "repository/tree_walk.h"

namespace hikae {
namespace {

using Action = PruneItem::Action;
using PackSet = std::unordered_set<PackId>;
using format::BlobType;

PackSet packs_to_go(const PrunePlan& plan) {
  PackSet gone;
  for (const PruneItem& item : plan.items) {
    if (item.action != Action::keep) gone.insert(item.pack);
  }
  return gone;
}

// What the writer may take for stored already: what lies in packs that stay. An index may name
// packs that are lost, or lack a part: who relied on the second copy of a blob in such a one would
// let the last good one go.
Index index_of_what_stays(const PruneBasis& basis, const PackSet& gone) {
  Index rest;
  rest.reserve(basis.index.blob_count());
  basis.index.for_each_pack([&](const format::IndexedPack& pack) {
    const auto file = basis.packs.find(pack.id);
    const bool is_whole =
        file != basis.packs.end() && file->second == expected_pack_size(pack.blobs);
    if (is_whole && !gone.contains(pack.id)) rest.add(pack);
  });
  return rest;
}

void require_basis(Repository& repository, const PruneBasis& basis, const StopToken& stop) {
  const std::vector<std::string> names = list_names(repository, FileType::index, stop);
  const std::unordered_set<std::string> there(names.begin(), names.end());
  for (const std::string& name : basis.index_files) {
    if (there.contains(name)) continue;
    throw Error(ErrorCode::lock_lost,
                text("maintenance.prune_overtaken", {{"place", repository.backend().location()}}))
        .with_hint(text("maintenance.prune_overtaken_hint"));
  }
}

// The trees of the snapshots that came since.
std::vector<BlobId> find_new_roots(Repository& repository,
                                   const PruneBasis& basis,
                                   const StopToken& stop) {
  std::vector<BlobId> roots;
  for (const std::string& name : list_names(repository, FileType::snapshot, stop)) {
    if (basis.snapshots.contains(*SnapshotId::parse(name))) continue;
    roots.push_back(
        format::decode_snapshot(repository.load_unpacked(FileType::snapshot, name, stop)).tree);
  }
  return roots;
}

// What the new snapshots need beyond what the plan keeps. A tree that was in use then is kept with
// all below it, so the walk ends there: it is as short as what changed.
std::vector<std::uint32_t> find_new_needs(Repository& repository,
                                          const PruneBasis& basis,
                                          const std::vector<BlobId>& roots,
                                          const StopToken& stop) {
  const Index& index = basis.index;
  Guarded<std::unordered_set<std::uint32_t>> needed;
  const auto was_used = [&](std::uint32_t number) {
    return number < basis.used.size() && basis.used[number] != 0;
  };
  const auto need = [&](BlobType type, const BlobId& id) {
    const auto number = index.position(type, id);
    if (!number) {
      throw Error(ErrorCode::corrupt, text("maintenance.prune_lacks_blob", {{"blob", id.hex()}}))
          .with_hint(text("maintenance.prune_lacks_hint"));
    }
    if (!was_used(*number)) needed.lock()->insert(*number);
  };
  TreeWalkHooks hooks;
  hooks.enters = [&](const BlobId& tree) {
    const auto number = index.position(BlobType::tree, tree);
    return !number || !was_used(*number);
  };
  hooks.visit = [&](const BlobId& tree, const std::vector<format::Node>& nodes) {
    need(BlobType::tree, tree);
    for (const format::Node& node : nodes) {
      for (const BlobId& id : node.content) need(BlobType::data, id);
    }
  };
  walk_trees(repository, index, roots, hooks, stop);
  auto all = needed.lock();
  return {all->begin(), all->end()};
}

// What the first half moved must be found where it was moved to: nobody held a lock since, and
// another prune may have taken the new packs for copies of the old ones.
void add_moved(const PrunePlan& plan, const Index& index, std::vector<std::uint32_t>& needed) {
  for (const BlobLocation& place : plan.to_move) {
    if (const auto number = index.position(place.blob.type, place.blob.id))
      needed.push_back(*number);
  }
}

void remove_all(Repository& repository,
                RepositoryLock& lock,
                FileType type,
                const std::vector<std::string>& names,
                std::atomic<std::uint64_t>* counter,
                const StopToken& stop) {
  for (const std::string& name : names) {
    throw_if_stopped(stop);
    lock.confirm(stop);
    repository.backend().remove({type, name}, stop);
    if (counter != nullptr) ++*counter;
  }
}

// Now, by the clock that dates the packs: a lock of ours has just been written or renewed there.
// This machine's clock may be ahead, and would make young packs look old.
Instant store_time(Repository& repository, const Clock& clock, const StopToken& stop) {
  std::optional<Instant> newest;
  repository.backend().list(
      FileType::lock,
      [&](const FileInfo& file) {
        if (file.modified) newest = std::max(newest.value_or(*file.modified), *file.modified);
      },
      stop);
  return std::min(newest.value_or(clock.now()), clock.now());
}

}  // namespace

PruneBasis read_prune_basis(Repository& repository,
                            const std::unordered_set<SnapshotId>& gone,
                            const Clock& clock,
                            const StopToken& stop) {
  PruneBasis basis;
  std::vector<BlobId> roots;
  std::size_t unreadable = 0;
  for (const std::string& name : list_names(repository, FileType::snapshot, stop)) {
    const SnapshotId id = *SnapshotId::parse(name);
    try {
      if (!gone.contains(id)) {
        roots.push_back(
            format::decode_snapshot(repository.load_unpacked(FileType::snapshot, name, stop)).tree);
      }
      basis.snapshots.insert(id);
    } catch (const Error& error) {
      if (error.code() == ErrorCode::not_found) continue;  // forgotten since the listing
      if (error.code() != ErrorCode::corrupt) throw;
      ++unreadable;
    }
  }
  if (unreadable > 0) {
    throw Error(ErrorCode::corrupt,
                text("maintenance.prune_lacks_snapshots", {{"count", std::to_string(unreadable)}}))
        .with_hint(text("maintenance.prune_lacks_snapshots_hint"));
  }
  repository.update_index(basis.index, basis.index_files, stop);
  const auto lag = repository.backend().listing_lag();
  repository.backend().list(
      FileType::pack,
      [&](const FileInfo& file) {
        const PackId pack = *PackId::parse(file.name);
        basis.packs.emplace(pack, file.size);
        if (file.modified) basis.stored.emplace(pack, *file.modified);
      },
      stop);
  if (lag.count() > 0) spare_since(basis, store_time(repository, clock, stop) - lag);
  basis.used = find_used_blobs(repository, basis.index, basis.packs, roots, stop);
  return basis;
}

void spare_since(PruneBasis& basis, Instant since) {
  for (const auto& [pack, size] : basis.packs) {
    const auto stored = basis.stored.find(pack);
    if (stored == basis.stored.end() || stored->second >= since) basis.spared.insert(pack);
  }
}

void keep_wanted(PruneBasis& basis,
                 Repository& from,
                 const Index& from_index,
                 const std::vector<BlobId>& trees,
                 const StopToken& stop) {
  Guarded<std::vector<std::uint32_t>> wanted;
  const auto want = [&](BlobType type, const BlobId& id) {
    const auto number = basis.index.position(type, id);
    if (!number) return;
    // A copy of whole packs stores a blob again rather than look for it in a pack that is gone.
    if (!basis.packs.contains(basis.index.at(*number).pack)) return;
    wanted.lock()->push_back(*number);
  };
  TreeWalkHooks hooks;
  hooks.visit = [&](const BlobId& tree, const std::vector<format::Node>& nodes) {
    want(BlobType::tree, tree);
    for (const format::Node& node : nodes) {
      for (const BlobId& id : node.content) want(BlobType::data, id);
    }
  };
  walk_trees(from, from_index, trees, hooks, stop);
  for (const std::uint32_t number : *wanted.lock()) basis.used[number] = 1;
  for (const auto& [pack, size] : basis.packs) {
    if (!basis.index.has_pack(pack) && from_index.has_pack(pack)) basis.spared.insert(pack);
  }
}

void apply_prune_moves(Repository& repository,
                       const PruneBasis& basis,
                       const PrunePlan& plan,
                       const BlobWriterOptions& options,
                       const Clock& clock,
                       PruneProgress& progress,
                       const StopToken& stop) {
  if (plan.to_move.empty()) return;
  const Index remaining = index_of_what_stays(basis, packs_to_go(plan));
  BlobWriter writer({{&repository, &remaining}}, options, clock, stop);
  move_blobs(repository, plan.to_move, BlobForm::as_stored, writer, progress.bytes_moved, stop);
  writer.finish();
}

PruneRemovals apply_prune_removals(Repository& repository,
                                   RepositoryLock& lock,
                                   PruneBasis& basis,
                                   const PrunePlan& plan,
                                   const Clock& clock,
                                   Log& log,
                                   PruneProgress& progress,
                                   const StopToken& stop) {
  await_listing(repository, lock, clock, log, stop);
  require_basis(repository, basis, stop);
  repository.update_index(basis.index, basis.index_files, stop);
  auto needed = find_new_needs(repository, basis, find_new_roots(repository, basis, stop), stop);
  add_moved(plan, basis.index, needed);
  PruneRemovals removals = settle_removals(plan, basis.index, needed, list_packs(repository, stop));
  PackSet gone;
  std::vector<std::string> packs;
  for (const PruneItem& item : removals.items) {
    gone.insert(item.pack);
    packs.push_back(item.pack.hex());
  }
  if (gone.empty()) return removals;
  // Every blob that any snapshot needs is in a pack that stays, and an index file names it.
  const std::vector<std::string> replaced =
      rewrite_index(repository, list_names(repository, FileType::index, stop), gone, stop);
  // Every pack that stays is named by an index file that stays.
  remove_all(repository, lock, FileType::index, replaced, nullptr, stop);
  // No index file names a pack that goes.
  remove_all(repository, lock, FileType::pack, packs, &progress.packs_removed, stop);
  return removals;
}

}  // namespace hikae
