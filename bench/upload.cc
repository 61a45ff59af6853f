// SPDX-License-Identifier: Apache-2.0
// How fast packs that exist go to a store, for bench/upload_s3: reads each file of FOLDER whole and
// saves it as a pack of its own name, with as many threads as the backend says help. Prints the
// seconds from the first read to the last answer.
//   bench_upload LOCATION FOLDER CA_FILE
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

void upload(const std::string& location, const std::string& folder, const std::string& ca_file) {
  OpenOptions options;
  options.ca_file = ca_file;
  options.variable = [](const std::string& name) -> std::optional<std::string> {
    const char* value = std::getenv(name.c_str());
    return value == nullptr ? std::nullopt : std::optional<std::string>(value);
  };
  const auto backend = open_backend(parse_location(location, "/"), std::move(options));
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) files.push_back(entry);
  std::atomic<std::size_t> next{0};
  TaskGroup tasks{StopToken()};
  for (std::size_t i = 0; i < backend->connections(); ++i) {
    tasks.spawn("upload", [&](const StopToken& stop) {
      for (std::size_t at = next++; at < files.size(); at = next++) {
        const Bytes content = os::read_file(files[at].string(), kLargestPack);
        backend->save({FileType::pack, files[at].filename().string()}, content, stop);
      }
    });
  }
  tasks.join();
}

}  // namespace
}  // namespace hikae

int main(int argc, char** argv) {
  if (argc != 4) return 2;
  const auto start = std::chrono::steady_clock::now();
  try {
    hikae::upload(argv[1], argv[2], argv[3]);
  } catch (const hikae::Error& error) {
    std::fprintf(stderr, "%s\n", render(error, hikae::Language::en).c_str());
    return 1;
  }
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
  std::printf("%.3f\n", seconds.count());
  return 0;
}
