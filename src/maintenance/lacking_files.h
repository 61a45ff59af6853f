// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "repository/repository.h"

namespace hikae {

// A file, or a folder with all that was in it, that a snapshot cannot give back.
struct LackingFile {
  SnapshotId snapshot;
  std::string path;  // "/etc/passwd"
};

// Walks the given snapshots and lists what needs a blob that no pack of the index holds, or lies in
// a tree that cannot be read; at most `most` of it.
std::vector<LackingFile> list_lacking_files(Repository& repository,
                                            const Index& index,
                                            const std::vector<SnapshotRecord>& snapshots,
                                            std::size_t most,
                                            const StopToken& stop);

}  // namespace hikae
