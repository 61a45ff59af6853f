// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/log.h"
#include "storage/backend.h"
#include "storage/location.h"
#include "storage/open.h"

namespace hikae {

namespace net {
struct HttpResponse;
}
class S3Client;

// A repository in a bucket of Amazon S3 or of another store with its API.
//
// What each promise of Backend rests on:
//   - durability and atomicity: an object exists when, and only when, the store has answered the
//     request that completes it; Amazon says that it is then kept in several places.
//   - read-after-write: Amazon S3 gives it since December 2020, Ceph and MinIO always did. Stores
//     with replicas that catch up may list late; half an hour is taken into account.
//   - what arrived is what was sent: each body is signed with its SHA-256 and sent with its MD5,
//     both of which the store compares; then the answer's ETag must be that MD5. Where it is
//     something else (the store encrypts with KMS, a file went in parts, or its ETags never are
//     MD5), HEAD must tell the right size, and where nothing explains it, the first such file must
//     come back as it was sent. What was stored otherwise is removed, so that it can be sent again.
//   - no replacement: "If-None-Match: *" on every upload. For all but packs, of which there are
//     few, HEAD asks before too, since stores exist that ignore the condition. A pack's name is the
//     hash of its content, so that there a replacement could only be by the same bytes.
//
// Files above `multipart_size` go in parts; an upload that fails is aborted, and remove_leftovers()
// aborts those of killed runs. The bucket must exist.
class S3Backend final : public Backend {
 public:
  struct Tuning {
    std::uint64_t multipart_size = std::uint64_t{64} << 20U;
    std::uint64_t part_size = std::uint64_t{32} << 20U;  // Amazon's least is 5 MiB
    std::chrono::milliseconds stall_timeout{60000};
    std::shared_ptr<const Clock> clock = std::make_shared<SystemClock>();
  };

  // Opens nothing yet. Throws Error{invalid_argument} for options that make no sense.
  S3Backend(const Location& location, OpenOptions options, Tuning tuning);
  S3Backend(const Location& location, OpenOptions options);
  ~S3Backend() override;
  S3Backend(const S3Backend&) = delete;
  S3Backend& operator=(const S3Backend&) = delete;

  std::string location() const override { return display_; }
  std::size_t connections() const override { return connections_; }
  std::size_t read_ahead() const override { return kReadAhead; }
  void create_layout(const StopToken& stop) override;
  bool is_empty(const StopToken& stop) override;
  using Backend::save;
  void save(const FileHandle& file,
            const std::vector<ByteView>& pieces,
            const StopToken& stop) override;
  Bytes load(const FileHandle& file, const StopToken& stop) override;
  void load_range(const FileHandle& file,
                  std::uint64_t offset,
                  MutableByteView out,
                  const StopToken& stop) override;
  std::optional<std::uint64_t> size(const FileHandle& file, const StopToken& stop) override;
  void list(FileType type,
            const std::function<void(const FileInfo&)>& visit,
            const StopToken& stop) override;
  void remove(const FileHandle& file, const StopToken& stop) override;
  std::size_t remove_leftovers(std::chrono::seconds age, const StopToken& stop) override;
  std::optional<Transport> transport() override;
  std::chrono::seconds listing_lag() const override { return std::chrono::minutes(30); }
  Pacing keep_pace(const Paces& paces) override;
  RequestCounts requests() override;

  // In the policy's mode. A lock that ends later already is left so.
  void extend_lock(const FileHandle& file, Instant until, const StopToken& stop) override;

 private:
  using Headers = std::vector<std::pair<std::string, std::string>>;

  void refuse_if_read_only() const;
  // Of a new object: encryption, storage class, object lock.
  Headers object_headers(const FileHandle& file) const;
  void put(const FileHandle& file, const std::vector<ByteView>& pieces, const StopToken& stop);
  void put_in_parts(const FileHandle& file,
                    const std::vector<ByteView>& pieces,
                    const StopToken& stop);
  std::string put_part(const FileHandle& file,
                       const std::string& upload,
                       std::size_t number,
                       const std::vector<ByteView>& pieces,
                       const StopToken& stop);
  void complete(const FileHandle& file,
                const std::string& upload,
                const std::vector<std::string>& etags,
                const StopToken& stop);
  void abort_upload(const std::string& key, const std::string& upload) noexcept;
  // Throws Error{io} that may pass where the store has something else.
  void confirm(const FileHandle& file,
               const std::vector<ByteView>& pieces,
               const std::string& md5,
               const net::HttpResponse& response,
               const StopToken& stop);
  void confirm_size(const FileHandle& file, std::uint64_t size, const StopToken& stop);
  void discard(const FileHandle& file) noexcept;
  bool is_locked_until(const FileHandle& file, Instant until, const StopToken& stop);
  std::optional<std::uint64_t> size_by_get(const FileHandle& file, const StopToken& stop);

  const AccessMode mode_;
  const std::string display_;
  const std::size_t connections_;
  const S3Options options_;
  const Tuning tuning_;
  std::unique_ptr<S3Client> client_;
  // Cleared when the store answers that it does not know "If-None-Match".
  std::atomic<bool> knows_conditions_{true};
  // Set when a file has come back whole whose ETag was not its MD5.
  std::atomic<bool> has_other_etags_{false};
};

}  // namespace hikae
