// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "maintenance/check_packs.h"
#include "maintenance/repair_parts.h"
#include "maintenance/rewrite_index.h"

namespace hikae {
namespace {

using Action = RepairItem::Action;
using Kind = RepairItem::Kind;
using State = RepairResult::State;

constexpr std::size_t kMostFetchers = 8;

// Whether going on with other items is pointless.
bool is_fatal(const Error& error) {
  return error.code() == ErrorCode::lock_lost || error.code() == ErrorCode::no_space;
}

class Repairer {
 public:
  Repairer(Repository& repository,
           RepositoryLock& lock,
           const RepairFacts& facts,
           const std::vector<RepairSource>& sources,
           RepairProgress& progress,
           const StopToken& stop)
      : repository_(repository),
        lock_(lock),
        facts_(facts),
        sources_(sources),
        damaged_(describe_damaged(facts)),
        progress_(progress),
        stop_(stop) {
    // What is asked for lies in bad packs or in unnamed ones; the whole index is not needed twice.
    for (const auto& [id, pack] : damaged_) here_.add(pack);
  }

  RepairReport run(const RepairPlan& plan, const Clock& clock) {
    for (const RepairItem& item : plan.items)
      report_.results.push_back({item, State::done, {}, {}});
    replace_files();
    // Each pack that a source had whole is good again. The others' blobs are wanted.
    std::set<BlobRef> wanted = blobs_wanted();
    store_blobs(wanted, clock);
    // Every blob that could be had is durable and indexed. Nothing has gone but what was replaced.
    name_packs();
    remove_what_is_bad();
    settle_results();
    return std::move(report_);
  }

 private:
  void replace_files() {
    for (RepairResult& result : report_.results) {
      if (result.item.action != Action::replace) continue;
      throw_if_stopped(stop_);
      replace_file(result);
      ++progress_.items_done;
    }
  }

  void replace_file(RepairResult& result) {
    const bool is_pack = result.item.kind == Kind::pack;
    const FileHandle file{is_pack ? FileType::pack : FileType::snapshot, result.item.name};
    result.state = State::failed;
    for (std::size_t i = result.item.source.value_or(0); i < sources_.size(); ++i) {
      try {
        const auto content = load_verified(sources_[i], file);
        if (!content) continue;
        put_in_place(file, *content);
        if (is_pack) report_.written.insert(*PackId::parse(file.name));
        report_.bytes_written += content->size();
        result.source = i;
        result.state = State::done;
        result.failure.reset();
        return;
      } catch (const Error& error) {
        if (is_fatal(error)) throw;
        result.failure = error;
      }
    }
  }

  // nullopt when the source has no such file.
  std::optional<Bytes> load_verified(const RepairSource& source, const FileHandle& file) const {
    const bool has = file.type == FileType::pack ? source.packs.contains(*PackId::parse(file.name))
                                                 : source.snapshot_files.contains(file.name);
    if (!has) return std::nullopt;
    Bytes content = source.repository->backend().load(file, stop_);
    if (sha256(content).hex() != file.name) {
      throw Error(
          ErrorCode::corrupt,
          text("repository.file_damaged",
               {{"file", path_of(file)}, {"place", source.repository->backend().location()}}));
    }
    return content;
  }

  // save() replaces nothing, so the bad one goes first; the good one is in memory by now, and in
  // its source should we be killed in between.
  void put_in_place(const FileHandle& file, const Bytes& content) {
    lock_.confirm(stop_);
    repository_.backend().remove(file, stop_);
    repository_.backend().save(file, content, stop_);
  }

  bool is_rebuilt(const RepairResult& result) const {
    if (result.item.kind != Kind::pack) return false;
    return result.item.action == Action::rebuild ||
           (result.item.action == Action::replace && result.state != State::done);
  }

  std::set<BlobRef> blobs_wanted() {
    for (const RepairResult& result : report_.results) {
      if (is_rebuilt(result)) bad_.insert(*PackId::parse(result.item.name));
    }
    std::set<BlobRef> wanted = facts_.lost;
    for (const PackId& pack : bad_) {
      auto blobs = blobs_only_in(facts_.index, damaged_.at(pack), bad_);
      wanted.insert(blobs.begin(), blobs.end());
      needs_[pack] = std::move(blobs);
    }
    return wanted;
  }

  void store_blobs(const std::set<BlobRef>& wanted, const Clock& clock) {
    if (wanted.empty()) return;
    const std::vector<BlobRef> blobs(wanted.begin(), wanted.end());
    Index good;
    facts_.index.for_each_pack([&](const format::IndexedPack& pack) {
      if (!bad_.contains(pack.id)) good.add(pack);
    });
    BlobWriter writer({{&repository_, &good}}, {}, clock, stop_);
    std::atomic<std::size_t> next{0};
    TaskGroup tasks(stop_);
    for (std::size_t i = 0; i < std::min(blobs.size(), kMostFetchers); ++i) {
      tasks.spawn("repair", [&](const StopToken& group) {
        BlobScratch scratch{Compression::automatic};
        for (std::size_t number = next++; number < blobs.size(); number = next++) {
          store_blob(blobs[number], writer, scratch, group);
          ++progress_.blobs_done;
        }
      });
    }
    tasks.join();
    writer.finish();
    for (const PackId& pack : packs_since()) report_.written.insert(pack);
  }

