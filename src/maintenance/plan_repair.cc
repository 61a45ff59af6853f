// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "maintenance/check_packs.h"
#include "maintenance/repair_parts.h"

namespace hikae {
namespace {

using Action = RepairItem::Action;
using Kind = RepairItem::Kind;
using Reason = RepairItem::Reason;

Reason reason_of(Damage::Pack state) {
  switch (state) {
    case Damage::Pack::missing:
      return Reason::missing;
    case Damage::Pack::wrong_size:
      return Reason::wrong_size;
    case Damage::Pack::damaged:
      return Reason::damaged;
    case Damage::Pack::unreadable:
      return Reason::unreadable;
  }
  return Reason::damaged;
}

template <typename Has>
std::optional<std::size_t> first_source(const std::vector<RepairSource>& sources, const Has& has) {
  for (std::size_t i = 0; i < sources.size(); ++i) {
    if (has(sources[i])) return i;
  }
  return std::nullopt;
}

class Planner {
 public:
  Planner(const RepairFacts& facts, const std::vector<RepairSource>& sources)
      : facts_(facts), sources_(sources), damaged_(describe_damaged(facts)) {}

  RepairPlan plan() {
    for (const auto& [pack, state] : facts_.damage.packs) add_pack(pack, state);
    // Which packs come back whole is known; what the others held must come from elsewhere.
    for (RepairItem& item : plan_.items) {
      if (item.action == Action::rebuild) count_blobs(item);
    }
    for (const format::IndexedPack& pack : facts_.unnamed)
      add({Kind::pack, Action::name, Reason::not_indexed, pack.id.hex()});
    for (const std::string& name : facts_.damage.index_files)
      add({Kind::index, Action::remove, Reason::damaged, name});
    for (const BlobRef& blob : facts_.lost) add_blob(blob);
    for (const std::string& name : facts_.damage.snapshot_files) add_snapshot(name);
    return std::move(plan_);
  }

 private:
  void add(RepairItem item) { plan_.items.push_back(std::move(item)); }

  void add_pack(const PackId& pack, Damage::Pack state) {
    RepairItem item{Kind::pack, Action::replace, reason_of(state), pack.hex()};
    const std::uint64_t size = expected_pack_size(damaged_[pack].blobs);
    item.source = first_source(sources_, [&](const RepairSource& source) {
      const auto file = source.packs.find(pack);
      return file != source.packs.end() && file->second == size;
    });
    if (!item.source) {
      item.action = Action::rebuild;
      bad_.insert(pack);
    }
    add(std::move(item));
  }

  void count_blobs(RepairItem& item) {
    const format::IndexedPack& pack = damaged_[*PackId::parse(item.name)];
    const std::vector<BlobRef> alone = blobs_only_in(facts_.index, pack, bad_);
    item.blobs_here = pack.blobs.size() - alone.size();
    for (const BlobRef& blob : alone) {
      const auto source = first_source(
          sources_, [&](const RepairSource& other) { return other.index.has(blob.type, blob.id); });
      ++(source ? item.blobs_fetched : item.blobs_unknown);
      if (source && !item.source) item.source = source;
    }
  }

  void add_blob(const BlobRef& blob) {
    RepairItem item{Kind::blob, Action::fetch, Reason::not_stored, blob.id.hex()};
    item.source = first_source(
        sources_, [&](const RepairSource& source) { return source.index.has(blob.type, blob.id); });
    if (!item.source) item.action = Action::give_up;
    add(std::move(item));
  }

  void add_snapshot(const std::string& name) {
    RepairItem item{Kind::snapshot, Action::replace, Reason::damaged, name};
    item.source = first_source(
        sources_, [&](const RepairSource& source) { return source.snapshot_files.contains(name); });
    if (!item.source) item.action = Action::give_up;
    add(std::move(item));
  }

  const RepairFacts& facts_;
  const std::vector<RepairSource>& sources_;
  std::map<PackId, format::IndexedPack> damaged_;
  std::unordered_set<PackId> bad_;
  RepairPlan plan_;
};

}  // namespace

bool RepairPlan::changes_anything() const {
  return std::any_of(items.begin(), items.end(), [](const RepairItem& item) {
    return item.action != Action::give_up;
  });
}

std::map<PackId, format::IndexedPack> describe_damaged(const RepairFacts& facts) {
  std::map<PackId, format::IndexedPack> damaged;
  const auto note = [&](const format::IndexedPack& pack) {
    if (facts.damage.packs.contains(pack.id)) damaged.emplace(pack.id, pack);
  };
  facts.index.for_each_pack(note);
  for (const format::IndexedPack& pack : facts.unnamed) note(pack);
  return damaged;
}

std::vector<BlobRef> blobs_only_in(const Index& index,
                                   const format::IndexedPack& pack,
                                   const std::unordered_set<PackId>& bad) {
  std::set<BlobRef> alone;
  for (const format::PackedBlob& blob : pack.blobs) {
    const auto copies = index.find_all(blob.type, blob.id);
    const bool lies_elsewhere =
        std::any_of(copies.begin(), copies.end(), [&](const BlobLocation& copy) {
          return copy.pack != pack.id && !bad.contains(copy.pack);
        });
    if (!lies_elsewhere) alone.insert({blob.type, blob.id});
  }
  return {alone.begin(), alone.end()};
}

RepairPlan plan_repair(const RepairFacts& facts, const std::vector<RepairSource>& sources) {
  return Planner(facts, sources).plan();
}

}  // namespace hikae
