// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

// The system's OpenSSH client: how it is called, and what it says. It is used rather than a library
// because the user's ssh_config, agent, jump hosts, hardware keys and known_hosts then work as he
// knows them. What it says on its standard error with -v is no documented interface; the forms are
// those of OpenSSH 7.6 to 10, and everything here stands for "not told" when it finds another.
namespace hikae::net {

enum class SshCiphers { aes_256_only, any };

struct SshTarget {
  std::string host;         // as ssh takes it: an alias of ssh_config, a name, an address
  std::string user;         // empty: what ssh_config says
  std::uint16_t port = 0;   // 0: what ssh_config says
  std::string config_file;  // empty: ssh's own files
  SshCiphers ciphers = SshCiphers::aes_256_only;
};

// The argument list that connects to a subsystem ("sftp") without ever asking anybody anything,
// verifies the host key, shares no connection with other programs, and notices within a minute that
// the other side is gone.
std::vector<std::string> ssh_command(const SshTarget& target, std::string_view subsystem);

// What was negotiated, as the protocol names it ("aes256-gcm@openssh.com"); empty: not told.
struct SshFacts {
  std::string cipher_to_server;
  std::string cipher_from_server;
};
SshFacts parse_ssh_facts(std::string_view log);
bool is_aes_256_cipher(std::string_view cipher);

// The lines that are not -v's own, without control characters.
std::vector<std::string> ssh_messages(std::string_view log);

// Why there is no connection, from what ssh said before it ended. Retry::after_backoff for what a
// network does, Retry::no for what somebody must set right: host key, key, cipher, subsystem.
Error explain_ssh_failure(const SshTarget& target, std::string_view log);

}  // namespace hikae::net
