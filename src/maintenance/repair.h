// SPDX-License-Identifier: Apache-2.0
// Healing: what is missing or damaged in one repository is taken from others, each file and blob
// verified before anything bad is removed. Which packs are damaged is told by a check.
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <unordered_set>
#include <vector>

#include "maintenance/check.h"
#include "repository/blob_writer.h"
#include "repository/lock.h"

namespace hikae {

// Another repository that may hold what this one lacks, in the order of preference.
struct RepairSource {
  std::string name;  // the destination's, for reports
  Repository* repository = nullptr;
  Index index;
  std::map<PackId, std::uint64_t> packs;
  std::unordered_set<std::string> snapshot_files;
};
// Reads what it holds. Damaged index files of its own are left out: the blobs that it gives are
// verified anyhow.
RepairSource read_repair_source(std::string name, Repository& repository, const StopToken& stop);

// What a repair is planned from.
struct RepairFacts {
  Damage damage;
  Index index;                            // of the repository to heal, as far as it can be read
  std::map<PackId, std::uint64_t> packs;  // pack files there
  // Packs that no index names, by their own headers. They are read, whole, only when something
  // lacks a name; those that are not good are in damage.packs as well.
  std::vector<format::IndexedPack> unnamed;
  // What snapshots need and no index names, with what is needed below lost trees as far as a source
  // knows it.
  std::set<BlobRef> lost;
};
RepairFacts survey_damage(Repository& repository,
                          Damage damage,
                          const std::vector<RepairSource>& sources,
                          const StopToken& stop);

struct RepairItem {
  enum class Kind { pack, index, snapshot, blob };
  enum class Action {
    replace,  // the file, by the same one of a source
    rebuild,  // the pack's blobs go into new packs; the pack goes, and its name from the index
    name,     // a pack that lies there is named in the index again
    fetch,    // a blob is stored again
    remove,   // an index file that cannot be read, once all packs that lie there are named
    give_up,  // nobody has it
  };
  enum class Reason {
    missing,
    wrong_size,
    damaged,
    unreadable,
    not_indexed,
    not_stored,  // a blob that snapshots need and no pack holds
  };
  Kind kind = Kind::pack;
  Action action = Action::give_up;
  Reason reason = Reason::missing;
  std::string name;                                  // 64 hex digits
  std::optional<std::size_t> source = std::nullopt;  // number of the source that has it
  // Of a pack to rebuild: how many of its blobs lie in other packs here, can be fetched, and are
  // known by no source (those can still be read from the pack itself, or are lost).
  std::uint64_t blobs_here = 0;
  std::uint64_t blobs_fetched = 0;
  std::uint64_t blobs_unknown = 0;
};

// What will be done, and why; --dry-run shows it.
struct RepairPlan {
  std::vector<RepairItem> items;
  bool changes_anything() const;
};

// Pure.
RepairPlan plan_repair(const RepairFacts& facts, const std::vector<RepairSource>& sources);

struct RepairResult {
  RepairItem item;
  enum class State { done, lost, failed } state = State::done;
  std::optional<std::size_t> source;  // where it came from in the end
  std::optional<Error> failure;
};
struct RepairReport {
  std::vector<RepairResult> results;  // in the plan's order
  std::vector<BlobRef> lost;          // found nowhere: their source files are to be read again
  std::set<PackId> written;           // packs that were stored or replaced, to be checked again
  std::uint64_t bytes_written = 0;    // of packs and blobs, as fetched
};

struct RepairProgress {
  std::atomic<std::uint64_t> items_done{0};
  std::atomic<std::uint64_t> blobs_done{0};
};

// Performs the plan in the order that is safe at each moment: whole files, each with its good copy
// verified and in memory before the bad one goes; blobs into new packs, durable and indexed; index
// files that name what lay unnamed; only then index files without the packs that go, removal of the
// old index files, removal of the bad packs. A kill in between leaves the damage that it found, or
// less. A whole file that a source cannot give after all is tried from the next, then blob by blob.
// A pack that is only unreadable goes when each of its blobs was obtained, else it stays. Failures
// of single items are data; throws when the lock is lost or nothing can be written. REQUIRES: the
// lock is exclusive and held since before the check.
RepairReport apply_repair(Repository& repository,
                          RepositoryLock& lock,
                          const RepairFacts& facts,
                          const std::vector<RepairSource>& sources,
                          const RepairPlan& plan,
                          const Clock& clock,
                          RepairProgress& progress,
                          const StopToken& stop);

}  // namespace hikae
