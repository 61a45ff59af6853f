// SPDX-License-Identifier: Apache-2.0
#include "cli/guided_session.h"

#include <poll.h>
#include <unistd.h>

#include <filesystem>

#include "cli/guided_restore.h"
#include "cli/reading.h"
#include "cli/restore_origin.h"
#include "cli/restore_output.h"
#include "cli/snapshot_options.h"
#include "os/fd.h"
#include "os/files.h"
#include "os/wake.h"

namespace hikae::cli {
namespace {

constexpr std::chrono::seconds kLongestSample{1};
constexpr std::uint64_t kLargestSample = std::uint64_t{32} * 1024 * 1024;
// What making files costs beside their content; cautious for a disk with moving parts.
constexpr std::uint64_t kFilesPerSecond = 2000;

// A line of standard input; nullopt at its end. Throws Cancelled when stopped meanwhile.
std::optional<std::string> read_line(const StopToken& stop) {
  const os::StopFd stopped(stop);
  std::string line;
  while (true) {
    std::array<pollfd, 2> wait{{{STDIN_FILENO, POLLIN, 0}, {stopped.get(), POLLIN, 0}}};
    if (poll(wait.data(), wait.size(), -1) < 0 && errno != EINTR) return std::nullopt;
    throw_if_stopped(stop);
    if (wait[0].revents == 0) continue;
    std::uint8_t byte = 0;
    if (os::read_some(STDIN_FILENO, {&byte, 1}) == 0)
      return line.empty() ? std::nullopt : std::optional(line);
    if (byte == '\n') return line;
    line += static_cast<char>(byte);
  }
}

// Bytes a second that this repository gives, found by reading some of it.
std::uint64_t measure_rate(Repository& repository, const Index& index, const StopToken& stop) {
  const auto begin = std::chrono::steady_clock::now();
  std::uint64_t bytes = 0;
  const auto elapsed = [&] { return std::chrono::steady_clock::now() - begin; };
  for (std::uint32_t i = 0; i < index.blob_count(); ++i) {
    if (bytes >= kLargestSample || elapsed() >= kLongestSample) break;
    const format::PackedBlob& blob = index.at(i).blob;
    if (blob.type != format::BlobType::data) continue;
    try {
      bytes += repository.load_blob(index, blob.type, blob.id, stop).size();
    } catch (const Error&) {  // the restore itself will tell
      return 0;
    }
  }
  const double seconds = std::chrono::duration<double>(elapsed()).count();
  return seconds > 0 ? static_cast<std::uint64_t>(static_cast<double>(bytes) / seconds) : 0;
}

// Of the file system that will hold `path`, of which the end need not exist yet.
std::optional<std::uint64_t> free_space_for(const std::string& path) {
  for (std::filesystem::path at(path);; at = at.parent_path()) {
    std::error_code error;
    if (std::filesystem::exists(at, error)) return os::free_space(at.string()).free_bytes;
    if (at == at.parent_path()) return std::nullopt;
  }
}

// A damaged folder must not end the dialogue when another destination has it.
Bytes load_or_stand_in(Repository& repository,
                       const Index& index,
                       FallbackBlobs* others,
                       const BlobId& tree,
                       const StopToken& stop) {
  try {
    return repository.load_blob(index, format::BlobType::tree, tree, stop);
  } catch (const Error&) {
    auto content =
        others == nullptr ? std::nullopt : others->load(format::BlobType::tree, tree, stop);
    if (!content) throw;
    return std::move(*content);
  }
}

GuidedWorld make_world(const Session& session, const RestoreOrigin& origin, const Index& index) {
  Repository& repository = *origin.opened.repository;
  FallbackBlobs* const others = origin.others.get();
  const StopToken stop = session.stop;
  const auto load_tree = [&repository, &index, others, stop](const BlobId& tree) {
    return load_or_stand_in(repository, index, others, tree, stop);
  };
  GuidedWorld world;
  world.snapshots = origin.snapshots;
  world.working_directory = session.environment.working_directory;
  if (session.environment.identity.uid != 0) world.ownership = Ownership::none;
  world.local_time = [shown = ShownTime(session)](const format::Timestamp& time) {
    return shown.of(time);
  };
  world.find = [load_tree](const BlobId& tree, const std::string& path) {
    return find_node(load_tree, tree, path);
  };
  world.list = [load_tree](const BlobId& subtree) {
    return format::decode_tree(load_tree(subtree));
  };
  world.plan = [&repository, &index, others, stop](const BlobId& tree, RestoreOptions options) {
    options.others = others;
    return plan_restore(repository, index, tree, options, stop);
  };
  world.exists = [](const std::string& path) {
    std::error_code error;
    return std::filesystem::exists(std::filesystem::symlink_status(path, error));
  };
  world.free_space = free_space_for;
  world.estimate = [&repository, &index, stop](std::uint64_t files, std::uint64_t bytes) {
    const std::uint64_t rate = measure_rate(repository, index, stop);
    const std::uint64_t reading = rate == 0 ? 0 : bytes / rate;
    return std::chrono::seconds(1 + reading + files / kFilesPerSecond);
  };
  return world;
}

}  // namespace

int restore_guided(const Session& session) {
  const RestoreOrigin origin = open_origin(
      session, [](const auto& snapshots) { return !snapshots.empty(); }, no_matching_snapshot());
  Repository& repository = *origin.opened.repository;
  const Index index = load_index_for_reading(session, repository);
  session.console.say(text("cli_restore.guided_from", {{"place", origin.name}}));
  const GuidedWorld world = make_world(session, origin, index);
  const Dialogue dialogue{session.console.language(),
                          [&] { return read_line(session.stop); },
                          [&](const std::string& words) { session.console.print(words); }};
  auto choice = guide_restore(dialogue, world);
  if (!choice) {
    session.console.say(text("cli_restore.guided_left"));
    return 130;
  }
  choice->options.others = origin.others.get();
  return restore_and_report(session, {repository, index, choice->record, choice->options});
}

}  // namespace hikae::cli
