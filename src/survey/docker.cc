// SPDX-License-Identifier: Apache-2.0
// Volumes and containers as Docker keeps them on the disk: also while its daemon is down, and
// without access to its socket, which would be more than reading needs. Source of the format:
// moby, container/container.go (config.v2.json).
#include <algorithm>

#include <simdjson.h>

#include "survey/machine.h"

namespace hikae::survey {
namespace {

namespace dom = simdjson::dom;

std::string text_at(const dom::element& json, std::string_view pointer) {
  std::string_view value;
  return json.at_pointer(pointer).get(value) == simdjson::SUCCESS ? std::string(value) : "";
}

std::string data_root(const Root& root) {
  const auto config = root.read("/etc/docker/daemon.json");
  dom::parser parser;
  dom::element json;
  if (config && parser.parse(*config).get(json) == simdjson::SUCCESS) {
    const std::string folder = text_at(json, "/data-root");
    if (!folder.empty()) return without_slash_at_end(folder);
  }
  return "/var/lib/docker";
}

// The official image and those that are made from it set PG_MAJOR; others are told by their name.
void look_for_postgres(const dom::element& json, DockerContainer& container) {
  container.is_postgres = container.image.find("postgres") != std::string::npos ||
                          container.image.find("postgis") != std::string::npos;
  dom::array variables;
  if (json.at_pointer("/Config/Env").get(variables) != simdjson::SUCCESS) return;
  for (const dom::element variable : variables) {
    std::string_view entry;
    if (variable.get(entry) != simdjson::SUCCESS) continue;
    if (entry.starts_with("PG_MAJOR=")) container.is_postgres = true;
    if (entry.starts_with("POSTGRES_USER="))
      container.postgres_user = std::string(entry.substr(14));
  }
}

DockerContainer container_of(const dom::element& json) {
  DockerContainer container;
  container.name = text_at(json, "/Name");
  if (container.name.starts_with('/')) container.name.erase(0, 1);
  container.image = text_at(json, "/Config/Image");
  bool running = false;
  if (json.at_pointer("/State/Running").get(running) == simdjson::SUCCESS)
    container.is_running = running;
  dom::object mounts;
  if (json.at_pointer("/MountPoints").get(mounts) == simdjson::SUCCESS) {
    for (const auto& [place, mount] : mounts) {
      const std::string volume = text_at(mount, "/Name");
      if (!volume.empty()) container.volumes.push_back(volume);
    }
  }
  look_for_postgres(json, container);
  return container;
}

}  // namespace

void look_at_docker(const Root& root, Machine& machine) {
  const std::string folder = data_root(root);
  for (const std::string& id : root.list(folder + "/containers")) {
    const auto config = root.read(folder + "/containers/" + id + "/config.v2.json");
    dom::parser parser;
    dom::element json;
    if (!config || parser.parse(*config).get(json) != simdjson::SUCCESS) continue;
    DockerContainer container = container_of(json);
    if (!container.name.empty()) machine.containers.push_back(std::move(container));
  }
  for (const std::string& name : root.list(folder + "/volumes")) {
    const std::string path = folder + "/volumes/" + name + "/_data";
    if (!root.is_folder(path)) continue;
    DockerVolume volume{name, path, {}};
    for (const DockerContainer& container : machine.containers) {
      if (std::find(container.volumes.begin(), container.volumes.end(), name) !=
          container.volumes.end())
        volume.used_by.push_back(container.name);
    }
    machine.volumes.push_back(std::move(volume));
  }
}

}  // namespace hikae::survey
