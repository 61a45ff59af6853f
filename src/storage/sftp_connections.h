// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "concurrency/guarded.h"
#include "concurrency/semaphore.h"
#include "net/sftp_session.h"
#include "storage/backend.h"

namespace hikae {

// One connection and what is known of it.
struct SftpConnection {
  SftpConnection(const net::SshTarget& target, net::SftpTimes times, const StopToken& stop)
      : session(target, times, stop) {}

  struct OpenFile {
    std::string path;
    std::string handle;
    std::uint64_t size = 0;
  };

  net::SftpSession session;
  std::list<OpenFile> open_files;  // read last comes first
  std::uint64_t removals = 0;      // of the whole backend when open_files was last valid
  bool syncs_folders = true;       // until the server has refused it once
};

// A few connections to one server. A call borrows one, so that its requests go out together and
// nobody else's stand between; who finds all of them lent waits. They are opened when needed, and
// lost ones replaced. Thread-safe.
class SftpConnections {
 public:
  SftpConnections(net::SshTarget target, net::SftpTimes times, std::size_t limit);

  // Gives the connection back. One that is left with unfinished requests is settled first: whatever
  // these point to must outlive the lease.
  class Lease {
   public:
    Lease(SftpConnections& owner,
          Semaphore::Permit permit,
          std::unique_ptr<SftpConnection> connection)
        : owner_(&owner), permit_(std::move(permit)), connection_(std::move(connection)) {}
    Lease(Lease&&) = default;
    Lease& operator=(Lease&&) = delete;
    Lease(const Lease&) = delete;
    Lease& operator=(const Lease&) = delete;
    ~Lease();

    SftpConnection& operator*() const { return *connection_; }
    SftpConnection* operator->() const { return connection_.get(); }

   private:
    SftpConnections* owner_;
    Semaphore::Permit permit_;
    std::unique_ptr<SftpConnection> connection_;
  };

  // The session obeys `stop` until it is given back.
  Lease acquire(const StopToken& stop);
  std::size_t limit() const { return limit_; }
  const net::SshTarget& target() const { return target_; }
  // The weakest of all connections so far.
  std::optional<Transport> transport();

 private:
  struct State {
    std::vector<std::unique_ptr<SftpConnection>> idle;  // used last is last
    std::optional<Transport> transport;
  };
  std::unique_ptr<SftpConnection> take_idle();
  void note(const net::SshFacts& facts);
  void give_back(std::unique_ptr<SftpConnection> connection) noexcept;

  const net::SshTarget target_;
  const net::SftpTimes times_;
  const std::size_t limit_;
  Semaphore free_;
  Guarded<State> state_;
};

}  // namespace hikae
