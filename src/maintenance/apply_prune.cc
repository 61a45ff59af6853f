// SPDX-License-Identifier: Apache-2.0
#include <unordered_set>

#include "maintenance/move_blobs.h"
#include "maintenance/prune.h"

namespace hikae {
namespace {

using Action = PruneItem::Action;
using PackSet = std::unordered_set<PackId>;

constexpr std::size_t kBlobsPerIndex = 50'000;

std::vector<std::string> list_names(Repository& repository, FileType type, const StopToken& stop) {
  std::vector<std::string> names;
  repository.backend().list(
      type, [&](const FileInfo& file) { names.push_back(file.name); }, stop);
  return names;
}

// The old index without the packs that go: what the writer may take for stored already.
Index index_without(const Index& index, const PackSet& gone) {
  Index rest;
  rest.reserve(index.blob_count());
  index.for_each_pack([&](const format::IndexedPack& pack) {
    if (!gone.contains(pack.id)) rest.add(pack);
  });
  return rest;
}

void move_used_blobs(Repository& repository,
                     const Index& remaining,
                     const PrunePlan& plan,
                     const BlobWriterOptions& options,
                     const Clock& clock,
                     PruneProgress& progress,
                     const StopToken& stop) {
  if (plan.to_move.empty()) return;
  BlobWriter writer({{&repository, &remaining}}, options, clock, stop);
  move_blobs(repository, plan.to_move, BlobForm::as_stored, writer, progress.bytes_moved, stop);
  writer.finish();
}

// Writes the packs of old index files that stay into new ones; returns the files that are replaced.
std::vector<std::string> rewrite_index(Repository& repository,
                                       const std::vector<std::string>& old_files,
                                       const PackSet& gone,
                                       const StopToken& stop) {
  std::vector<std::string> replaced;
  std::vector<format::IndexedPack> batch;
  std::size_t blobs = 0;
  const auto flush = [&] {
    if (!batch.empty())
      repository.save_unpacked(FileType::index, format::encode_index(batch), stop);
    batch.clear();
    blobs = 0;
  };
  for (const std::string& name : old_files) {
    std::vector<format::IndexedPack> packs;
    bool changes = false;
    format::decode_index(repository.load_unpacked(FileType::index, name, stop),
                         [&](format::IndexedPack&& pack) {
                           if (gone.contains(pack.id)) {
                             changes = true;
                           } else {
                             packs.push_back(std::move(pack));
                           }
                         });
    if (!changes) continue;
    replaced.push_back(name);
    for (format::IndexedPack& pack : packs) {
      blobs += pack.blobs.size();
      batch.push_back(std::move(pack));
      if (blobs >= kBlobsPerIndex) flush();
    }
  }
  flush();
  return replaced;
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

}  // namespace

void apply_prune(Repository& repository,
                 RepositoryLock& lock,
                 const Index& index,
                 const PrunePlan& plan,
                 const BlobWriterOptions& options,
                 const Clock& clock,
                 PruneProgress& progress,
                 const StopToken& stop) {
  PackSet gone;
  std::vector<std::string> packs_to_remove;
  for (const PruneItem& item : plan.items) {
    if (item.action == Action::keep) continue;
    gone.insert(item.pack);
    packs_to_remove.push_back(item.pack.hex());
  }
  if (gone.empty()) return;
  const std::vector<std::string> old_index_files = list_names(repository, FileType::index, stop);
  const Index remaining = index_without(index, gone);

  move_used_blobs(repository, remaining, plan, options, clock, progress, stop);
  // Every used blob is in a pack that stays, and an index file names it.
  const std::vector<std::string> replaced = rewrite_index(repository, old_index_files, gone, stop);
  // Every pack that stays is named by an index file that stays.
  remove_all(repository, lock, FileType::index, replaced, nullptr, stop);
  // No index file names a pack that goes.
  remove_all(repository, lock, FileType::pack, packs_to_remove, &progress.packs_removed, stop);
}

}  // namespace hikae