  void store_blob(const BlobRef& blob,
                  BlobWriter& writer,
                  BlobScratch& scratch,
                  const StopToken& stop) {
    throw_if_stopped(stop);
    // What can still be read of the damaged pack costs no way to elsewhere.
    std::optional<Bytes> content = try_load(repository_, here_, blob, stop);
    std::optional<std::size_t> from;
    for (std::size_t i = 0; !content && i < sources_.size(); ++i) {
      content = try_load(*sources_[i].repository, sources_[i].index, blob, stop);
      from = i;
    }
    if (!content) {
      outcome_.lock()->lost.insert(blob);
      return;
    }
    writer.save(blob.type, *content, scratch);
    auto outcome = outcome_.lock();
    outcome->bytes += content->size();
    if (from) outcome->origin.emplace(blob, *from);
  }

  // Verified by its id. nullopt when it cannot be had there, for whatever reason.
  static std::optional<Bytes> try_load(Repository& from,
                                       const Index& index,
                                       const BlobRef& blob,
                                       const StopToken& stop) {
    if (!index.has(blob.type, blob.id)) return std::nullopt;
    try {
      return from.load_blob(index, blob.type, blob.id, stop);
    } catch (const Error&) {  // its absence in the report is the message
      return std::nullopt;
    }
  }

  std::vector<PackId> packs_since() {
    std::vector<PackId> since;
    for (const auto& [pack, size] : list_packs(repository_, stop_)) {
      if (!facts_.packs.contains(pack)) since.push_back(pack);
    }
    return since;
  }

  void name_packs() {
    std::vector<format::IndexedPack> named;
    for (const format::IndexedPack& pack : facts_.unnamed) {
      if (!bad_.contains(pack.id)) named.push_back(pack);
    }
    if (!named.empty())
      repository_.save_unpacked(FileType::index, format::encode_index(named), stop_);
  }

  // A pack that the store fails to give may be good: it goes only when all that it held is safe.
  bool must_stay(const PackId& pack) {
    if (facts_.damage.packs.at(pack) != Damage::Pack::unreadable) return false;
    auto outcome = outcome_.lock();
    return std::any_of(needs_[pack].begin(), needs_[pack].end(), [&](const BlobRef& blob) {
      return outcome->lost.contains(blob);
    });
  }

  void remove_what_is_bad() {
    std::unordered_set<PackId> gone;
    for (const PackId& pack : bad_) {
      if (!must_stay(pack)) gone.insert(pack);
    }
    const auto& damaged_indexes = facts_.damage.index_files;
    if (gone.empty() && damaged_indexes.empty()) return;
    std::vector<std::string> readable;
    for (std::string& name : list_names(repository_, FileType::index, stop_)) {
      if (std::find(damaged_indexes.begin(), damaged_indexes.end(), name) == damaged_indexes.end())
        readable.push_back(std::move(name));
    }
    std::vector<std::string> old = rewrite_index(repository_, readable, gone, stop_);
    // Every good pack is named by an index file that stays.
    old.insert(old.end(), damaged_indexes.begin(), damaged_indexes.end());
    for (const std::string& name : old) remove({FileType::index, name});
    for (const PackId& pack : gone) remove({FileType::pack, pack.hex()});
  }

  void remove(const FileHandle& file) {
    throw_if_stopped(stop_);
    lock_.confirm(stop_);
    repository_.backend().remove(file, stop_);
  }

  void settle_results() {
    auto outcome = outcome_.lock();
    for (RepairResult& result : report_.results) {
      if (result.item.kind == Kind::blob) {
        settle_blob(result, *outcome);
      } else if (is_rebuilt(result)) {
        settle_pack(result, *outcome);
      } else if (result.item.action == Action::give_up) {
        result.state = State::lost;
      }
    }
    report_.lost.assign(outcome->lost.begin(), outcome->lost.end());
    report_.bytes_written += outcome->bytes;
  }

  struct Outcome {
    std::set<BlobRef> lost;
    std::map<BlobRef, std::size_t> origin;
    std::uint64_t bytes = 0;
  };

  void settle_pack(RepairResult& result, const Outcome& outcome) {
    result.state = State::done;
    for (const BlobRef& blob : needs_[*PackId::parse(result.item.name)]) {
      if (outcome.lost.contains(blob)) result.state = State::lost;
      const auto origin = outcome.origin.find(blob);
      if (origin != outcome.origin.end()) result.source = origin->second;
    }
  }

  static void settle_blob(RepairResult& result, const Outcome& outcome) {
    const BlobId id = *BlobId::parse(result.item.name);
    for (const format::BlobType type : {format::BlobType::data, format::BlobType::tree}) {
      if (outcome.lost.contains({type, id})) result.state = State::lost;
      const auto origin = outcome.origin.find({type, id});
      if (origin != outcome.origin.end()) result.source = origin->second;
    }
  }

  Repository& repository_;
  RepositoryLock& lock_;
  const RepairFacts& facts_;
  const std::vector<RepairSource>& sources_;
  const std::map<PackId, format::IndexedPack> damaged_;
  Index here_;  // of these
  RepairProgress& progress_;
  const StopToken& stop_;
  std::unordered_set<PackId> bad_;                // that no source had whole
  std::map<PackId, std::vector<BlobRef>> needs_;  // of these: what no good pack holds
  Guarded<Outcome> outcome_;
  RepairReport report_;
};

}  // namespace

RepairReport apply_repair(Repository& repository,
                          RepositoryLock& lock,
                          const RepairFacts& facts,
                          const std::vector<RepairSource>& sources,
                          const RepairPlan& plan,
                          const Clock& clock,
                          RepairProgress& progress,
                          const StopToken& stop) {
  return Repairer(repository, lock, facts, sources, progress, stop).run(plan, clock);
}

}  // namespace hikae
