// SPDX-License-Identifier: Apache-2.0
// The dialogue of "hikae restore" without arguments. It knows neither terminal nor repository: both
// are handed in, so that a test can hold the conversation.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "format/node.h"
#include "repository/repository.h"
#include "restore/pipeline.h"

namespace hikae::cli {

struct Dialogue {
  Language language = Language::en;
  std::function<std::optional<std::string>()> read_line;  // nullopt at the end of input
  std::function<void(const std::string&)> print;
};

// What the dialogue asks of the world.
struct GuidedWorld {
  std::vector<SnapshotRecord> snapshots;  // newest last
  std::string working_directory;
  Ownership ownership = Ownership::by_number;
  std::function<std::string(const format::Timestamp&)> local_time;
  // nullopt when there is nothing at that path of the tree.
  std::function<std::optional<format::Node>(const BlobId& tree, const std::string& path)> find;
  std::function<std::vector<format::Node>(const BlobId& subtree)> list;
  std::function<RestorePlanSummary(const BlobId& tree, const RestoreOptions& options)> plan;
  std::function<bool(const std::string& path)> exists;
  std::function<std::optional<std::uint64_t>(const std::string& path)> free_space;
  // How long it will take to restore so much.
  std::function<std::chrono::seconds(std::uint64_t files, std::uint64_t bytes)> estimate;
};

struct GuidedChoice {
  SnapshotRecord record;
  RestoreOptions options;
};

// Leads through source, generation, path and target, shows the plan and asks. "b" goes one step
// back, "q" or the end of the input quits: nullopt. What `world` throws passes through.
std::optional<GuidedChoice> guide_restore(const Dialogue& dialogue, const GuidedWorld& world);

}  // namespace hikae::cli
