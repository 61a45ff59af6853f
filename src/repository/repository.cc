// SPDX-License-Identifier: Apache-2.0
#include "repository/repository.h"

#include <algorithm>
#include <atomic>
#include <mutex>

#include "concurrency/bounded_queue.h"
#include "concurrency/task_group.h"
#include "crypto/random.h"
#include "repository/keys.h"

namespace hikae {
namespace {

Error damaged_file(FileType type, const std::string& name, const Backend& backend) {
  return Error(ErrorCode::corrupt,
               text("repository.file_damaged",
                    {{"file", path_of({type, name})}, {"place", backend.location()}}))
      // A check needs the config as well, so it cannot be the advice.
      .with_hint(text(type == FileType::config ? "repository.config_damaged_hint"
                                               : "repository.file_damaged_hint"));
}

format::Config load_config(Backend& backend, const Cipher& cipher, const StopToken& stop) {
  try {
    const Bytes sealed = backend.load({FileType::config, ""}, stop);
    format::Config config = format::decode_config(as_text(cipher.open(sealed)));
    if (config.version != 1 && config.version != 2) {
      throw Error(
          ErrorCode::unsupported,
          text("repository.version_unsupported", {{"version", std::to_string(config.version)}}));
    }
    return config;
  } catch (const Error& error) {
    if (error.code() == ErrorCode::corrupt) throw damaged_file(FileType::config, "", backend);
    throw;
  }
}

std::string random_hex_id() {
  Digest id;
  fill_random(id.bytes);
  return id.hex();
}

Polynomial new_polynomial() {
  return random_polynomial([] {
    std::array<std::uint8_t, 8> bytes{};
    fill_random(bytes);
    std::uint64_t word = 0;
    for (const std::uint8_t byte : bytes) word = word << 8 | byte;
    return word;
  });
}

}  // namespace

Repository::Repository(std::unique_ptr<Backend> backend,
                       format::Config config,
                       const MasterKey& key,
                       const KeyId& key_id)
    : backend_(std::move(backend)), config_(std::move(config)), cipher_(key), key_id_(key_id) {}

std::unique_ptr<Repository> Repository::open(std::unique_ptr<Backend> backend,
                                             const Secret& password,
                                             const StopToken& stop) {
  KnownKeys none;
  return open(std::move(backend), password, none, stop);
}

std::unique_ptr<Repository> Repository::open(std::unique_ptr<Backend> backend,
                                             const Secret& password,
                                             KnownKeys& known,
                                             const StopToken& stop) {
  if (!backend->size({FileType::config, ""}, stop)) {
    throw Error(ErrorCode::no_repository, text("repository.none", {{"place", backend->location()}}))
        .with_hint(text("repository.none_hint"));
  }
  OpenedKey key = open_key(*backend, password, known, stop);
  format::Config config = load_config(*backend, Cipher(key.master), stop);
  return std::unique_ptr<Repository>(
      new Repository(std::move(backend), std::move(config), key.master, key.id));
}

std::unique_ptr<Repository> Repository::create(std::unique_ptr<Backend> backend,
                                               const Secret& password,
                                               const Identity& identity,
                                               const std::optional<Shared>& shared,
                                               const Clock& clock,
                                               const StopToken& stop) {
  if (!backend->is_empty(stop)) {
    throw Error(ErrorCode::already_exists,
                text("repository.not_empty", {{"place", backend->location()}}))
        .with_hint(text("repository.not_empty_hint"));
  }
  const MasterKey master = shared ? shared->key : MasterKey::random();
  format::Config config;
  config.version = 2;
  config.id = random_hex_id();
  config.chunker_polynomial = shared ? shared->polynomial : new_polynomial();
  backend->create_layout(stop);
  const KeyId key_id = add_key(*backend, master, password, identity, clock, stop);
  Bytes sealed;
  Cipher(master).seal(as_bytes(format::encode(config)), sealed);
  try {
    backend->save({FileType::config, ""}, sealed, stop);
  } catch (const Error& error) {
    // Somebody else was faster. Our key would open to another master key than his, and whoever has
    // its password would try it first or not, as the files happen to be listed.
    if (error.code() == ErrorCode::already_exists)
      backend->remove({FileType::key, key_id.hex()}, stop);
    throw;
  }
  return std::unique_ptr<Repository>(
      new Repository(std::move(backend), std::move(config), master, key_id));
}

std::string Repository::load_unpacked(FileType type,
                                      const std::string& name,
                                      const StopToken& stop) {
  const Bytes sealed = backend_->load({type, name}, stop);
  if (sha256(sealed).hex() != name) throw damaged_file(type, name, *backend_);
  try {
    return format::decode_unpacked(cipher_.open(sealed));
  } catch (const Error& error) {
    if (error.code() == ErrorCode::corrupt) throw damaged_file(type, name, *backend_);
    throw;
  }
}

Repository::SealedFile Repository::seal_unpacked(std::string_view json) const {
  SealedFile file;
  // Version 1 knows no compression of these files.
  cipher_.seal(config_.version >= 2 ? format::encode_unpacked(json) : to_bytes(json), file.content);
  file.id = sha256(file.content);
  return file;
}

void Repository::guard_index(std::function<void(const StopToken&)> guard) {
  *index_guard_.lock() = std::move(guard);
}

Digest Repository::save_unpacked(FileType type, std::string_view json, const StopToken& stop) {
  if (type == FileType::index) {
    // Held meanwhile, so that whoever takes the guard away waits for its end.
    auto guard = index_guard_.lock();
    if (*guard) (*guard)(stop);
  }
  const SealedFile file = seal_unpacked(json);
  backend_->save({type, file.id.hex()}, file.content, stop);
  return file.id;
}

Index Repository::load_index(const StopToken& stop) {
  return load_index([](const Error& error) { throw Error(error); }, stop);
}

Index Repository::load_index(const std::function<void(const Error&)>& damaged,
                             const StopToken& stop) {
  std::vector<FileInfo> files;
  backend_->list(
      FileType::index, [&](const FileInfo& file) { files.push_back(file); }, stop);
  Index index;
  read_index_files(files, index, damaged, stop);
  return index;
}

void Repository::update_index(Index& index,
                              std::unordered_set<std::string>& loaded,
                              const StopToken& stop) {
  std::vector<FileInfo> files;
  backend_->list(
      FileType::index,
      [&](const FileInfo& file) {
        if (loaded.insert(file.name).second) files.push_back(file);
      },
      stop);
  read_index_files(
      files, index, [](const Error& error) { throw Error(error); }, stop);
}

void Repository::read_index_files(const std::vector<FileInfo>& files,
                                  Index& index,
                                  const std::function<void(const Error&)>& damaged,
                                  const StopToken& stop) {
  std::uint64_t bytes = 0;
  for (const FileInfo& file : files) bytes += file.size;
  // A compressed index takes about 60 bytes a blob; too small a guess only costs growth.
  index.reserve(index.blob_count() + bytes / 60);
  std::mutex one_at_a_time;  // guards `index` and the calls of `damaged`
  std::atomic<std::size_t> next{0};
  TaskGroup tasks(stop);
  const std::size_t workers =
      std::min(files.size(), std::max(backend_->connections(), cpu_count()));
  for (std::size_t i = 0; i < workers; ++i) {
    tasks.spawn("load-index", [&](const StopToken& group_stop) {
      for (std::size_t number = next++; number < files.size(); number = next++) {
        throw_if_stopped(group_stop);
        try {
          const std::string json = load_unpacked(FileType::index, files[number].name, group_stop);
          format::decode_index(json, [&](format::IndexedPack&& pack) {
            const std::lock_guard guard(one_at_a_time);
            index.add(pack);
          });
        } catch (const Error& error) {
          // Between listing and loading a prune elsewhere may have replaced it by others, which it
          // wrote first.
          if (error.code() == ErrorCode::not_found) continue;
          if (error.code() != ErrorCode::corrupt) throw;
          const std::lock_guard guard(one_at_a_time);
          damaged(error);
        }
      }
    });
  }
  tasks.join();
}

std::vector<SnapshotRecord> Repository::load_snapshots(Log& log, const StopToken& stop) {
  std::vector<std::string> names;
  backend_->list(
      FileType::snapshot, [&](const FileInfo& file) { names.push_back(file.name); }, stop);
  std::vector<SnapshotRecord> snapshots;
  for (const std::string& name : names) {
    throw_if_stopped(stop);
    try {
      snapshots.push_back({*SnapshotId::parse(name),
                           format::decode_snapshot(load_unpacked(FileType::snapshot, name, stop))});
    } catch (const Error& error) {
      if (error.code() == ErrorCode::not_found) continue;  // forgotten since the listing
      if (error.code() != ErrorCode::corrupt) throw;
      log.warning(text("repository.snapshot_damaged",
                       {{"snapshot", name}, {"place", backend_->location()}}));
    }
  }
  std::sort(
      snapshots.begin(), snapshots.end(), [](const SnapshotRecord& a, const SnapshotRecord& b) {
        const auto& left = a.snapshot.time;
        const auto& right = b.snapshot.time;
        if (left.seconds != right.seconds) return left.seconds < right.seconds;
        if (left.nanoseconds != right.nanoseconds) return left.nanoseconds < right.nanoseconds;
        return a.id < b.id;
      });
  return snapshots;
}

SnapshotId Repository::save_snapshot(const format::Snapshot& snapshot, const StopToken& stop) {
  return id_cast<SnapshotId>(save_unpacked(FileType::snapshot, format::encode(snapshot), stop));
}

void Repository::open_blob(const format::PackedBlob& blob,
                           ByteView sealed,
                           format::Decompressor& decompressor,
                           Bytes& scratch,
                           Bytes& out) const {
  if (blob.is_compressed()) {
    cipher_.open(sealed, scratch);
    decompressor.decompress(scratch, blob.uncompressed_length, out);
  } else {
    cipher_.open(sealed, out);
  }
  if (id_cast<BlobId>(sha256(out)) != blob.id) {
    throw Error(ErrorCode::corrupt,
                text("repository.blob_hash_differs", {{"blob", blob.id.short_hex()}}));
  }
}

Bytes Repository::load_blob(const Index& index,
                            format::BlobType type,
                            const BlobId& id,
                            const StopToken& stop) {
  BlobBuffers buffers;
  return load_blob(index, type, id, buffers, stop);
}

Bytes Repository::load_blob(const Index& index,
                            format::BlobType type,
                            const BlobId& id,
                            BlobBuffers& buffers,
                            const StopToken& stop) {
  const std::vector<BlobLocation> places = index.find_all(type, id);
  if (places.empty()) {
    throw Error(ErrorCode::not_found, text("repository.blob_unknown", {{"blob", id.short_hex()}}))
        .with_hint(text("repository.check_hint"));
  }
  std::optional<Error> damage;
  for (const BlobLocation& place : places) {
    try {
      buffers.sealed.resize(place.blob.length);
      const FileHandle pack{FileType::pack, place.pack.hex()};
      backend_->load_range(pack, place.blob.offset, buffers.sealed, stop);
      Bytes out;
      open_blob(place.blob, buffers.sealed, buffers.decompressor, buffers.scratch, out);
      return out;
    } catch (Error& error) {
      error.add_context(text("repository.reading_blob",
                             {{"blob", id.short_hex()}, {"pack", place.pack.short_hex()}}));
      error.set_hint(text("repository.check_hint"));
      if (error.code() != ErrorCode::corrupt && error.code() != ErrorCode::not_found) throw;
      damage = error;
    }
  }
  throw Error(*damage);
}

std::vector<format::PackedBlob> Repository::load_pack_header(const PackId& pack,
                                                             std::uint64_t pack_size,
                                                             const StopToken& stop) {
  const FileHandle file{FileType::pack, pack.hex()};
  const auto damaged = [&] { return damaged_file(FileType::pack, pack.hex(), *backend_); };
  if (pack_size < 4 + Cipher::kOverhead) throw damaged();
  std::array<std::uint8_t, 4> tail{};
  backend_->load_range(file, pack_size - 4, tail, stop);
  const std::uint64_t length = tail[0] | std::uint32_t{tail[1]} << 8 |
                               std::uint32_t{tail[2]} << 16 | std::uint32_t{tail[3]} << 24;
  if (length > format::kMaxPackHeaderSize || length + 4 > pack_size) throw damaged();
  Bytes sealed(length);
  backend_->load_range(file, pack_size - 4 - length, sealed, stop);
  try {
    return format::decode_pack_header(cipher_.open(sealed));
  } catch (const Error& error) {
    if (error.code() == ErrorCode::corrupt) throw damaged();
    throw;
  }
}

}  // namespace hikae
