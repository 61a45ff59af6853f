// SPDX-License-Identifier: Apache-2.0
#include "source/suspicious_pages.h"

#include <optional>

#include "postgres/connection.h"

namespace hikae {
namespace {

using postgres::Connection;
using postgres::kPageSize;

std::optional<Connection> connect(const postgres::Server& server,
                                  const std::string& database,
                                  Log& log,
                                  const StopToken& stop) {
  try {
    return Connection(server, database, postgres::ConnectionKind::ordinary, log, stop);
  } catch (const Error&) {
    return std::nullopt;
  }
}

Bytes from_hex(std::string_view hex) {
  const auto digit = [](char c) {
    return static_cast<std::uint8_t>(c <= '9' ? c - '0' : c - 'a' + 10);
  };
  Bytes bytes(hex.size() / 2);
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    bytes[i] = static_cast<std::uint8_t>(digit(hex[2 * i]) << 4U | digit(hex[2 * i + 1]));
  }
  return bytes;
}

enum class SecondLook { sound, damaged, impossible };

SecondLook look_again(Connection& connection,
                      const SuspiciousPage& page,
                      postgres::Lsn start,
                      const StopToken& stop) {
  try {
    const postgres::Result result = connection.query(
        "SELECT pg_catalog.encode(pg_catalog.pg_read_binary_file($1, $2, $3, true), 'hex')",
        {page.server_path, std::to_string(page.offset), std::to_string(kPageSize)},
        stop);
    const Bytes now = from_hex(result.value(0, 0).value_or(""));
    // Cut off or dropped since.
    if (now.size() != kPageSize) return SecondLook::sound;
    const bool damaged =
        postgres::judge_page(now, page.block, start) == postgres::PageState::damaged;
    return damaged ? SecondLook::damaged : SecondLook::sound;
  } catch (const Error&) {
    return SecondLook::impossible;
  }
}

}  // namespace

std::uint64_t report_damaged_pages(const std::vector<SuspiciousPage>& pages,
                                   const postgres::Server& server,
                                   const std::string& database,
                                   postgres::Lsn start,
                                   ItemErrorSink& errors,
                                   Log& log,
                                   const StopToken& stop) {
  if (pages.empty()) return 0;
  std::uint64_t reported = 0;
  std::optional<Connection> connection = connect(server, database, log, stop);
  for (const SuspiciousPage& page : pages) {
    const SecondLook look =
        connection ? look_again(*connection, page, start, stop) : SecondLook::impossible;
    if (look == SecondLook::sound) continue;
    ++reported;
    const Text::Arguments arguments{{"block", std::to_string(page.block)}};
    errors.report({ItemError::Kind::damaged,
                   page.shown_path,
                   look == SecondLook::damaged
                       ? text("source.page_damaged", arguments)
                       : text("source.page_damaged_unconfirmed", arguments)});
  }
  return reported;
}

}  // namespace hikae
