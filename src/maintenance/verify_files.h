// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>
#include <vector>

#include "base/error.h"
#include "storage/backend.h"

namespace hikae {

// A file that is not what its name says.
struct BadFile {
  enum class Problem {
    hash_differs,  // its bytes have another SHA-256
    unreadable,    // the disk or share refuses to give them
  };
  std::string path;  // relative to the repository
  Problem problem = Problem::hash_differs;
  Text message;
};

struct VerifyReport {
  std::uint64_t files = 0;  // read to the end, bad ones included
  std::uint64_t bytes = 0;
  std::vector<BadFile> bad;  // by path
  bool is_sound() const { return bad.empty(); }
};

struct VerifyProgress {
  std::atomic<std::uint64_t> files_total{0};
  std::atomic<std::uint64_t> bytes_total{0};
  std::atomic<std::uint64_t> files{0};
  std::atomic<std::uint64_t> bytes{0};
};

// Reads every file of a repository whose name is the SHA-256 of its bytes (all but config) and
// compares. Needs no key, so that it can run where the files lie. What it cannot see: a file that
// is missing, and whether the names that are there belong together; for that, run_check().
//
// A file that goes away meanwhile (locks do, and packs while a prune runs) is passed over. Memory:
// one buffer per worker, and the list of names. Throws Error when there is no repository, or when
// it vanishes; Cancelled.
VerifyReport verify_files(Backend& backend, VerifyProgress& progress, const StopToken& stop);

}  // namespace hikae
