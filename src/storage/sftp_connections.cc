// SPDX-License-Identifier: Apache-2.0
#include "storage/sftp_connections.h"

namespace hikae {
namespace {

// How long a stopped call may tidy up before its connection is dropped.
constexpr std::chrono::milliseconds kSettle{2000};

}  // namespace

SftpConnections::SftpConnections(net::SshTarget target, net::SftpTimes times, std::size_t limit)
    : target_(std::move(target)), times_(times), limit_(limit), free_(limit) {}

SftpConnections::Lease::~Lease() {
  if (!connection_) return;
  if (!connection_->session.is_settled()) connection_->session.settle(kSettle);
  owner_->give_back(std::move(connection_));
}

void SftpConnections::give_back(std::unique_ptr<SftpConnection> connection) noexcept {
  try {
    connection->session.obey(StopToken());
    if (connection->session.is_usable()) state_.lock()->idle.push_back(std::move(connection));
  } catch (...) {  // a connection that cannot be kept is closed
    connection.reset();
  }
}

std::unique_ptr<SftpConnection> SftpConnections::take_idle() {
  while (true) {
    std::unique_ptr<SftpConnection> connection;
    {
      auto state = state_.lock();
      if (state->idle.empty()) return nullptr;
      connection = std::move(state->idle.back());
      state->idle.pop_back();
    }
    if (connection->session.is_usable()) return connection;
  }
}

SftpConnections::Lease SftpConnections::acquire(const StopToken& stop) {
  throw_if_stopped(stop);
  auto permit = free_.acquire(1, stop);
  std::unique_ptr<SftpConnection> connection = take_idle();
  if (!connection) {
    connection = std::make_unique<SftpConnection>(target_, times_, stop);
    note(connection->session.facts());
  }
  connection->session.obey(stop);
  return {*this, std::move(permit), std::move(connection)};
}

void SftpConnections::note(const net::SshFacts& facts) {
  const bool both = net::is_aes_256_cipher(facts.cipher_to_server) &&
                    net::is_aes_256_cipher(facts.cipher_from_server);
  const bool weak_way_back = net::is_aes_256_cipher(facts.cipher_to_server) && !both;
  Transport transport{
      "SSH-2.0", weak_way_back ? facts.cipher_from_server : facts.cipher_to_server, both};
  auto state = state_.lock();
  if (!state->transport || state->transport->is_aes_256) state->transport = std::move(transport);
}

std::optional<Transport> SftpConnections::transport() {
  return state_.lock()->transport;
}

}  // namespace hikae
