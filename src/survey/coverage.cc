// SPDX-License-Identifier: Apache-2.0
#include "survey/coverage.h"

#include <algorithm>

namespace hikae::survey {
namespace {

using policy::Policy;
using policy::Source;

bool files_cover(const Policy& policy, const std::string& path) {
  return std::any_of(policy.sources.begin(), policy.sources.end(), [&](const Source& source) {
    const bool inside =
        std::any_of(source.files.begin(), source.files.end(), [&](const std::string& folder) {
          return lies_in(path, folder);
        });
    const bool left_out =
        std::any_of(source.exclude.begin(), source.exclude.end(), [&](const std::string& pattern) {
          return pattern.starts_with('/') && lies_in(path, pattern);
        });
    return inside && !left_out;
  });
}

// Some source lies inside: then somebody has chosen what of it is worth keeping.
bool files_choose_from(const Policy& policy, const std::string& path) {
  return std::any_of(policy.sources.begin(), policy.sources.end(), [&](const Source& source) {
    return std::any_of(source.files.begin(), source.files.end(), [&](const std::string& folder) {
      return lies_in(folder, path);
    });
  });
}

// A socket's folder is one of this machine.
bool is_this_machine(const std::string& host) {
  return host.empty() || host.starts_with('/') || host == "localhost" || host == "127.0.0.1" ||
         host == "::1";
}

class Audit {
 public:
  Audit(const Policy& policy, const Machine& machine) : policy_(policy), machine_(machine) {}

  std::vector<Finding> run() && {
    clusters();
    containers();
    volumes();
    for (const OtherDatabase& database : machine_.other_databases) other_database(database);
    for (const Share& share : machine_.shares) {
      if (files_cover(policy_, share.path)) continue;
      warn(share.file + ":" + std::to_string(share.line),
           text("survey.share_uncovered", {{"share", share.name}, {"path", share.path}}),
           files_fix(share.path));
    }
    mounts();
    homes();
    return std::move(findings_);
  }

 private:
  void warn(std::string where, Text what, Text fix) {
    findings_.push_back(
        {Severity::warning, "coverage", std::move(where), std::move(what), std::move(fix)});
  }
  static Text files_fix(const std::string& path) {
    return text("survey.files_fix", {{"path", path}});
  }

  void clusters() {
    for (const Cluster& cluster : machine_.clusters) {
      const bool covered =
          std::any_of(policy_.sources.begin(), policy_.sources.end(), [&](const Source& source) {
            if (!source.postgres) return false;
            const auto& given = *source.postgres;
            if (!given.data_directory.empty())
              return without_slash_at_end(given.data_directory) == cluster.data_directory;
            return is_this_machine(given.host) && given.port == cluster.port;
          });
      if (covered) continue;
      warn(cluster.data_directory,
           text("survey.cluster_uncovered",
                {{"version", cluster.version},
                 {"name", cluster.name.empty() ? cluster.data_directory : cluster.name},
                 {"port", std::to_string(cluster.port)}}),
           text("survey.cluster_fix",
                {{"path", cluster.data_directory}, {"port", std::to_string(cluster.port)}}));
    }
  }

  bool has_container(const std::string& name) const {
    return std::any_of(policy_.sources.begin(), policy_.sources.end(), [&](const Source& source) {
      return source.docker_postgres && source.docker_postgres->container == name;
    });
  }

  void containers() {
    for (const DockerContainer& container : machine_.containers) {
      if (!container.is_postgres || has_container(container.name)) continue;
      warn(container.name,
           text("survey.container_uncovered",
                {{"container", container.name}, {"image", container.image}}),
           text("survey.container_fix",
                {{"container", container.name}, {"user", container.postgres_user}}));
    }
  }

  void volumes() {
    for (const DockerVolume& volume : machine_.volumes) {
      const bool named =
          std::any_of(policy_.sources.begin(), policy_.sources.end(), [&](const Source& source) {
            return source.docker_volume && source.docker_volume->name == volume.name;
          });
      // The data of a database that is dumped.
      const bool dumped = !volume.used_by.empty() &&
                          std::all_of(volume.used_by.begin(),
                                      volume.used_by.end(),
                                      [&](const std::string& name) { return has_container(name); });
      if (named || dumped || files_cover(policy_, volume.path)) continue;
      warn(volume.path,
           text("survey.volume_uncovered", {{"volume", volume.name}}),
           text("survey.volume_fix", {{"volume", volume.name}}));
    }
  }

  void other_database(const OtherDatabase& database) {
    const Text what = files_cover(policy_, database.path)
                          ? text("survey.database_copied_live", {{"product", database.product}})
                          : text("survey.database_uncovered", {{"product", database.product}});
    warn(database.path, what, text("survey.database_fix", {{"product", database.product}}));
  }

  void mounts() {
    for (const Mount& mount : machine_.mounts) {
      // What lies on another machine is that one's to protect; a destination may be mounted there.
      if (mount.is_network() || is_destination(mount.path)) continue;
      if (files_cover(policy_, mount.path) || files_choose_from(policy_, mount.path)) continue;
      if (holds_database(mount.path)) continue;
      warn(mount.path,
           text("survey.mount_uncovered", {{"path", mount.path}, {"device", mount.device}}),
           files_fix(mount.path));
    }
  }

  bool is_destination(const std::string& path) const {
    return std::any_of(
        policy_.destinations.begin(), policy_.destinations.end(), [&](const auto& destination) {
          return destination.url.starts_with('/') && lies_in(destination.url, path);
        });
  }
  bool holds_database(const std::string& path) const {
    return std::any_of(
        machine_.clusters.begin(), machine_.clusters.end(), [&](const Cluster& cluster) {
          return lies_in(cluster.data_directory, path);
        });
  }

  // One finding for all of them: they usually lie in one folder.
  void homes() {
    std::string users;
    std::string first;
    for (const Home& home : machine_.homes) {
      if (files_cover(policy_, home.path) || files_choose_from(policy_, home.path)) continue;
      users += (users.empty() ? "" : ", ") + home.user;
      if (first.empty()) first = home.path;
    }
    if (users.empty()) return;
    const bool in_home = lies_in(first, "/home");
    warn(in_home ? "/home" : first,
         text("survey.homes_uncovered", {{"users", users}}),
         files_fix(in_home ? "/home" : first));
  }

  const Policy& policy_;
  const Machine& machine_;
  std::vector<Finding> findings_;
};

}  // namespace

std::vector<Finding> audit_coverage(const Policy& policy, const Machine& machine) {
  return Audit(policy, machine).run();
}

}  // namespace hikae::survey
