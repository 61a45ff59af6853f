// SPDX-License-Identifier: Apache-2.0
#include <filesystem>

#include "service/physical_restore.h"

namespace hikae {
namespace {

namespace fs = std::filesystem;

// Links are removed, not followed. What cannot be removed stays.
void remove_content(const std::string& folder) {
  std::error_code failure;
  for (fs::directory_iterator entry(folder, failure), end; !failure && entry != end;
       entry.increment(failure)) {
    std::error_code stays;
    fs::remove_all(entry->path(), stays);
  }
}

}  // namespace

void discard_physical_restore(const PhysicalRestorePlan& plan) noexcept {
  for (const PhysicalRestorePlan::Place& place : plan.places) {
    try {
      remove_content(place.target);
      std::error_code stays;
      if (place.found == PhysicalRestorePlan::Found::nothing) fs::remove(place.target, stays);
    } catch (const std::exception&) {  // NOLINT(bugprone-empty-catch): out of memory; it stays
    }
  }
}

}  // namespace hikae
