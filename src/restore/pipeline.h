// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "base/log.h"
#include "concurrency/stop.h"
#include "repository/repository.h"
#include "restore/fallback.h"

namespace hikae {

enum class Overwrite { always, if_changed, if_newer, never };
enum class DeleteExtra { no, yes };
enum class Sparse { no, yes };
enum class Ownership { by_number, by_name, none };
enum class VerifyAfter { no, yes };

// Is told of each file that was made and filled, with its checksum. Called from any thread.
class WrittenFiles {
 public:
  virtual ~WrittenFiles() = default;
  // `path` is "/etc/passwd" below the target; the checksum is of the bytes that were written.
  virtual void add(const std::string& path, std::uint64_t size, std::uint32_t crc32c) = 0;
};

struct RestoreOptions {
  std::string target;  // absolute; made when missing; "/" restores in place
  std::string
      subfolder;  // "/etc" of SNAPSHOT:/etc: its content lands directly in the target; empty = all
  std::vector<std::string> include;  // restic's pattern rules; empty = all
  std::vector<std::string> exclude;
  std::vector<std::string> include_any_case;  // the same, upper and lower case being equal
  std::vector<std::string> exclude_any_case;
  Overwrite overwrite = Overwrite::always;
  DeleteExtra delete_extra = DeleteExtra::no;
  Sparse sparse = Sparse::no;
  Ownership ownership = Ownership::by_number;
  VerifyAfter verify = VerifyAfter::no;
  std::size_t workers = 0;  // 0: as many as CPUs
  // Where blobs are taken from that the repository does not give; may be null. Outlives the
  // restore, and tells afterwards what it gave.
  FallbackBlobs* others = nullptr;
  // May be null: then no checksums are computed. Outlives the restore.
  WrittenFiles* written = nullptr;
};

// Counters for progress; written by the pipeline's threads, read by whoever shows them.
struct RestoreProgress {
  std::atomic<std::uint64_t> files_total{0};
  std::atomic<std::uint64_t> bytes_total{0};
  std::atomic<std::uint64_t> files_done{0};
  std::atomic<std::uint64_t> bytes_done{0};
};

struct RestoreItemError {
  std::string path;
  Text message;
};

struct RestoreReport {
  std::uint64_t files_restored = 0;
  std::uint64_t files_unchanged = 0;  // left as they were by --overwrite
  std::uint64_t directories = 0;
  std::uint64_t others = 0;  // links, devices, fifos
  std::uint64_t deleted = 0;
  std::uint64_t bytes_written = 0;
  std::uint64_t files_verified = 0;
  std::vector<RestoreItemError> errors;  // items; not empty means exit code 1, as restic does
};

// What a restore will do, decided before anything is written; what --dry-run and the guided restore
// show.
struct RestorePlanItem {
  enum class Action { create, update, keep, remove };
  Action action = Action::create;
  std::string path;  // below the target
  std::uint64_t size = 0;
};
struct RestorePlanSummary {
  std::uint64_t files = 0;
  std::uint64_t directories = 0;
  std::uint64_t others = 0;
  std::uint64_t bytes = 0;           // content of all selected files
  std::uint64_t bytes_to_write = 0;  // of those that will be written
  std::uint64_t to_delete = 0;
  std::vector<RestorePlanItem> items;
  std::vector<RestoreItemError> errors;  // what can be told already to fail, such as a damaged tree
};

RestorePlanSummary plan_restore(Repository& repository,
                                const Index& index,
                                const BlobId& tree,
                                const RestoreOptions& options,
                                const StopToken& stop);

// Restores the tree below options.target and nowhere else, whatever names and links the repository
// holds: each path is resolved beneath the target without following links. Item failures are data
// in the report; damage of the repository that hits single files is too. Throws Error when the
// target cannot be used at all.
RestoreReport run_restore(Repository& repository,
                          const Index& index,
                          const BlobId& tree,
                          const RestoreOptions& options,
                          RestoreProgress& progress,
                          Log& log,
                          const StopToken& stop);

}  // namespace hikae
