// SPDX-License-Identifier: Apache-2.0
#include "restore/fallback.h"

namespace hikae {
namespace {

constexpr int kMostFailures = 3;

}  // namespace

struct FallbackBlobs::Entry {
  FallbackRepository how;
  std::mutex opening;  // guards the making of what follows; afterwards it does not change
  bool tried = false;
  std::shared_ptr<Repository> repository;
  Index index;

  std::atomic<bool> given_up{false};
  std::atomic<int> failures{0};  // on end
  std::atomic<std::uint64_t> blobs{0};
  std::atomic<std::uint64_t> bytes{0};
};

FallbackBlobs::FallbackBlobs(std::vector<FallbackRepository> repositories, Log& log) : log_(log) {
  for (FallbackRepository& repository : repositories) {
    entries_.push_back(std::make_unique<Entry>());
    entries_.back()->how = std::move(repository);
  }
}

FallbackBlobs::~FallbackBlobs() = default;

bool FallbackBlobs::is_usable(Entry& entry, const StopToken& stop) {
  if (entry.given_up) return false;
  const std::lock_guard guard(entry.opening);
  if (entry.tried) return !entry.given_up;
  entry.tried = true;
  try {
    entry.repository = entry.how.open(stop);
    // A damaged index file costs what it names, and nothing else.
    entry.index = entry.repository->load_index([](const Error&) {}, stop);
    log_.info(text("restore.fallback_opened", {{"name", entry.how.name}}));
  } catch (const Error& error) {
    entry.failures = kMostFailures;
    note_failure(entry, error);
  }
  return !entry.given_up;
}

void FallbackBlobs::note_failure(Entry& entry, const Error& error) {
  if (++entry.failures < kMostFailures || entry.given_up.exchange(true)) return;
  log_.warning(because(text("restore.fallback_failed", {{"name", entry.how.name}}), error));
}

std::optional<format::PackedBlob> FallbackBlobs::find(format::BlobType type,
                                                      const BlobId& id,
                                                      const StopToken& stop) {
  for (const auto& entry : entries_) {
    if (!is_usable(*entry, stop)) continue;
    if (const auto place = entry->index.find(type, id)) return place->blob;
  }
  return std::nullopt;
}

std::optional<Bytes> FallbackBlobs::load(format::BlobType type,
                                         const BlobId& id,
                                         const StopToken& stop) {
  for (const auto& entry : entries_) {
    if (!is_usable(*entry, stop) || !entry->index.has(type, id)) continue;
    try {
      Bytes content = entry->repository->load_blob(entry->index, type, id, stop);
      entry->failures = 0;
      ++entry->blobs;
      entry->bytes += content.size();
      return content;
    } catch (const Error& error) {
      const bool is_damage =
          error.code() == ErrorCode::corrupt || error.code() == ErrorCode::not_found;
      if (!is_damage) note_failure(*entry, error);
    }
  }
  return std::nullopt;
}

std::vector<FallbackBlobs::Use> FallbackBlobs::uses() const {
  std::vector<Use> result;
  for (const auto& entry : entries_)
    result.push_back({entry->how.name, entry->blobs, entry->bytes});
  return result;
}

}  // namespace hikae
