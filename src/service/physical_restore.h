// SPDX-License-Identifier: Apache-2.0
// Bringing a PostgreSQL cluster back from a physical backup (source/physical_backup.h).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "repository/snapshots.h"
#include "restore/pipeline.h"

namespace hikae {

// A tablespace goes to `to` instead of where it lay. `from`: its old folder, or its number.
struct TablespaceMapping {
  std::string from;
  std::string to;  // absolute
};

struct PhysicalRestoreOptions {
  std::string target;  // the new data directory, absolute
  std::vector<TablespaceMapping> tablespaces;
  Ownership ownership = Ownership::by_name;
  std::size_t workers = 0;          // 0: as many as CPUs
  FallbackBlobs* others = nullptr;  // see RestoreOptions
};

// What the snapshot says of the cluster.
struct PhysicalFacts {
  std::string server_version;
  std::string system_identifier;
  std::uint64_t timeline = 0;
  std::string start_lsn;
  std::string end_lsn;
  std::uint64_t damaged_pages = 0;
  struct Tablespace {
    std::string oid;
    std::string location;
  };
  std::vector<Tablespace> tablespaces;
};

// What will be done, decided and checked before anything is written.
struct PhysicalRestorePlan {
  enum class Found { nothing, empty_folder };
  struct Place {
    std::string name;    // of the part: "data", or the tablespace's number
    std::string folder;  // in the snapshot: "/postgres/physical/…"
    std::string target;
    std::string before;             // where a tablespace lay
    format::Node node;              // the folder's own
    Found found = Found::nothing;   // at the target
    std::optional<Error> obstacle;  // why nothing can be restored there
  };
  PhysicalFacts facts;
  std::vector<Place> places;  // the data directory first
};

// Whether the snapshot holds a physical backup.
bool has_physical_backup(Repository& repository,
                         const Index& index,
                         const BlobId& tree,
                         const StopToken& stop);

// Throws Error: not_found when the snapshot holds no physical backup or a mapping names no
// tablespace of it; invalid_argument when two mappings name one, or two places lie in each other.
PhysicalRestorePlan plan_physical_restore(Repository& repository,
                                          const Index& index,
                                          const BlobId& tree,
                                          const PhysicalRestoreOptions& options,
                                          const StopToken& stop);

// Throws Error{already_exists} when a place is not an empty folder, naming a running server or a
// cluster that lies there.
void require_free_places(const PhysicalRestorePlan& plan);

struct PhysicalRestoreReport {
  RestoreReport restore;  // of all places together
  std::uint64_t files_verified = 0;
  std::uint64_t bytes_verified = 0;
};

// Restores all places, leads pg_tblspc/ to them, and holds every file against backup_manifest while
// it is written (one whose checksum there is not a CRC-32C: afterwards, by reading it).
// global/pg_control comes last, so that a server refuses to start on half of a cluster. What is not
// as the manifest says is an item error.
PhysicalRestoreReport apply_physical_restore(Repository& repository,
                                             const Index& index,
                                             const BlobId& tree,
                                             const PhysicalRestorePlan& plan,
                                             const PhysicalRestoreOptions& options,
                                             RestoreProgress& progress,
                                             Log& log,
                                             const StopToken& stop);

// Takes back what apply_physical_restore() has written of a plan that it could not finish, so that
// half a cluster does not fill a disk. A folder that was there stays, empty; what cannot be removed
// stays too. REQUIRES: the plan was applied, and failed.
void discard_physical_restore(const PhysicalRestorePlan& plan) noexcept;

}  // namespace hikae
