// SPDX-License-Identifier: Apache-2.0
#include "survey/machine.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <set>
#include <sstream>

#include "policy/time_zone.h"

namespace hikae::survey {
namespace {

int number_or(std::string_view text, int otherwise) {
  int number = otherwise;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), number);
  return read.ec == std::errc() ? number : otherwise;
}

std::vector<std::string> split(std::string_view text, char separator) {
  std::vector<std::string> parts;
  std::istringstream in{std::string(text)};
  for (std::string part; std::getline(in, part, separator);) parts.push_back(part);
  return parts;
}

// "port = 5433   # comment" of a postgresql.conf; the last one counts.
std::string setting(std::string_view config, std::string_view key) {
  std::string found;
  for (const std::string& line : lines_of(config)) {
    const std::string text = trimmed(line.substr(0, line.find('#')));
    if (!text.starts_with(key) || text.find_first_of(" \t=", key.size()) != key.size()) continue;
    std::string rest = trimmed(text.substr(key.size()));
    if (rest.starts_with('=')) rest = trimmed(rest.substr(1));
    if (rest.size() >= 2 && rest.front() == '\'' && rest.back() == '\'')
      rest = rest.substr(1, rest.size() - 2);
    found = rest;
  }
  return found;
}

void look_at_clusters(const Root& root, Machine& machine) {
  for (const std::string& version : root.list("/etc/postgresql")) {
    for (const std::string& name : root.list("/etc/postgresql/" + version)) {
      const auto config = root.read("/etc/postgresql/" + version + "/" + name + "/postgresql.conf");
      if (!config) continue;
      Cluster cluster;
      cluster.version = version;
      cluster.name = name;
      cluster.data_directory = setting(*config, "data_directory");
      if (cluster.data_directory.empty())
        cluster.data_directory = "/var/lib/postgresql/" + version + "/" + name;
      cluster.port = number_or(setting(*config, "port"), 5432);
      cluster.is_running = root.exists(cluster.data_directory + "/postmaster.pid");
      machine.clusters.push_back(std::move(cluster));
    }
  }
}

// Servers that run without a configuration below /etc/postgresql.
void look_at_postmasters(const Root& root, Machine& machine) {
  for (const std::string& process : root.list("/proc")) {
    if (process.find_first_not_of("0123456789") != std::string::npos) continue;
    const auto name = root.read("/proc/" + process + "/comm");
    if (!name || (*name != "postgres\n" && *name != "postmaster\n")) continue;
    const auto command = root.read("/proc/" + process + "/cmdline");
    if (!command) continue;
    const std::vector<std::string> words = split(*command, '\0');
    const auto option = std::find(words.begin(), words.end(), "-D");
    if (option == words.end() || option + 1 == words.end()) continue;
    const std::string folder = without_slash_at_end(*(option + 1));
    // A container's server sees folders of its own.
    const bool known =
        std::any_of(machine.clusters.begin(), machine.clusters.end(), [&](const Cluster& cluster) {
          return cluster.data_directory == folder;
        });
    if (known || !root.exists(folder + "/PG_VERSION")) continue;
    Cluster cluster;
    cluster.version = trimmed(root.read(folder + "/PG_VERSION").value_or(""));
    if (!cluster.version.empty() && cluster.version.back() == '\n') cluster.version.pop_back();
    cluster.data_directory = folder;
    cluster.is_running = true;
    const auto pid_file = root.read(folder + "/postmaster.pid");
    if (pid_file) {
      const auto lines = lines_of(*pid_file);
      if (lines.size() > 3) cluster.port = number_or(lines[3], 5432);
    }
    machine.clusters.push_back(std::move(cluster));
  }
}

void look_at_shares(const Root& root, Machine& machine) {
  if (const auto config = root.read("/etc/samba/smb.conf"))
    machine.shares = parse_samba(*config, "/etc/samba/smb.conf");
  if (const auto exports = root.read("/etc/exports")) {
    for (Share& share : parse_exports(*exports, "/etc/exports"))
      machine.shares.push_back(std::move(share));
  }
}

void look_at_other_databases(const Root& root, Machine& machine) {
  constexpr std::array<std::array<const char*, 2>, 4> kKnown = {
      {{"MySQL/MariaDB", "/var/lib/mysql"},
       {"MongoDB", "/var/lib/mongodb"},
       {"Redis", "/var/lib/redis"},
       {"OpenLDAP", "/var/lib/ldap"}}};
  for (const auto& [product, path] : kKnown) {
    if (!root.list(path).empty()) machine.other_databases.push_back({product, path});
  }
}

// "\040" is how the kernel writes a blank.
std::string unescaped(const std::string& text) {
  std::string out;
  for (std::size_t at = 0; at < text.size(); ++at) {
    const bool is_escape = text[at] == '\\' && at + 3 < text.size();
    int code = 0;
    if (is_escape &&
        std::from_chars(text.data() + at + 1, text.data() + at + 4, code, 8).ec == std::errc() &&
        code > 0) {
      out += static_cast<char>(code);
      at += 3;
    } else {
      out += text[at];
    }
  }
  return out;
}

bool is_real_file_system(const std::string& type) {
  static const std::set<std::string> kReal = {
      "ext2", "ext3",  "ext4",    "xfs",        "btrfs",    "zfs",      "f2fs",
      "jfs",  "nfs",   "nfs4",    "cifs",       "smb3",     "vfat",     "exfat",
      "ntfs", "ntfs3", "fuseblk", "fuse.sshfs", "bcachefs", "reiserfs", "fuse.mergerfs"};
  return kReal.count(type) != 0;
}

