// SPDX-License-Identifier: Apache-2.0
// The SFTP backend alone, for bench/sftp: stores existing files as packs.
//   bench_sftp_upload CONFIG LOCATION CONNECTIONS prepare
//   bench_sftp_upload CONFIG LOCATION CONNECTIONS save|load FILE…
#include <atomic>
#include <cstdio>
#include <exception>
#include <string>
#include <vector>

#include "concurrency/task_group.h"
#include "crypto/hash.h"
#include "os/files.h"
#include "storage/location.h"
#include "storage/open.h"

namespace hikae {
namespace {

constexpr std::size_t kLongestFile = std::size_t{1} << 30U;

FileHandle pack_of(const std::string& file) {
  return {FileType::pack, to_hex(sha256(as_bytes(file)).bytes)};
}

void transfer(Backend& backend, bool save, const std::vector<std::string>& files) {
  std::atomic<std::size_t> next{0};
  TaskGroup group{StopToken()};
  for (std::size_t i = 0; i < backend.connections(); ++i) {
    group.spawn("transfer", [&](const StopToken& stop) {
      for (std::size_t n = next++; n < files.size(); n = next++) {
        if (save) {
          backend.save(pack_of(files[n]), os::read_file(files[n], kLongestFile), stop);
        } else {
          backend.load(pack_of(files[n]), stop);
        }
      }
    });
  }
  group.join();
}

int run(const std::vector<std::string>& arguments) {
  OpenOptions options;
  options.ssh_config_file = arguments.at(0);
  options.connections = std::stoul(arguments.at(2));
  const auto backend = open_backend(parse_location(arguments.at(1), "/"), std::move(options));
  if (arguments.at(3) == "prepare") {
    backend->create_layout({});
  } else {
    transfer(*backend, arguments[3] == "save", {arguments.begin() + 4, arguments.end()});
  }
  return 0;
}

}  // namespace
}  // namespace hikae

int main(int argc, char** argv) {
  try {
    return hikae::run({argv + 1, argv + argc});
  } catch (const std::exception& error) {
    std::fprintf(stderr, "bench_sftp_upload: %s\n", error.what());
    return 1;
  }
}
