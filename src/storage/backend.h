// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/clock.h"
#include "concurrency/stop.h"

namespace hikae {

// The kinds of files of a repository. Storage knows where each kind lies, not what is in it.
//   config       config
//   key …        keys/NAME, locks/NAME, snapshots/NAME, index/NAME
//   pack         data/NN/NAME, NN = first two digits of NAME
//   policy …     hikae/policies/NAME, hikae/evidence/NAME, hikae/forgotten/NAME: ours, ignored by
//   restic
enum class FileType { config, key, lock, snapshot, index, pack, policy, evidence, forgotten };

struct FileHandle {
  FileType type = FileType::config;
  std::string name;  // 64 hex digits; empty for config
  bool operator==(const FileHandle&) const = default;
};
// "data/3f/3fa2…", relative to the repository; for messages and for backends with paths.
std::string path_of(const FileHandle& handle);

struct FileInfo {
  std::string name;
  std::uint64_t size = 0;
  std::optional<Instant> modified;  // absent where the store does not tell
};

// What protects the bytes on their way to the store.
struct Transport {
  std::string protocol;  // "TLSv1.3", "SSH-2.0"
  std::string
      cipher;  // as the protocol names it: "TLS_AES_256_GCM_SHA384", "aes256-gcm@openssh.com"
  bool is_aes_256 = false;
  bool operator==(const Transport&) const = default;
};

// Requests of one kind since the backend was opened, repeated ones included.
struct RequestCount {
  std::uint64_t requests = 0;
  std::uint64_t bytes_sent = 0;
  std::uint64_t bytes_received = 0;
  bool operator==(const RequestCount&) const = default;
};
// By kind, in the store's own words ("PUT", "LIST") where it has some, else save, load, list, stat,
// remove. Bytes are those of files, without the protocol's own.
using RequestCounts = std::map<std::string, RequestCount>;

struct Space {
  std::uint64_t free_bytes = 0;
  std::uint64_t total_bytes = 0;
};

struct Paces;  // storage/pace.h

// Backend::read_ahead() of those that are reached over a network: at 100 Mbit/s as long as the
// answer from a place 20 ms away takes.
inline constexpr std::size_t kReadAhead = std::size_t{256} * 1024;

// One repository's place. Any number of threads may call any method at once. What every backend
// must give:
//   - durability: when save() returns, the file survives a power cut;
//   - atomicity: a file is seen whole under its name or not at all;
//   - read-after-write: load and size see a saved file at once, list() after listing_lag().
// Errors: not_found for an absent file, no_space, read_only, permission, timeout, io;
// Error::retry() tells whether trying again can help. Each blocking call ends with Cancelled when
// `stop` is requested.
class Backend {
 public:
  virtual ~Backend() = default;

  // For people: credentials are left out.
  virtual std::string location() const = 0;
  // How many calls at once are useful.
  virtual std::size_t connections() const = 0;
  // How many packs sent at once are useful; each is held in memory meanwhile. Two fill a line that
  // one cannot.
  virtual std::size_t uploads() const { return connections() < 2 ? 1 : 2; }
  // How many bytes more are read sooner than a further request is answered; 0 where a request costs
  // next to nothing.
  virtual std::size_t read_ahead() const { return 0; }

  // Makes the repository's folders, where the store has folders. Idempotent.
  virtual void create_layout(const StopToken& stop) = 0;
  // True when nothing at all is stored at this place (it may not even exist); init refuses
  // otherwise.
  virtual bool is_empty(const StopToken& stop) = 0;

  // Stores `pieces`, one after another, as one file. Fails with already_exists rather than replace
  // a file.
  virtual void save(const FileHandle& file,
                    const std::vector<ByteView>& pieces,
                    const StopToken& stop) = 0;
  void save(const FileHandle& file, ByteView content, const StopToken& stop) {
    save(file, std::vector<ByteView>{content}, stop);
  }

  // The whole file.
  virtual Bytes load(const FileHandle& file, const StopToken& stop) = 0;
  // Exactly out.size() bytes from `offset`; a file that ends before throws Error{corrupt}.
  virtual void load_range(const FileHandle& file,
                          std::uint64_t offset,
                          MutableByteView out,
                          const StopToken& stop) = 0;

  // Size in bytes; nullopt when there is no such file.
  virtual std::optional<std::uint64_t> size(const FileHandle& file, const StopToken& stop) = 0;
  // All files of a kind, in no order. Names that are not 64 hex digits (temporary files) are left
  // out.
  virtual void list(FileType type,
                    const std::function<void(const FileInfo&)>& visit,
                    const StopToken& stop) = 0;
  // Removing what is not there is not an error.
  virtual void remove(const FileHandle& file, const StopToken& stop) = 0;

  // Protects a file from deletion until then, where the store can (object lock). Throws
  // Error{unsupported} where it cannot, and what the store answers.
  virtual void extend_lock(const FileHandle& file, Instant until, const StopToken& stop);

  // Temporary files that killed runs left behind and that are older than `age` are removed. Returns
  // their number.
  virtual std::size_t remove_leftovers(std::chrono::seconds age, const StopToken& stop) = 0;

  // For how long a saved file may be missing in list(). Whoever deletes must reckon with it; nobody
  // else loses by it.
  virtual std::chrono::seconds listing_lag() const { return std::chrono::seconds(0); }

  // Before the first use. kept: files that have to wait (packs and index files) then pass part by
  // part at these rates; whole: this backend hands over whole files only.
  enum class Pacing { kept, whole };
  virtual Pacing keep_pace(const Paces& paces);

  // Where the store can tell.
  virtual std::optional<Space> space() { return std::nullopt; }
  // Of the connections opened so far; nullopt for a store that is reached without a network of
  // ours, or before the first connection.
  virtual std::optional<Transport> transport() { return std::nullopt; }
  // Empty where nobody counts; see storage/counters.h.
  virtual RequestCounts requests() { return {}; }
};

}  // namespace hikae
