// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "base/clock.h"
#include "base/log.h"
#include "concurrency/stop.h"
#include "postgres/server.h"
#include "source/source.h"

namespace hikae {

// A physical backup of a PostgreSQL cluster, as the streamed folder that holds it:
//   data/             the data directory, with the WAL that makes it consistent in pg_wal/ and the
//                     server's backup_manifest; pg_tblspc/N leads to ../../tablespaces/N, so that
//                     the folder is whole by itself wherever it lies
//   tablespaces/N/    each tablespace, by its number
//   facts.json        what the backup is of: versions, system identifier, timeline, places in the
//                     WAL, where the tablespaces lay
// Nothing in it is a path of the server's host. The stream ends only if the server says so, every
// file has the checksum that the server's manifest names, and pg_wal/ reaches from the backup's
// start to its end.
struct PhysicalBackupOptions {
  std::shared_ptr<const postgres::Server> server;
  // Where sizes are asked for and suspicious pages are looked at again; without access to it both
  // are done without.
  std::string database = "postgres";
  std::string label = "hikae";
  std::chrono::milliseconds time_limit{0};  // of the whole backup; 0: none
};

// `shown_path` is the folder's in the snapshot, for messages. Log and clock outlive the folder.
std::unique_ptr<SourceDirectory> make_physical_backup(PhysicalBackupOptions options,
                                                      std::string shown_path,
                                                      Log& log,
                                                      const Clock& clock,
                                                      const StopToken& stop);

// The size of the pieces of relation files in a folder of so many bytes: 64 KiB, and larger only
// where the list of them would make the folder's tree larger than 32 MB. A power of two. Pure.
std::size_t relation_piece_size(std::uint64_t folder_bytes);

}  // namespace hikae
