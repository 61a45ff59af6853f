// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/log.h"
#include "concurrency/stop.h"
#include "postgres/page_checksum.h"
#include "postgres/server.h"
#include "source/source.h"

namespace hikae {

// A page whose checksum was wrong as it passed.
struct SuspiciousPage {
  std::string server_path;   // below the data directory
  std::string shown_path;    // in the snapshot, for messages
  std::uint32_t block = 0;   // in its relation
  std::uint64_t offset = 0;  // in its file
};

// Looks at the pages again, each on the server's disk: what the server wrote at the very moment
// when it was read may be torn, which the WAL heals. Pages that are wrong still go to `errors`,
// also where the server does not let us look; pages of files that are gone by now do not. Returns
// how many went to `errors`.
std::uint64_t report_damaged_pages(const std::vector<SuspiciousPage>& pages,
                                   const postgres::Server& server,
                                   const std::string& database,
                                   postgres::Lsn start,
                                   ItemErrorSink& errors,
                                   Log& log,
                                   const StopToken& stop);

}  // namespace hikae
