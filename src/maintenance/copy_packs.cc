// SPDX-License-Identifier: Apache-2.0
#include "maintenance/copy_packs.h"

#include <algorithm>
#include <map>

#include "maintenance/check_packs.h"

namespace hikae {
namespace {

// Each holds one pack in memory.
constexpr std::size_t kMostTransfers = 4;
// A killed copy finds again what it stored, so an index serves other readers; restic's number.
constexpr std::size_t kBlobsPerIndex = 50'000;
constexpr std::chrono::minutes kIndexAge{1};

class PackCopier {
 public:
  PackCopier(const CopySource& from,
             Repository& to,
             const CopyOptions& options,
             const Clock& clock,
             std::atomic<std::uint64_t>& bytes_moved)
      : from_(from), to_(to), options_(options), clock_(clock), bytes_moved_(bytes_moved) {}

  CopiedPacks run(const std::vector<std::uint32_t>& packs, const StopToken& stop) {
    stored_ = list_packs(to_, stop);
    const std::size_t workers =
        std::min({kMostTransfers,
                  packs.size(),
                  std::max<std::size_t>(from_.repository->backend().connections(), 1),
                  std::max<std::size_t>(to_.backend().connections(), 1)});
    std::atomic<std::size_t> next{0};
    TaskGroup tasks(stop);
    for (std::size_t worker = 0; worker < workers; ++worker) {
      tasks.spawn("copy-packs", [&](const StopToken& group) {
        while (is_time_left()) {
          const std::size_t number = next++;
          if (number >= packs.size()) return;
          copy(packs[number], group);
        }
      });
    }
    tasks.join();
    // Each pack that was begun is durable. The last index names those that no earlier one does.
    write_index(std::exchange(*pending_.lock(), Pending()), stop);
    CopiedPacks copied;
    copied.end = next >= packs.size() ? CopyEnd::complete : CopyEnd::out_of_time;
    copied.refused = std::move(*refused_.lock());
    return copied;
  }

 private:
  struct Pending {
    std::vector<format::IndexedPack> packs;
    std::size_t blobs = 0;
    std::chrono::steady_clock::time_point since;
  };

  bool is_time_left() const { return !options_.until || clock_.steady_now() < *options_.until; }

  void copy(std::uint32_t number, const StopToken& stop) {
    throw_if_stopped(stop);
    format::IndexedPack pack = indexed_pack(*from_.index, number);
    const std::uint64_t size = expected_pack_size(pack.blobs);
    const auto before = stored_.find(pack.id);
    // Of an interrupted copy: a file is there whole or not at all.
    const bool is_stored = before != stored_.end() && before->second == size;
    if (!is_stored && transfer(pack.id, size, stop) == Stored::other) {
      refused_.lock()->push_back(number);
      return;
    }
    bytes_moved_ += size;
    record(std::move(pack), stop);
  }

  enum class Stored { it, other };
  Stored transfer(const PackId& pack, std::uint64_t size, const StopToken& stop) {
    const FileHandle file{FileType::pack, pack.hex()};
    const Bytes bytes = from_.repository->backend().load(file, stop);
    if (bytes.size() != size || id_cast<PackId>(sha256(bytes)) != pack) {
      throw Error(ErrorCode::corrupt,
                  text("maintenance.pack_hash_differs", {{"pack", pack.short_hex()}}))
          .with_context(
              text("maintenance.copying_from", {{"place", from_.repository->backend().location()}}))
          .with_hint(text("repository.check_hint"));
    }
    try {
      to_.backend().save(file, bytes, stop);
    } catch (const Error& error) {
      if (error.code() != ErrorCode::already_exists) throw;
      // Another host may be completing the same destination. One of another size is damaged.
      if (to_.backend().size(file, stop) != size) return Stored::other;
    }
    return Stored::it;
  }

  void record(format::IndexedPack pack, const StopToken& stop) {
    Pending batch;
    {
      auto pending = pending_.lock();
      if (pending->packs.empty()) pending->since = clock_.steady_now();
      pending->blobs += pack.blobs.size();
      pending->packs.push_back(std::move(pack));
      if (pending->blobs < kBlobsPerIndex && clock_.steady_now() - pending->since < kIndexAge)
        return;
      batch = std::exchange(*pending, Pending());
    }
    write_index(batch, stop);
  }

  void write_index(const Pending& batch, const StopToken& stop) {
    if (batch.packs.empty()) return;
    to_.save_unpacked(FileType::index, format::encode_index(batch.packs), stop);
  }

  const CopySource& from_;
  Repository& to_;
  const CopyOptions& options_;
  const Clock& clock_;
  std::atomic<std::uint64_t>& bytes_moved_;
  std::map<PackId, std::uint64_t> stored_;
  Guarded<Pending> pending_;
  Guarded<std::vector<std::uint32_t>> refused_;
};

}  // namespace

format::IndexedPack indexed_pack(const Index& index, std::uint32_t pack) {
  format::IndexedPack indexed;
  indexed.id = index.packs()[pack];
  const std::uint32_t end = pack + 1 < index.pack_count()
                                ? index.first_of_pack(pack + 1)
                                : static_cast<std::uint32_t>(index.blob_count());
  for (std::uint32_t position = index.first_of_pack(pack); position < end; ++position)
    indexed.blobs.push_back(index.at(position).blob);
  return indexed;
}

CopiedPacks copy_packs(const CopySource& from,
                       Repository& to,
                       const std::vector<std::uint32_t>& packs,
                       const CopyOptions& options,
                       const Clock& clock,
                       std::atomic<std::uint64_t>& bytes_moved,
                       const StopToken& stop) {
  if (packs.empty()) return {};
  return PackCopier(from, to, options, clock, bytes_moved).run(packs, stop);
}

}  // namespace hikae
