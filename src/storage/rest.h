// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "concurrency/guarded.h"
#include "net/http.h"
#include "storage/backend.h"
#include "storage/location.h"
#include "storage/open.h"
#include "storage/pace.h"
#include "storage/rest_place.h"

namespace hikae {

// A repository behind restic's REST protocol, version 2 (and servers of version 1): hikae
// serve-repository, restic's rest-server, rclone serve restic. The protocol is described in
// doc/REST_backend.rst of restic/restic. Durability and atomicity are the server's.
//
// A server other than ours has no place for our own kinds of files (policy, evidence, forgotten):
// there save() throws Error{unsupported}, and nothing is ever found.
//
// Errors beyond Backend's: permission where the server wants another login or refuses the change
// (append-only), no_repository where it has no such repository.
class RestBackend final : public Backend {
 public:
  // Connects to nothing yet. Throws Error{invalid_argument} for a location or CA file that cannot
  // be used.
  RestBackend(const Location& location, const OpenOptions& options);

  std::string location() const override { return location_; }
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
  Pacing keep_pace(const Paces& paces) override;
  std::optional<Transport> transport() override;

 private:
  // `path` is relative to the repository: "data/3f…", "keys/", "?create=true".
  net::HttpResponse send(net::HttpRequest request, const std::string& path, const StopToken& stop);
  // A request that carries the content of such a file, at the pace of the line.
  net::HttpRequest paced(FileType type, const StopToken& stop) const;
  // nullopt where the server has no such list.
  std::optional<net::HttpResponse> try_list(FileType type, const StopToken& stop);
  [[noreturn]] void refuse_save(const FileHandle& file, int status, const StopToken& stop);
  // What a status means that was not expected.
  Error unexpected(int status) const;
  Error absent(const FileHandle& file) const;
  void refuse_if_read_only() const;

  const std::string location_;
  const AccessMode mode_;
  const std::size_t connections_;
  const RestPlace place_;
  net::HttpClient http_;
  Paces paces_;
  Guarded<std::optional<Transport>> transport_;
};

}  // namespace hikae
