// SPDX-License-Identifier: Apache-2.0
// The least that a backup program must do, for bench/compare: how long this machine takes for it
// alone. Each of `--threads` threads (2) takes the next item; the time does not include finding out
// what there is to do. Prints one JSON object.
//   bench_floor hash FOLDER            SHA-256 and zstd level 3 of each distinct chunk
//   bench_floor stat FOLDER            lstat of every entry
//   bench_floor create FOLDER TARGET   the same folders, files (zeros of the same length), links
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <stdexcept>
#include <string>
#include <unordered_set>
#include <vector>

#include "base/json.h"
#include "chunker/chunker.h"
#include "concurrency/task_group.h"
#include "crypto/hash.h"
#include "format/compression.h"
#include "os/fd.h"

namespace hikae {
namespace {

namespace fs = std::filesystem;

// Some irreducible polynomial of degree 53; any cuts equally well.
constexpr Polynomial kPolynomial = 0x3DA3358B4DC173;

struct Entry {
  std::string path;  // below the folder
  fs::file_type type = fs::file_type::none;
  std::uint64_t size = 0;
};

std::vector<Entry> list(const fs::path& folder) {
  std::vector<Entry> entries;
  for (const fs::directory_entry& entry : fs::recursive_directory_iterator(folder)) {
    Entry found;
    found.path = entry.path().lexically_relative(folder).string();
    found.type = entry.symlink_status().type();
    if (found.type == fs::file_type::regular) found.size = entry.file_size();
    entries.push_back(std::move(found));
  }
  return entries;
}

// Runs `work(index, thread)` for each index on so many threads; seconds.
double measure(std::size_t count,
               std::size_t threads,
               const std::function<void(std::size_t index, std::size_t thread)>& work) {
  std::atomic<std::size_t> next{0};
  const auto begun = std::chrono::steady_clock::now();
  TaskGroup group{StopToken()};
  for (std::size_t thread = 0; thread < threads; ++thread) {
    group.spawn("floor", [&, thread](const StopToken&) {
      for (std::size_t index = next++; index < count; index = next++) work(index, thread);
    });
  }
  group.join();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begun).count();
}

struct Chunk {
  std::size_t file = 0;
  std::uint64_t offset = 0;
  std::size_t length = 0;
};

// The chunks of all files, each content once.
std::vector<Chunk> distinct_chunks(const fs::path& folder, const std::vector<Entry>& files) {
  const ChunkerTables tables(kPolynomial);
  std::unordered_set<std::string> seen;
  std::vector<Chunk> chunks;
  Bytes buffer(kMaxChunkSize);
  for (std::size_t i = 0; i < files.size(); ++i) {
    const os::Fd file = os::open_file((folder / files[i].path).string(), O_RDONLY | O_CLOEXEC);
    std::uint64_t offset = 0;
    while (const std::size_t got = os::pread_fully(file.get(), buffer, offset)) {
      const std::size_t length = tables.next_cut(ByteView(buffer).first(got));
      const Digest digest = sha256(ByteView(buffer).first(length));
      if (seen.insert(digest.hex()).second) chunks.push_back({i, offset, length});
      offset += length;
    }
  }
  return chunks;
}

std::vector<Entry> only_files(std::vector<Entry> entries) {
  std::erase_if(entries, [](const Entry& entry) {
    return entry.type != fs::file_type::regular || entry.size == 0;
  });
  return entries;
}

struct Workspace {
  format::Compressor compressor;
  Bytes in;
  Bytes out;
};

void hash(const fs::path& folder, std::size_t threads, JsonWriter& json) {
  const std::vector<Entry> files = only_files(list(folder));
  const std::vector<Chunk> chunks = distinct_chunks(folder, files);
  std::vector<Workspace> spaces(threads);
  std::atomic<std::uint64_t> bytes{0};
  std::atomic<std::uint64_t> compressed{0};
  const double seconds =
      measure(chunks.size(), threads, [&](std::size_t index, std::size_t thread) {
        const Chunk& chunk = chunks[index];
        Workspace& space = spaces[thread];
        space.in.resize(chunk.length);
        const os::Fd file =
            os::open_file((folder / files[chunk.file].path).string(), O_RDONLY | O_CLOEXEC);
        os::pread_exactly(file.get(), space.in, chunk.offset);
        sha256(space.in);
        space.compressor.compress(space.in, space.out);
        bytes += chunk.length;
        compressed += space.out.size();
      });
  json.member("seconds", seconds).member("bytes", bytes.load());
  json.member("compressed", compressed.load()).member("chunks", std::uint64_t{chunks.size()});
}

void stat_all(const fs::path& folder, std::size_t threads, JsonWriter& json) {
  const std::vector<Entry> entries = list(folder);
  const double seconds = measure(entries.size(), threads, [&](std::size_t index, std::size_t) {
    struct stat status {};
    if (lstat((folder / entries[index].path).c_str(), &status) != 0)
      throw std::runtime_error("lstat fails: " + entries[index].path);
  });
  json.member("seconds", seconds).member("entries", std::uint64_t{entries.size()});
}

void create_file(const std::string& path, std::uint64_t size, const Bytes& zeros) {
  os::Fd file = os::open_file(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  for (std::uint64_t left = size; left > 0;) {
    const auto piece = static_cast<std::size_t>(std::min<std::uint64_t>(left, zeros.size()));
    os::write_all(file.get(), ByteView(zeros).first(piece));
    left -= piece;
  }
  file.close();
}

void create(const fs::path& folder, const fs::path& target, std::size_t threads, JsonWriter& json) {
  const std::vector<Entry> entries = list(folder);
  const Bytes zeros(1U << 20U);
  const auto begun = std::chrono::steady_clock::now();
  fs::create_directories(target);
  for (const Entry& entry : entries) {
    if (entry.type == fs::file_type::directory) fs::create_directory(target / entry.path);
  }
  measure(entries.size(), threads, [&](std::size_t index, std::size_t) {
    const Entry& entry = entries[index];
    const fs::path path = target / entry.path;
    if (entry.type == fs::file_type::regular) create_file(path.string(), entry.size, zeros);
    if (entry.type == fs::file_type::symlink)
      fs::create_symlink(fs::read_symlink(folder / entry.path), path);
  });
  const double seconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - begun).count();
  json.member("seconds", seconds).member("entries", std::uint64_t{entries.size()});
}

int run(std::vector<std::string> words) {
  std::size_t threads = 2;
  if (words.size() > 2 && words[0] == "--threads") {
    threads = static_cast<std::size_t>(std::stoul(words[1]));
    words.erase(words.begin(), words.begin() + 2);
  }
  std::string out;
  JsonWriter json(out);
  json.begin_object();
  if (words.size() == 2 && words[0] == "hash") {
    hash(words[1], threads, json);
  } else if (words.size() == 2 && words[0] == "stat") {
    stat_all(words[1], threads, json);
  } else if (words.size() == 3 && words[0] == "create") {
    create(words[1], words[2], threads, json);
  } else {
    std::fprintf(stderr, "bench_floor [--threads N] hash|stat FOLDER, or create FOLDER TARGET\n");
    return 2;
  }
  json.end_object();
  std::printf("%s\n", out.c_str());
  return 0;
}

}  // namespace
}  // namespace hikae

int main(int count, char** arguments) {
  try {
    return hikae::run({arguments + 1, arguments + count});
  } catch (const std::exception& error) {
    std::fprintf(stderr, "bench_floor: %s\n", error.what());
    return 1;
  }
}
