// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <unordered_map>

#include "maintenance/check_packs.h"
#include "maintenance/prune.h"
#include "repository/tree_walk.h"

namespace hikae {
namespace {

using Action = PruneItem::Action;
using Reason = PruneItem::Reason;
using format::BlobType;

struct PackUse {
  PruneItem item;
  std::vector<std::size_t> numbers;  // among the index's packs: one for each index file naming it
  std::uint64_t unused_bytes = 0;
  bool mixed = false;
  bool trees = false;
};

std::uint64_t stored_bytes(const format::PackedBlob& blob) {
  return blob.length + format::header_entry_size(blob);
}

std::vector<PackUse> measure(const Index& index,
                             const std::map<PackId, std::uint64_t>& files,
                             const std::vector<char>& used) {
  std::vector<PackUse> packs;
  std::unordered_map<PackId, std::size_t> places;
  std::size_t number = 0;
  index.for_each_pack([&](const format::IndexedPack& pack) {
    const std::uint32_t first = index.first_of_pack(number++);
    const auto file = files.find(pack.id);
    if (file == files.end())
      return;  // nothing to delete; find_used_blobs() has made sure that nobody needs it
    // A killed prune leaves packs that two index files name. They are one pack: what one naming
    // shows as used must not be deleted because the other shows nothing used.
    const auto [place, is_first] = places.emplace(pack.id, packs.size());
    if (is_first) packs.emplace_back();
    PackUse& use = packs[place->second];
    use.numbers.push_back(number - 1);
    use.item.pack = pack.id;
    use.item.size = file->second;
    for (std::size_t i = 0; i < pack.blobs.size(); ++i) {
      const format::PackedBlob& blob = pack.blobs[i];
      if (used[first + i] != 0) {
        use.item.used_bytes += stored_bytes(blob);
      } else if (is_first) {
        use.unused_bytes += stored_bytes(blob);
      }
      use.mixed = use.mixed || blob.type != pack.blobs.front().type;
      use.trees = use.trees || blob.type == BlobType::tree;
    }
  });
  return packs;
}

void decide(PackUse& use, Action action, Reason reason) {
  use.item.action = action;
  use.item.reason = reason;
}

// restic's notion of small: well below the size aimed at. Joining them pays only when there are
// some.
void mark_small(std::vector<PackUse>& packs, std::uint64_t pack_size) {
  constexpr std::size_t kFewest = 10;
  std::vector<PackUse*> small;
  for (PackUse& use : packs) {
    const bool stays = use.item.action == Action::keep && use.item.reason != Reason::spared;
    if (stays && use.item.size < pack_size / 5) small.push_back(&use);
  }
  if (small.size() < kFewest) return;
  for (PackUse* use : small) decide(*use, Action::repack, Reason::small);
}

// Repacks the packs with the largest unused share first, until what is left unused is within the
// limit. What max_repack_bytes has no room for waits for the next prune, whatever the reason.
void choose_repacks(std::vector<PackUse>& packs,
                    std::uint64_t allowed,
                    const PruneOptions& options) {
  std::vector<PackUse*> partly;
  std::uint64_t unused = 0;
  std::uint64_t repacked = 0;
  const auto is_too_much = [&](const PackUse& use) {
    return options.max_repack_bytes && repacked + use.item.used_bytes > *options.max_repack_bytes;
  };
  for (PackUse& use : packs) {
    if (use.item.action == Action::repack) {
      if (is_too_much(use)) {
        decide(use, Action::keep, Reason::within_limit);
      } else {
        repacked += use.item.used_bytes;
      }
    }
    if (use.item.reason == Reason::spared) continue;
    if (use.item.action == Action::keep && use.unused_bytes > 0) {
      unused += use.unused_bytes;
      partly.push_back(&use);
    }
  }
  std::sort(partly.begin(), partly.end(), [](const PackUse* a, const PackUse* b) {
    // Trees first: they are few, and every reader of the repository walks through them.
    if (a->trees != b->trees) return a->trees;
    return a->unused_bytes * b->item.size > b->unused_bytes * a->item.size;
  });
  for (PackUse* use : partly) {
    if (is_too_much(*use) || (unused <= allowed && !use->trees)) {
      decide(*use, Action::keep, Reason::within_limit);
      continue;
    }
    decide(*use, Action::repack, Reason::partly_used);
    repacked += use->item.used_bytes;
    unused -= use->unused_bytes;
  }
}

void add_totals(PrunePlan& plan, const PackUse& use) {
  plan.bytes_total += use.item.size;
  plan.bytes_used += use.item.used_bytes;
  plan.bytes_unused += use.unused_bytes;
  switch (use.item.action) {
    case Action::remove:
      plan.bytes_to_remove += use.item.size;
      plan.bytes_freed += use.item.size;
      break;
    case Action::repack:
      plan.bytes_to_repack += use.item.used_bytes;
      plan.bytes_freed += use.unused_bytes;
      break;
    case Action::keep:
      plan.bytes_left_unused += use.unused_bytes;
      break;
  }
}

void collect_moves(PrunePlan& plan,
                   const PackUse& use,
                   const Index& index,
                   const std::vector<char>& used) {
  for (const std::size_t number : use.numbers) {
    const std::uint32_t first = index.first_of_pack(number);
    const std::uint32_t end = number + 1 < index.pack_count()
                                  ? index.first_of_pack(number + 1)
                                  : static_cast<std::uint32_t>(index.blob_count());
    for (std::uint32_t i = first; i < end; ++i) {
      if (used[i] != 0) plan.to_move.push_back(index.at(i));
    }
  }
}

}  // namespace

PrunePlan plan_prune(const Index& index,
                     const std::map<PackId, std::uint64_t>& files,
                     const std::vector<char>& used,
                     const PruneOptions& options,
                     std::uint64_t pack_size) {
  std::vector<PackUse> packs = measure(index, files, used);
  std::uint64_t used_bytes = 0;
  for (PackUse& use : packs) {
    used_bytes += use.item.used_bytes;
    if (options.spared.contains(use.item.pack)) {
      decide(use, Action::keep, use.unused_bytes > 0 ? Reason::spared : Reason::all_used);
    } else if (use.item.used_bytes == 0) {
      decide(use, Action::remove, Reason::nothing_used);
    } else if (use.mixed) {
      decide(use, Action::repack, Reason::mixed);
    }
  }
  mark_small(packs, pack_size);
  const auto percentage = static_cast<std::uint64_t>(static_cast<double>(used_bytes) *
                                                     options.max_unused_percent / 100);
  choose_repacks(packs, options.max_unused_bytes.value_or(percentage), options);

  PrunePlan plan;
  for (const PackUse& use : packs) {
    add_totals(plan, use);
    if (use.item.action == Action::repack) collect_moves(plan, use, index, used);
    plan.items.push_back(use.item);
  }
  for (const auto& [pack, size] : files) {
    if (index.has_pack(pack)) continue;
    PackUse orphan;
    orphan.item.pack = pack;
    orphan.item.size = size;
    if (options.spared.contains(pack)) {
      orphan.unused_bytes = size;
      decide(orphan, Action::keep, Reason::spared);
    } else {
      decide(orphan, Action::remove, Reason::not_indexed);
    }
    add_totals(plan, orphan);
    plan.items.push_back(orphan.item);
  }
  return plan;
}

std::vector<char> find_used_blobs(Repository& repository,
                                  const Index& index,
                                  const std::map<PackId, std::uint64_t>& files,
                                  const std::vector<BlobId>& roots,
                                  const StopToken& stop) {
  // One byte per blob, written by several threads: the same value to the same place, so atomics
  // suffice.
  std::vector<std::atomic<char>> flags(index.blob_count());
  const auto mark = [&](BlobType type, const BlobId& id) {
    const auto position = index.position(type, id);
    if (!position) {
      throw Error(ErrorCode::corrupt, text("maintenance.prune_lacks_blob", {{"blob", id.hex()}}))
          .with_hint(text("maintenance.prune_lacks_hint"));
    }
    flags[*position].store(1, std::memory_order_relaxed);
  };
  TreeWalkHooks hooks;
  hooks.visit = [&](const BlobId& tree, const std::vector<format::Node>& nodes) {
    mark(BlobType::tree, tree);
    for (const format::Node& node : nodes) {
      for (const BlobId& id : node.content) mark(BlobType::data, id);
    }
  };
  hooks.failed = [](const BlobId& tree, const Error& error) {
    if (error.code() != ErrorCode::not_found && error.code() != ErrorCode::corrupt)
      throw Error(error);
    throw Error(ErrorCode::corrupt, text("maintenance.prune_lacks_tree", {{"tree", tree.hex()}}))
        .with_hint(text("maintenance.prune_lacks_hint"));
  };
  walk_trees(repository, index, roots, hooks, stop);

  std::vector<char> used(flags.size());
  for (std::size_t i = 0; i < flags.size(); ++i) used[i] = flags[i].load(std::memory_order_relaxed);
  std::size_t number = 0;
  index.for_each_pack([&](const format::IndexedPack& pack) {
    const std::uint32_t first = index.first_of_pack(number++);
    const bool needed = std::any_of(used.begin() + first,
                                    used.begin() + first + static_cast<long>(pack.blobs.size()),
                                    [](char flag) { return flag != 0; });
    const auto file = files.find(pack.id);
    if (needed && (file == files.end() || file->second != expected_pack_size(pack.blobs))) {
      throw Error(ErrorCode::corrupt,
                  text("maintenance.prune_lacks_pack", {{"pack", pack.id.hex()}}))
          .with_hint(text("maintenance.prune_lacks_hint"));
    }
  });
  return used;
}

}  // namespace hikae
