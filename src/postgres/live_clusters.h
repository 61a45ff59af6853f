// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

namespace hikae::postgres {

// A cluster whose server runs on this host now.
struct LiveCluster {
  std::string data_directory;
  std::string version;  // "15"
  std::string owner;    // its operating-system user
  int port = 0;
};

// By the processes of this host: a server works in its data directory. One in a container is found
// when its data directory has the same path here. Without the right to look at other users'
// processes (root has it) theirs are not found; their files cannot be read then either.
std::vector<LiveCluster> find_live_clusters();

}  // namespace hikae::postgres
