// SPDX-License-Identifier: Apache-2.0
// The backends alone, for bench/upload: how fast packs that exist go to a store. Each file of
// FOLDER is read whole and saved as a pack of its own name (64 hex digits), or the pack of that
// name is loaded, by as many threads as the backend has connections. Prints the seconds from the
// first read to the last answer.
//   bench_upload LOCATION prepare
//   bench_upload LOCATION save|load FOLDER [CONNECTIONS]
// HIKAE_SSH_CONFIG, AWS_… and RESTIC_CACERT count as they do for hikae.
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include "base/error.h"
#include "concurrency/task_group.h"
#include "os/files.h"
#include "storage/open.h"

namespace hikae {
namespace {

constexpr std::size_t kLargestPack = std::size_t{256} << 20U;

std::optional<std::string> variable(const std::string& name) {
  const char* value = std::getenv(name.c_str());
  return value == nullptr ? std::nullopt : std::optional<std::string>(value);
}

void transfer(Backend& backend,
              bool save,
              const std::filesystem::path& file,
              const StopToken& stop) {
  const FileHandle pack{FileType::pack, file.filename().string()};
  if (save) {
    backend.save(pack, os::read_file(file.string(), kLargestPack), stop);
  } else {
    backend.load(pack, stop);
  }
}

void transfer_all(Backend& backend, bool save, const std::string& folder) {
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) files.push_back(entry);
  std::atomic<std::size_t> next{0};
  TaskGroup tasks{StopToken()};
  for (std::size_t i = 0; i < backend.connections(); ++i) {
    tasks.spawn("transfer", [&](const StopToken& stop) {
      for (std::size_t at = next++; at < files.size(); at = next++)
        transfer(backend, save, files[at], stop);
    });
  }
  tasks.join();
}

int run(const std::vector<std::string>& arguments) {
  if (arguments.size() < 2) return 2;
  OpenOptions options;
  options.ca_file = variable("RESTIC_CACERT").value_or("");
  options.variable = variable;
  if (arguments.size() > 3) options.connections = std::stoul(arguments[3]);
  const auto backend = open_backend(parse_location(arguments[0], "/"), std::move(options));
  const auto start = std::chrono::steady_clock::now();
  if (arguments[1] == "prepare") {
    backend->create_layout({});
  } else {
    transfer_all(*backend, arguments[1] == "save", arguments.at(2));
  }
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
  std::printf("%.3f\n", seconds.count());
  return 0;
}

}  // namespace
}  // namespace hikae

int main(int argc, char** argv) {
  try {
    return hikae::run({argv + 1, argv + argc});
  } catch (const hikae::Error& error) {
    std::fprintf(stderr, "%s\n", render(error, hikae::Language::en).c_str());
    return 1;
  }
}
