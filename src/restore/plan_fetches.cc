// SPDX-License-Identifier: Apache-2.0
#include "restore/plan_fetches.h"

#include <algorithm>
#include <tuple>
#include <unordered_map>

namespace hikae::restore {
namespace {

// Reading over a gap costs less than another call to the store.
constexpr std::uint64_t kMaxGap = 128 * kKiB;
// A blob that many files share would keep one thread busy while the others have nothing to do.
constexpr std::uint32_t kMaxUses = 2048;

class Planner {
 public:
  Planner(Context& context, RestoreTree& tree, const StopToken& stop)
      : context_(context), tree_(tree), stop_(stop) {}

  FetchPlan plan() {
    plan_.missing = std::vector<std::atomic<std::uint32_t>>(tree_.files.size());
    for (std::uint32_t number = 0; number < tree_.files.size(); ++number) add_file(number);
    std::sort(plan_.uses.begin(), plan_.uses.end(), [](const BlobUse& a, const BlobUse& b) {
      return std::tie(a.pack, a.offset, a.file, a.file_offset) <
             std::tie(b.pack, b.offset, b.file, b.file_offset);
    });
    cut_into_fetches();
    return std::move(plan_);
  }

 private:
  void add_file(std::uint32_t number) {
    FileItem& file = tree_.files[number];
    if (file.state == FileItem::State::metadata) plan_.bare_files.push_back(number);
    if (!file.is_written()) return;
    const std::size_t uses_before = plan_.uses.size();
    std::uint64_t offset = 0;
    for (std::uint32_t i = 0; i < file.content_count; ++i) {
      const std::uint32_t position = file.content_begin + i;
      const auto place = find_blob(context_, tree_.content[position], stop_);
      if (!place) {
        give_up(file, tree_.content[position]);
        plan_.uses.resize(uses_before);
        return;
      }
      if (!tree_.has(position)) {
        const format::PackedBlob& blob = place->blob;
        plan_.uses.push_back({offset,
                              place->pack ? pack_number(*place->pack) : own_number(blob.id),
                              place->pack ? blob.offset : 0,
                              blob.length,
                              blob.uncompressed_length,
                              number,
                              position});
      }
      offset += plaintext_length(place->blob);
    }
    const std::size_t uses = plan_.uses.size() - uses_before;
    plan_.missing[number].store(static_cast<std::uint32_t>(uses), std::memory_order_relaxed);
    if (uses == 0) plan_.bare_files.push_back(number);
    for (std::size_t i = uses_before; i < plan_.uses.size(); ++i) {
      const BlobUse& use = plan_.uses[i];
      plan_.bytes_to_write +=
          use.uncompressed_length != 0 ? use.uncompressed_length : use.length - Cipher::kOverhead;
    }
    file.size = offset;
    ++plan_.files_to_write;
  }

  void give_up(FileItem& file, const BlobId& missing) {
    file.state = FileItem::State::failed;
    context_.errors.add(tree_.path_of(file),
                        text("restore.blob_unknown", {{"blob", missing.hex()}}));
  }

  std::uint32_t pack_number(const PackId& id) {
    const auto [entry, is_new] =
        pack_numbers_.emplace(id, static_cast<std::uint32_t>(plan_.packs.size()));
    if (is_new) plan_.packs.push_back(id);
    return entry->second;
  }

  std::uint32_t own_number(const BlobId& id) {
    const auto [entry, is_new] =
        elsewhere_.emplace(id, static_cast<std::uint32_t>(plan_.packs.size()));
    if (is_new) plan_.packs.push_back(kElsewhere);
    return entry->second;
  }

  void cut_into_fetches() {
    Fetch fetch;
    for (std::uint32_t i = 0; i < plan_.uses.size(); ++i) {
      const BlobUse& use = plan_.uses[i];
      const std::uint64_t end = std::uint64_t{use.offset} + use.length;
      const std::uint64_t fetch_end = fetch.offset + fetch.length;
      const bool fits = fetch.end_use != 0 && fetch.pack == use.pack &&
                        use.offset <= fetch_end + kMaxGap && end <= fetch.offset + kFetchLength &&
                        i - fetch.first_use < kMaxUses;
      if (!fits) {
        if (fetch.end_use != 0) plan_.fetches.push_back(fetch);
        fetch = {use.pack, i, i, use.offset, 0};
      }
      fetch.end_use = i + 1;
      fetch.length = std::max(fetch.length, end - fetch.offset);
    }
    if (fetch.end_use != 0) plan_.fetches.push_back(fetch);
  }

  Context& context_;
  RestoreTree& tree_;
  FetchPlan plan_;
  const StopToken& stop_;
  std::unordered_map<PackId, std::uint32_t> pack_numbers_;
  std::unordered_map<BlobId, std::uint32_t> elsewhere_;
};

}  // namespace

FetchPlan plan_fetches(Context& context, RestoreTree& tree, const StopToken& stop) {
  return Planner(context, tree, stop).plan();
}

}  // namespace hikae::restore
