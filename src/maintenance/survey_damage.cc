// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "maintenance/check_packs.h"
#include "maintenance/repair.h"
#include "maintenance/rewrite_index.h"
#include "repository/tree_walk.h"

namespace hikae {
namespace {

using format::BlobType;

// A pack that no index names, as its own header tells, or as a source's index tells when the header
// is damaged. Whoever names a pack again answers for it, so all of it is read.
struct UnnamedPack {
  format::IndexedPack pack;
  bool damaged = false;
};

std::optional<format::IndexedPack> describe_by_sources(const PackId& pack,
                                                       const std::vector<RepairSource>& sources) {
  std::optional<format::IndexedPack> found;
  for (const RepairSource& source : sources) {
    if (found || !source.index.has_pack(pack)) continue;
    source.index.for_each_pack([&](const format::IndexedPack& other) {
      if (other.id == pack) found = other;
    });
  }
  return found;
}

std::optional<UnnamedPack> describe_pack(Repository& repository,
                                         const PackId& pack,
                                         std::uint64_t size,
                                         const std::vector<RepairSource>& sources,
                                         PackBuffers& buffers,
                                         const StopToken& stop) {
  UnnamedPack unnamed;
  try {
    unnamed.pack = {pack, repository.load_pack_header(pack, size, stop)};
    const auto found = [&](const CheckFinding&) { unnamed.damaged = true; };
    check_pack(repository, unnamed.pack, buffers, found, stop);
    return unnamed;
  } catch (const Error& error) {
    if (error.code() != ErrorCode::corrupt) throw;
  }
  const auto described = describe_by_sources(pack, sources);
  if (!described) return std::nullopt;  // left of a killed run, most likely; a prune removes it
  return UnnamedPack{*described, true};
}

// Finds what trees need that no pack holds. `here` is the index of the repository with the packs
// that it does not name.
class NeedFinder {
 public:
  NeedFinder(RepairFacts& facts, const Index& here, const StopToken& stop)
      : facts_(facts), here_(here), stop_(stop) {}

  // What a tree needs that was not to be found only because no index named its pack.
  void walk_here(Repository& repository) {
    TreeWalkHooks hooks = collecting_hooks();
    hooks.failed = [&](const BlobId& tree, const Error&) {
      need(BlobType::tree, tree);
      auto found = found_.lock();
      for (const BlobLocation& place : here_.find_all(BlobType::tree, tree))
        found->damaged.insert(place.pack);
    };
    walk_trees(repository, here_, lost_trees_in(here_), hooks, stop_);
    settle();
  }

  // What a lost tree needs below is known by those who have it.
  void walk_there(const RepairSource& source) {
    TreeWalkHooks hooks = collecting_hooks();
    hooks.failed = [&](const BlobId& tree, const Error&) { need(BlobType::tree, tree); };
    walk_trees(*source.repository, source.index, lost_trees_in(source.index), hooks, stop_);
    settle();
  }

 private:
  struct Found {
    std::set<BlobRef> needed;
    std::set<PackId> damaged;
  };

  TreeWalkHooks collecting_hooks() {
    TreeWalkHooks hooks;
    hooks.visit = [this](const BlobId& tree, const std::vector<format::Node>& nodes) {
      need(BlobType::tree, tree);
      for (const format::Node& node : nodes) {
        for (const BlobId& id : node.content) need(BlobType::data, id);
      }
    };
    return hooks;
  }

  void need(BlobType type, const BlobId& id) {
    if (!here_.has(type, id)) found_.lock()->needed.insert({type, id});
  }

  std::vector<BlobId> lost_trees_in(const Index& index) const {
    std::vector<BlobId> trees;
    for (const BlobRef& blob : facts_.lost) {
      if (blob.type == BlobType::tree && index.has(blob.type, blob.id)) trees.push_back(blob.id);
    }
    return trees;
  }

  void settle() {
    auto found = found_.lock();
    facts_.lost.merge(found->needed);
    for (const PackId& pack : found->damaged)
      facts_.damage.packs.emplace(pack, Damage::Pack::damaged);
    *found = Found();
  }

  RepairFacts& facts_;
  const Index& here_;
  const StopToken& stop_;
  Guarded<Found> found_;
};

// Reads the packs that no index names, and adds them to `here`.
void describe_unnamed(Repository& repository,
                      RepairFacts& facts,
                      const std::vector<RepairSource>& sources,
                      Index& here,
                      const StopToken& stop) {
  const std::vector<PackId> packs = facts.damage.not_indexed;
  std::vector<std::optional<UnnamedPack>> described(packs.size());
  std::atomic<std::size_t> next{0};
  TaskGroup tasks(stop);
  for (std::size_t i = 0; i < std::min(packs.size(), cpu_count()); ++i) {
    tasks.spawn("read-unnamed", [&](const StopToken& group) {
      PackBuffers buffers;
      for (std::size_t number = next++; number < packs.size(); number = next++) {
        const PackId& pack = packs[number];
        const auto file = facts.packs.find(pack);
        if (file == facts.packs.end()) continue;
        described[number] = describe_pack(repository, pack, file->second, sources, buffers, group);
      }
    });
  }
  tasks.join();
  for (auto& unnamed : described) {
    if (!unnamed) continue;
    if (unnamed->damaged) facts.damage.packs.emplace(unnamed->pack.id, Damage::Pack::damaged);
    here.add(unnamed->pack);
    facts.unnamed.push_back(std::move(unnamed->pack));
  }
}

}  // namespace

RepairSource read_repair_source(std::string name, Repository& repository, const StopToken& stop) {
  RepairSource source;
  source.name = std::move(name);
  source.repository = &repository;
  source.index = repository.load_index([](const Error&) {}, stop);
  source.packs = list_packs(repository, stop);
  for (std::string& file : list_names(repository, FileType::snapshot, stop))
    source.snapshot_files.insert(std::move(file));
  return source;
}

RepairFacts survey_damage(Repository& repository,
                          Damage damage,
                          const std::vector<RepairSource>& sources,
                          const StopToken& stop) {
  RepairFacts facts;
  facts.damage = std::move(damage);
  facts.index = repository.load_index([](const Error&) {}, stop);
  facts.packs = list_packs(repository, stop);
  if (facts.damage.lost.empty() && facts.damage.index_files.empty()) return facts;
  Index here;
  facts.index.for_each_pack([&](const format::IndexedPack& pack) { here.add(pack); });
  describe_unnamed(repository, facts, sources, here, stop);
  NeedFinder finder(facts, here, stop);
  facts.lost = facts.damage.lost;
  finder.walk_here(repository);
  for (const RepairSource& source : sources) finder.walk_there(source);
  std::erase_if(facts.lost, [&](const BlobRef& blob) { return here.has(blob.type, blob.id); });
  return facts;
}

}  // namespace hikae
