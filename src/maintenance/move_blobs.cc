// SPDX-License-Identifier: Apache-2.0
#include "maintenance/move_blobs.h"

#include <algorithm>

namespace hikae {
namespace {

// One read may hold this much; with a worker's buffers it bounds memory. Half a pack costs a store
// over a line one request more for each.
constexpr std::uint64_t kMostAtOnce = 8 * kMiB;
// Reading over a gap of this size is cheaper than another read.
constexpr std::uint64_t kSmallGap = 64 * kKiB;

struct Range {
  std::size_t begin = 0;  // positions in the sorted places
  std::size_t end = 0;
};

std::uint64_t end_of(const BlobLocation& place) {
  return std::uint64_t{place.blob.offset} + place.blob.length;
}

std::vector<Range> plan_reads(std::vector<BlobLocation>& places) {
  std::sort(places.begin(), places.end(), [](const BlobLocation& a, const BlobLocation& b) {
    return a.pack != b.pack ? a.pack < b.pack : a.blob.offset < b.blob.offset;
  });
  std::vector<Range> ranges;
  for (std::size_t i = 0; i < places.size(); ++i) {
    const bool joins = !ranges.empty() && places[ranges.back().begin].pack == places[i].pack &&
                       places[i].blob.offset <= end_of(places[i - 1]) + kSmallGap &&
                       end_of(places[i]) - places[ranges.back().begin].blob.offset <= kMostAtOnce;
    if (joins) {
      ranges.back().end = i + 1;
    } else {
      ranges.push_back({i, i + 1});
    }
  }
  return ranges;
}

class Mover {
 public:
  Mover(Repository& from,
        const std::vector<BlobLocation>& places,
        BlobForm form,
        BlobWriter& writer,
        std::atomic<std::uint64_t>& bytes_moved)
      : from_(from),
        places_(places),
        form_(form),
        as_sealed_(form == BlobForm::as_stored && writer.takes_sealed_by(from.cipher())),
        writer_(writer),
        bytes_moved_(bytes_moved) {}

  void move(const Range& range, const StopToken& stop) {
    const BlobLocation& first = places_[range.begin];
    const std::uint64_t start = first.blob.offset;
    const std::size_t size = end_of(places_[range.end - 1]) - start;
    // What was read before need not be copied into a larger buffer.
    if (size > sealed_.capacity()) sealed_ = Bytes();
    sealed_.resize(size);
    from_.backend().load_range({FileType::pack, first.pack.hex()}, start, sealed_, stop);
    for (std::size_t i = range.begin; i < range.end; ++i) {
      const format::PackedBlob& blob = places_[i].blob;
      move_one(blob, ByteView(sealed_).subspan(blob.offset - start, blob.length), first.pack);
      bytes_moved_ += blob.length;
    }
  }

 private:
  void move_one(const format::PackedBlob& blob, ByteView sealed, const PackId& pack) {
    try {
      from_.open_blob(blob, sealed, decompressor_, body_, plaintext_);
    } catch (Error& error) {
      error.add_context(text("repository.reading_blob",
                             {{"blob", blob.id.short_hex()}, {"pack", pack.short_hex()}}));
      error.set_hint(text("repository.check_hint"));
      throw;
    }
    // What was just opened and hashed need not be sealed anew for the same key.
    if (as_sealed_) {
      writer_.save_sealed(blob.type, blob.id, sealed, blob.uncompressed_length);
    } else if (blob.is_compressed() && form_ == BlobForm::as_stored) {
      writer_.save_packed(blob.type, blob.id, body_, blob.uncompressed_length, scratch_);
    } else {
      writer_.save_packed(blob.type, blob.id, plaintext_, 0, scratch_);
    }
  }

  Repository& from_;
  const std::vector<BlobLocation>& places_;
  const BlobForm form_;
  const bool as_sealed_;
  BlobWriter& writer_;
  std::atomic<std::uint64_t>& bytes_moved_;
  Bytes sealed_;
  Bytes body_;
  Bytes plaintext_;
  format::Decompressor decompressor_;
  BlobScratch scratch_{Compression::automatic};
};

}  // namespace

void move_blobs(Repository& from,
                std::vector<BlobLocation> places,
                BlobForm form,
                BlobWriter& writer,
                std::atomic<std::uint64_t>& bytes_moved,
                const StopToken& stop) {
  const std::vector<Range> ranges = plan_reads(places);
  std::atomic<std::size_t> next{0};
  TaskGroup tasks(stop);
  for (std::size_t i = 0; i < std::min(ranges.size(), cpu_count()); ++i) {
    tasks.spawn("move-blobs", [&](const StopToken& group) {
      Mover mover(from, places, form, writer, bytes_moved);
      for (std::size_t number = next++; number < ranges.size(); number = next++) {
        throw_if_stopped(group);
        mover.move(ranges[number], group);
      }
    });
  }
  tasks.join();
}

}  // namespace hikae
