// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>
#include <exception>
#include <memory>
#include <optional>
#include <vector>

#include "base/units.h"
#include "concurrency/task_group.h"
#include "repository/lag.h"
#include "repository/repository.h"
#include "repository/upload_lanes.h"

namespace hikae {

// Which destination lacks what; also the input of BlobWriter.
struct BlobTarget {
  Repository* repository = nullptr;
  const Index* index = nullptr;
};

enum class Compression { automatic, off, max };

struct BlobWriterOptions {
  std::uint64_t pack_size = 16 * kMiB;
  Compression compression = Compression::automatic;
  LagRule lag;
};

// What one thread needs to hash, compress and seal without allocating each time.
struct BlobScratch {
  explicit BlobScratch(Compression compression);
  format::Compressor compressor;
  Compression compression;
  Bytes compressed;
  Bytes sealed;
};

struct BlobWriterTotals {
  std::uint64_t data_blobs = 0;
  std::uint64_t tree_blobs = 0;
  std::uint64_t bytes = 0;         // before compression
  std::uint64_t bytes_packed = 0;  // as stored
};

// Stores blobs in one or several repositories: each blob is hashed and compressed once, sealed once
// per master key, put into a pack once per set of destinations that lack it, and that pack is
// uploaded to each of them. Each destination commits on its own: packs first, then the index files
// that name them. One that fails is given up and the others go on; when none is left, save() throws
// the first failure. One that holds the others up beyond LagRule is detached: it gets no more
// packs, keeps what it has stored, and is completed later by whoever copies from a good one. The
// last one is never detached.
//
// Memory: a pack of options.pack_size is being filled for each key, set of receivers and type of
// blob. A destination that is alone holds the packs that are being sent (Backend::uploads) besides,
// and nobody fills a third meanwhile. Of several, each holds at most 2 packs that wait and those
// that are being sent. Destinations share a pack's bytes, so that equally fast ones cost no more
// than one; a slow one costs its own 4 at most. Thread-safe: any number of threads may save(), each
// with a scratch of its own.
class BlobWriter {
 public:
  // The targets must outlive the writer. REQUIRES: 1 to 32 targets, all opened read-write.
  BlobWriter(const std::vector<BlobTarget>& targets,
             const BlobWriterOptions& options,
             const Clock& clock,
             const StopToken& stop);
  // Stops the uploads; what is not finished is lost, which costs nothing but space.
  ~BlobWriter();
  BlobWriter(const BlobWriter&) = delete;
  BlobWriter& operator=(const BlobWriter&) = delete;

  struct Saved {
    BlobId id;
    // True when no destination needed it.
    bool known = true;
    std::uint64_t bytes_packed = 0;
  };
  // Throws Error{unsupported} for 2 GiB and more.
  Saved save(format::BlobType type, ByteView plaintext, BlobScratch& scratch);

  // The same for a blob that is compressed already (uncompressed_length > 0) or is not to be
  // compressed (0): `body` is what will be sealed. REQUIRES: the caller has verified that it holds
  // the content that `id` names.
  Saved save_packed(format::BlobType type,
                    const BlobId& id,
                    ByteView body,
                    std::uint32_t uncompressed_length,
                    BlobScratch& scratch);

  // The same for one that is sealed already, which goes into the packs as it is. REQUIRES: besides,
  // takes_sealed_by() the cipher that sealed it.
  Saved save_sealed(format::BlobType type,
                    const BlobId& id,
                    ByteView sealed,
                    std::uint32_t uncompressed_length);
  // Whether every target has the master key of `cipher`.
  bool takes_sealed_by(const Cipher& cipher) const;

  // The live destinations that neither have the blob nor will get it in this run.
  DestinationSet lacking(format::BlobType type, const BlobId& id);
  // Destinations that still work and keep up.
  DestinationSet live() const;
  // Those that work but were too slow.
  DestinationSet detached() const;

  // Stores all that is pending, packs before index. Afterwards every blob that was saved is durable
  // and indexed in each destination that is still live; a detached one is not waited for, and what
  // was just being sent there is broken off. Throws the first failure when none is left. Call once.
  void finish();
  // After finish(): packs that are durable in a detached destination and that no index names yet.
  std::vector<format::IndexedPack> take_unindexed(std::size_t destination);

  std::optional<Error> failure(std::size_t destination) const;
  BlobWriterTotals totals() const;
  // Bytes of packs that each destination has stored durably, for progress.
  std::uint64_t bytes_stored(std::size_t destination) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace hikae