// What belongs to the system or to a container.
bool is_system_mount(const std::string& path) {
  for (const char* folder : {"/boot",
                             "/proc",
                             "/sys",
                             "/dev",
                             "/run",
                             "/snap",
                             "/var/lib/docker",
                             "/var/lib/containers",
                             "/usr",
                             "/etc",
                             "/efi"}) {
    if (lies_in(path, folder)) return true;
  }
  return path == "/" || path == "/var" || path == "/tmp" || path == "/var/log" ||
         path == "/var/tmp";
}

}  // namespace

bool Mount::is_network() const {
  return type.starts_with("nfs") || type == "cifs" || type == "smb3" || type == "fuse.sshfs";
}

std::vector<Mount> parse_mounts(std::string_view mountinfo) {
  std::vector<Mount> mounts;
  for (const std::string& line : lines_of(mountinfo)) {
    const std::vector<std::string> fields = split(line, ' ');
    const auto dash = std::find(fields.begin(), fields.end(), "-");
    if (fields.size() < 7 || fields.end() - dash < 3) continue;
    Mount mount{unescaped(fields[4]), unescaped(*(dash + 2)), *(dash + 1)};
    if (!is_real_file_system(mount.type) || is_system_mount(mount.path)) continue;
    // A single file that is mounted into a container.
    mounts.push_back(std::move(mount));
  }
  std::sort(
      mounts.begin(), mounts.end(), [](const Mount& a, const Mount& b) { return a.path < b.path; });
  mounts.erase(std::unique(mounts.begin(),
                           mounts.end(),
                           [](const Mount& a, const Mount& b) { return a.path == b.path; }),
               mounts.end());
  return mounts;
}

std::vector<Share> parse_samba(std::string_view text, std::string_view file) {
  std::vector<Share> shares;
  std::string section;
  int number = 0;
  for (const std::string& raw : lines_of(text)) {
    ++number;
    const std::string line = trimmed(raw);
    if (line.empty() || line[0] == '#' || line[0] == ';') continue;
    if (line.front() == '[' && line.back() == ']') {
      section = line.substr(1, line.size() - 2);
      continue;
    }
    const std::size_t equals = line.find('=');
    if (equals == std::string::npos) continue;
    std::string key = trimmed(line.substr(0, equals));
    std::transform(key.begin(), key.end(), key.begin(), [](unsigned char c) {
      return static_cast<char>(std::tolower(c));
    });
    const bool is_special =
        section == "global" || section == "homes" || section == "printers" || section == "print$";
    std::string path = trimmed(line.substr(equals + 1));
    if (path.size() >= 2 && path.front() == '"' && path.back() == '"')
      path = path.substr(1, path.size() - 2);
    if (is_special || (key != "path" && key != "directory") || !path.starts_with('/')) continue;
    // "%U" stands for the user: what lies above is shared.
    if (const std::size_t variable = path.find('%'); variable != std::string::npos)
      path = path.substr(0, path.rfind('/', variable));
    shares.push_back({section, without_slash_at_end(path), std::string(file), number});
  }
  return shares;
}

std::vector<Share> parse_exports(std::string_view text, std::string_view file) {
  std::vector<Share> shares;
  int number = 0;
  for (const std::string& raw : lines_of(text)) {
    ++number;
    const std::string line = trimmed(raw);
    if (!line.starts_with('/') && !line.starts_with("\"/")) continue;
    const bool is_quoted = line.front() == '"';
    const std::size_t end = is_quoted ? line.find('"', 1) : line.find_first_of(" \t");
    const std::string path =
        line.substr(is_quoted ? 1 : 0, end == std::string::npos ? end : end - (is_quoted ? 1 : 0));
    const std::string place = without_slash_at_end(unescaped(path));
    shares.push_back({place, place, std::string(file), number});
  }
  return shares;
}

std::vector<Home> parse_homes(std::string_view passwd) {
  std::vector<Home> homes;
  for (const std::string& line : lines_of(passwd)) {
    const std::vector<std::string> fields = split(line, ':');
    if (fields.size() < 6) continue;
    const int id = number_or(fields[2], -1);
    const bool is_person = id == 0 || (id >= 1000 && id < 60000);
    if (is_person && fields[5].size() > 1 && fields[5][0] == '/')
      homes.push_back({fields[0], without_slash_at_end(fields[5])});
  }
  return homes;
}

std::string time_zone_of(const Root& root) {
  const auto lines = lines_of(root.read("/etc/timezone").value_or(""));
  std::string name = lines.empty() ? "" : trimmed(lines.front());
  std::array<char, 4096> link{};
  const ssize_t length =
      readlink(root.system_path("/etc/localtime").c_str(), link.data(), link.size());
  constexpr std::string_view kFolder = "zoneinfo/";
  const std::string_view target(link.data(), length > 0 ? static_cast<std::size_t>(length) : 0);
  // systemd keeps the link; the file is an older custom that it may have left behind.
  if (const std::size_t at = target.find(kFolder); at != std::string_view::npos)
    name = std::string(target.substr(at + kFolder.size()));
  return policy::TimeZone::exists(name) ? name : "UTC";
}

Machine look_at_machine(const Root& root) {
  Machine machine;
  look_at_clusters(root, machine);
  look_at_postmasters(root, machine);
  look_at_docker(root, machine);
  if (const auto mounts = root.read("/proc/self/mountinfo")) {
    for (Mount& mount : parse_mounts(*mounts)) {
      if (root.is_folder(mount.path)) machine.mounts.push_back(std::move(mount));
    }
  }
  if (const auto passwd = root.read("/etc/passwd")) {
    for (Home& home : parse_homes(*passwd)) {
      if (!root.list(home.path).empty()) machine.homes.push_back(std::move(home));
    }
  }
  look_at_shares(root, machine);
  look_at_other_databases(root, machine);
  return machine;
}

}  // namespace hikae::survey
