// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "repository/repository.h"

namespace hikae {

// --read-data-subset: which packs to read.
struct PackSubset {
  struct Part {  // n/t: the n-th of t parts; after t runs every pack was read
    unsigned n = 1;
    unsigned t = 1;
  };
  struct Percent {  // a random choice
    double percent = 100;
  };
  struct Size {  // a random choice of about so many bytes
    std::uint64_t bytes = 0;
  };
  struct Named {  // these
    std::set<PackId> packs;
  };
  std::variant<Part, Percent, Size, Named> choice = Part{};
};
// "2/10", "5%", "2.5%", "50M". nullopt if malformed or out of range.
std::optional<PackSubset> parse_pack_subset(std::string_view text);

struct CheckOptions {
  std::optional<PackSubset> read_data;  // nothing: structure only
  std::uint64_t random_seed = 0;        // for Percent and Size
  std::size_t workers = 0;              // 0: as many as CPUs
};

struct CheckFinding {
  enum class Severity {
    hint,   // costs space or speed, loses nothing
    error,  // something is missing or damaged
  };
  Severity severity = Severity::error;
  Text message;
};

struct BlobRef {
  format::BlobType type = format::BlobType::data;
  BlobId id;
  auto operator<=>(const BlobRef&) const = default;
};

// What is wrong, for a repair; the findings say the same to people.
struct Damage {
  enum class Pack {
    missing,
    wrong_size,
    damaged,     // its bytes are not what they must be
    unreadable,  // the store fails to give them; they may be good
  };
  std::map<PackId, Pack> packs;             // that an index names
  std::vector<PackId> not_indexed;          // pack files that no index names
  std::vector<std::string> index_files;     // that cannot be opened
  std::vector<std::string> snapshot_files;  // the same
  // What snapshots need and no index names. What a lost tree would need is not known.
  std::set<BlobRef> lost;
};

struct CheckReport {
  std::vector<CheckFinding> findings;
  std::uint64_t errors = 0;
  std::uint64_t snapshots = 0;
  std::uint64_t trees = 0;
  std::uint64_t packs = 0;
  std::uint64_t packs_read = 0;
  std::uint64_t bytes_read = 0;
  // Snapshots that refer to something damaged or missing; the others are whole as far as was read.
  std::vector<SnapshotId> damaged_snapshots;
  Damage damage;
};

struct CheckProgress {
  std::atomic<std::uint64_t> trees{0};
  std::atomic<std::uint64_t> packs_total{0};
  std::atomic<std::uint64_t> packs_read{0};
  std::atomic<std::uint64_t> bytes_read{0};
};

// Verifies the repository: every file of its kind can be read, every pack that an index names is
// there with the right size, every tree and blob that a snapshot needs is indexed; with read_data
// also each chosen pack's hash, header and every blob in it. Damage is data in the report; throws
// only when the check itself cannot go on.
CheckReport run_check(Repository& repository,
                      const CheckOptions& options,
                      CheckProgress& progress,
                      const StopToken& stop);

}  // namespace hikae
