// SPDX-License-Identifier: Apache-2.0
#include "postgres/server.h"

#include <sys/stat.h>

#include <charconv>
#include <cstring>
#include <filesystem>
#include <vector>

#include "base/bytes.h"
#include "base/error.h"
#include "base/lines.h"
#include "os/files.h"
#include "os/process.h"

namespace hikae::postgres {
namespace {

constexpr std::size_t kMostBytes = 8192;

template <typename Number>
std::optional<Number> parse_number(std::string_view digits) {
  Number value{};
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (error != std::errc() || end != digits.data() + digits.size() || value < 0)
    return std::nullopt;
  return value;
}

bool is_file(const std::string& path) {
  struct stat status {};
  return stat(path.c_str(), &status) == 0 && S_ISREG(status.st_mode);
}

}  // namespace

std::string_view to_string(SslMode mode) {
  switch (mode) {
    case SslMode::disable:
      return "disable";
    case SslMode::prefer:
      return "prefer";
    case SslMode::require:
      return "require";
    case SslMode::verify_ca:
      return "verify-ca";
    case SslMode::verify_full:
      return "verify-full";
  }
  return "verify-full";
}

std::vector<std::pair<const char*, const char*>> liveness_settings(const Server& server) {
  if (server.by_socket()) return {};
  return {{"keepalives_idle", "30"},
          {"keepalives_interval", "15"},
          {"keepalives_count", "6"},
          {"tcp_user_timeout", "120000"}};
}

std::string authorities_of(const Server& server) {
  const bool verifies =
      server.ssl_mode == SslMode::verify_ca || server.ssl_mode == SslMode::verify_full;
  if (server.ca_file.empty() && !verifies) return "";
  // Debian's bundle; libpq before 16 does not know sslrootcert=system.
  return server.ca_file.empty() ? "/etc/ssl/certs/ca-certificates.crt" : server.ca_file;
}

std::optional<Postmaster> parse_postmaster(std::string_view content) {
  // pid, data directory, start time, port, socket folder, address, shared memory, status
  constexpr std::size_t kStatusLine = 7;
  const std::vector<std::string_view> lines = lines_of(content);
  if (lines.size() < 6) return std::nullopt;
  const auto pid = parse_number<pid_t>(lines[0]);
  const auto port = parse_number<int>(lines[3]);
  if (!pid || !port || *pid == 0 || *port == 0 || *port > 65535) return std::nullopt;
  Postmaster found;
  found.pid = *pid;
  found.data_directory = lines[1];
  found.port = *port;
  found.socket_directory = lines[4];
  found.listen_address = lines[5];
  if (lines.size() > kStatusLine) {
    const std::string_view status = lines[kStatusLine];
    found.accepts_connections = status.starts_with("ready") || status.starts_with("standby");
  }
  return found;
}

std::optional<Postmaster> find_postmaster(const std::string& data_directory) {
  const std::string path = data_directory + "/postmaster.pid";
  Bytes content;
  try {
    content = os::read_file(path, kMostBytes);
  } catch (const Error& error) {
    if (error.code() == ErrorCode::not_found) return std::nullopt;
    throw;
  }
  std::optional<Postmaster> found = parse_postmaster(as_text(content));
  if (!found || !os::process_exists(found->pid)) return std::nullopt;
  return found;
}

std::optional<std::string> data_directory_version(const std::string& folder) {
  if (!is_file(folder + "/global/pg_control") || !is_file(folder + "/PG_VERSION"))
    return std::nullopt;
  const Bytes content = os::read_file(folder + "/PG_VERSION", 64);
  const std::string_view line = as_text(content);
  return std::string(line.substr(0, line.find('\n')));
}

std::optional<std::string> system_identifier_of(const std::string& data_directory) {
  try {
    const Bytes control = os::read_file(data_directory + "/global/pg_control", kMostBytes);
    std::uint64_t identifier = 0;
    if (control.size() < sizeof(identifier)) return std::nullopt;
    std::memcpy(&identifier, control.data(), sizeof(identifier));
    return std::to_string(identifier);
  } catch (const Error&) {
    return std::nullopt;
  }
}

std::string place_of(const Server& server) {
  const std::string port = std::to_string(server.port);
  return server.by_socket() ? server.host + "/.s.PGSQL." + port : server.host + ":" + port;
}

void locate_server(Server& server, const std::string& data_directory) {
  if (!data_directory_version(data_directory)) {
    throw Error(ErrorCode::not_found,
                text("postgres.no_data_directory", {{"path", data_directory}}))
        .with_hint(text("postgres.no_data_directory_hint"));
  }
  const std::optional<Postmaster> running = find_postmaster(data_directory);
  if (!running) {
    throw Error(ErrorCode::not_found,
                text("postgres.not_running", {{"path", data_directory}}),
                Retry::after_backoff)
        .with_hint(text("postgres.not_running_hint"));
  }
  // The file of a container's server, or of a folder that was copied while its server ran, names a
  // socket and a port where another cluster of this machine may listen.
  std::error_code ignored;
  if (!std::filesystem::equivalent(running->data_directory, data_directory, ignored)) {
    throw Error(
        ErrorCode::not_found,
        text("postgres.other_server", {{"path", data_directory}, {"own", running->data_directory}}))
        .with_hint(text("postgres.other_server_hint"));
  }
  server.port = running->port;
  if (!running->socket_directory.empty()) {
    server.host = running->socket_directory;
  } else {
    const std::string& address = running->listen_address;
    server.host = address.empty() || address == "*" ? "localhost" : address;
  }
}

}  // namespace hikae::postgres
