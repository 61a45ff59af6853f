// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "crypto/secret.h"
#include "os/acting_user.h"

namespace hikae::postgres {

// How a TCP connection is protected; libpq's words and meanings. Unix sockets need none.
enum class SslMode { disable, prefer, require, verify_ca, verify_full };
std::string_view to_string(SslMode mode);

// Where a server is and who asks it. Plain data but for the password; share it as const.
struct Server {
  std::string host;  // a name or an address; a folder, when it begins with "/": its socket there
  int port = 5432;
  std::string user;  // the role
  // The operating-system user that connects and runs the programs (peer authentication); absent:
  // this process's own.
  std::optional<os::UserAccount> run_as;
  std::shared_ptr<const Secret> password;  // null: none
  SslMode ssl_mode = SslMode::verify_full;
  std::string ca_file;  // PEM; empty: the system's authorities
  // No statement of ours waits longer for a lock than this, and none runs longer than that: what is
  // backed up must never stall what it serves. 0: no limit.
  std::chrono::milliseconds lock_timeout = std::chrono::seconds(30);
  std::chrono::milliseconds statement_timeout = std::chrono::hours(0);
  std::chrono::milliseconds connect_timeout = std::chrono::seconds(30);
  // The role is a superuser. The programs then ask for untranslated messages, by which hikae tells
  // what failed; anybody else's session would be refused.
  bool is_superuser = false;

  bool by_socket() const { return host.starts_with('/'); }
};

// For people: "db01:5432", or the path of the socket.
std::string place_of(const Server& server);

// libpq's settings by which a peer that vanished without a word is noticed within two minutes, by
// us and by the programs that work for us; none for a socket. Names and values.
std::vector<std::pair<const char*, const char*>> liveness_settings(const Server& server);

// The file of authorities that the server's certificate is verified with; empty: it is not
// verified, as the mode has it. libpq verifies in every mode where it is given a file.
std::string authorities_of(const Server& server);

// What a running server wrote into its data directory (postmaster.pid; the lines are those of
// PostgreSQL 10 to 17, src/include/utils/pidfile.h).
struct Postmaster {
  pid_t pid = 0;
  std::string data_directory;
  int port = 0;
  std::string socket_directory;  // empty: none
  std::string listen_address;    // the first one; empty: none
  bool accepts_connections = false;
};
// nullopt when the text is not whole. Pure.
std::optional<Postmaster> parse_postmaster(std::string_view text);

// The server that runs on this data directory; nullopt when none does (no file, or its process is
// gone). Throws Error when the file cannot be read.
std::optional<Postmaster> find_postmaster(const std::string& data_directory);

// Whether the folder is a cluster's data directory (it has PG_VERSION and global/pg_control), of
// which major version; nullopt when it is none.
std::optional<std::string> data_directory_version(const std::string& folder);

// Of the cluster in this data directory, as pg_control_system() tells it; nullopt when the file
// cannot be read (it belongs to the server's user). Of pg_control.h, 13 to 17: the first member.
std::optional<std::string> system_identifier_of(const std::string& data_directory);

// Fills host and port from the data directory's running server: its socket if it has one, else its
// address. Throws Error{not_found} when it is no data directory or no server runs there, or one
// that knows the folder by another name.
void locate_server(Server& server, const std::string& data_directory);

}  // namespace hikae::postgres
