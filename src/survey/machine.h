// SPDX-License-Identifier: Apache-2.0
// What is on a machine that somebody may want to protect.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "survey/rooted.h"

namespace hikae::survey {

struct Cluster {  // of PostgreSQL
  std::string version;
  std::string name;
  std::string data_directory;
  int port = 5432;
  bool is_running = false;
};
struct DockerVolume {
  std::string name;
  std::string path;  // its data on this machine
  std::vector<std::string> used_by;
};
struct DockerContainer {
  std::string name;
  std::string image;
  std::vector<std::string> volumes;
  bool is_running = false;
  bool is_postgres = false;
  std::string postgres_user = "postgres";
};
struct Mount {
  std::string path;
  std::string device;
  std::string type;
  bool is_network() const;
};
struct Home {
  std::string user;
  std::string path;
};
struct Share {
  std::string name;
  std::string path;
  std::string file;  // where it is shared
  int line = 0;
};
struct OtherDatabase {  // that hikae does not dump by itself
  std::string product;
  std::string path;
};

struct Machine {
  std::vector<Cluster> clusters;
  std::vector<DockerVolume> volumes;
  std::vector<DockerContainer> containers;
  std::vector<Mount> mounts;  // of real file systems, without the system's own
  std::vector<Home> homes;    // of people, not of services
  std::vector<Share> shares;
  std::vector<OtherDatabase> other_databases;
};

// Reads configuration, /proc and Docker's folder; asks no server. What this process may not read is
// absent, so run it as root.
Machine look_at_machine(const Root& root);

// The machine's own time zone; "UTC" where nothing tells.
std::string time_zone_of(const Root& root);

// The parts, for tests. Pure.
std::vector<Mount> parse_mounts(std::string_view mountinfo);
std::vector<Share> parse_samba(std::string_view text, std::string_view file);
std::vector<Share> parse_exports(std::string_view text, std::string_view file);
std::vector<Home> parse_homes(std::string_view passwd);

// Fills volumes and containers from Docker's folder (docker.cc).
void look_at_docker(const Root& root, Machine& machine);

}  // namespace hikae::survey
