// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <unordered_set>
#include <vector>

#include "base/log.h"
#include "chunker/polynomial.h"
#include "concurrency/guarded.h"
#include "crypto/cipher.h"
#include "crypto/hash.h"
#include "format/compression.h"
#include "format/files.h"
#include "repository/index.h"
#include "repository/known_keys.h"
#include "storage/backend.h"

namespace hikae {

struct SnapshotRecord {
  SnapshotId id;
  format::Snapshot snapshot;
};

// Who opens or makes a repository; written into key and lock files.
struct Identity {
  std::string hostname;
  std::string username;
  std::uint32_t uid = 0;
  std::uint32_t gid = 0;
  std::int64_t pid = 0;
  std::string boot_id;
  std::string pid_ns;
  std::string pid_start;
};

// What one thread needs to load blobs without allocating each time.
struct BlobBuffers {
  format::Decompressor decompressor;
  Bytes sealed;
  Bytes scratch;
};

// One opened restic repository: its keys are known, its files can be read and written. Thread-safe:
// all methods may be called from any thread. Functions that need to find blobs take an Index as
// well, so that nobody can forget to load it. Owns its backend.
class Repository {
 public:
  // Opens with a password: tries each key file. Throws Error no_repository, wrong_password or
  // corrupt.
  static std::unique_ptr<Repository> open(std::unique_ptr<Backend> backend,
                                          const Secret& password,
                                          const StopToken& stop);
  // The same; `known` spares the derivation where this process has made it before.
  static std::unique_ptr<Repository> open(std::unique_ptr<Backend> backend,
                                          const Secret& password,
                                          KnownKeys& known,
                                          const StopToken& stop);

  // Makes a repository: layout, first key, config (last, so that a killed init is no repository
  // yet). REQUIRES: the place is empty, see Backend::is_empty(); throws already_exists otherwise.
  // `shared` gives master key and polynomial of an existing repository, so that packs are the same
  // in both.
  struct Shared {
    MasterKey key;
    Polynomial polynomial = 0;
  };
  static std::unique_ptr<Repository> create(std::unique_ptr<Backend> backend,
                                            const Secret& password,
                                            const Identity& identity,
                                            const std::optional<Shared>& shared,
                                            const Clock& clock,
                                            const StopToken& stop);

  Backend& backend() { return *backend_; }
  const format::Config& config() const { return config_; }
  const Cipher& cipher() const { return cipher_; }
  // The key file that the password opened.
  const KeyId& key_id() const { return key_id_; }

  // A JSON file (index, snapshot, lock, hikae/…): content checked against its name, opened,
  // decompressed. Throws Error{corrupt} that names the file.
  std::string load_unpacked(FileType type, const std::string& name, const StopToken& stop);
  // Such a file, ready to be stored under its SHA-256: compressed (version 2) and sealed.
  struct SealedFile {
    Digest id;
    Bytes content;
  };
  SealedFile seal_unpacked(std::string_view json) const;
  // Compresses (version 2), seals, stores under its SHA-256, which is returned. The file is durable
  // on return. Of an index file, throws what guard_index() gave.
  Digest save_unpacked(FileType type, std::string_view json, const StopToken& stop);

  // Asked before each index file is stored; it throws where that must not happen any more. Who has
  // lost his lock may have lost the packs that his index would name, as nobody needed them yet; and
  // every later backup would take for stored what it names. A RepositoryLock sets it as long as it
  // is held.
  void guard_index(std::function<void(const StopToken&)> guard);

  // Reads all index files, several at once. The first damaged one throws.
  Index load_index(const StopToken& stop);
  // Adds the index files that are not in `loaded` yet, and notes them there: what this process or
  // others wrote since.
  void update_index(Index& index, std::unordered_set<std::string>& loaded, const StopToken& stop);
  // As load_index(), for those who must go on: a damaged file is handed to `damaged` (one call at a
  // time) and left out.
  Index load_index(const std::function<void(const Error&)>& damaged, const StopToken& stop);

  // Newest last. A snapshot file that cannot be read is reported to `log` and left out.
  std::vector<SnapshotRecord> load_snapshots(Log& log, const StopToken& stop);
  SnapshotId save_snapshot(const format::Snapshot& snapshot, const StopToken& stop);

  // The plaintext of a blob, checked against its id; tries every place that the index knows. Throws
  // not_found when the index knows none, corrupt when no copy is good.
  Bytes load_blob(const Index& index,
                  format::BlobType type,
                  const BlobId& id,
                  const StopToken& stop);
  // The same for who loads many.
  Bytes load_blob(const Index& index,
                  format::BlobType type,
                  const BlobId& id,
                  BlobBuffers& buffers,
                  const StopToken& stop);

  // Opens and checks one blob whose sealed bytes are in memory: cipher, decompression, id. Throws
  // Error{corrupt}. `scratch` and `out` are buffers of the caller's, so that a loop allocates
  // nothing.
  void open_blob(const format::PackedBlob& blob,
                 ByteView sealed,
                 format::Decompressor& decompressor,
                 Bytes& scratch,
                 Bytes& out) const;

  // The blobs that a pack's own header names, read from its end. Throws Error{corrupt}.
  std::vector<format::PackedBlob> load_pack_header(const PackId& pack,
                                                   std::uint64_t pack_size,
                                                   const StopToken& stop);

 private:
  void read_index_files(const std::vector<FileInfo>& files,
                        Index& index,
                        const std::function<void(const Error&)>& damaged,
                        const StopToken& stop);
  Repository(std::unique_ptr<Backend> backend,
             format::Config config,
             const MasterKey& key,
             const KeyId& key_id);

  std::unique_ptr<Backend> backend_;
  format::Config config_;
  Cipher cipher_;
  KeyId key_id_;
  Guarded<std::function<void(const StopToken&)>> index_guard_;
};

// Whether packs of one can be stored in the other as they are.
inline bool same_master_key(const Repository& a, const Repository& b) {
  return a.cipher().key() == b.cipher().key();
}

}  // namespace hikae
