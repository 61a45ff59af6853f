// SPDX-License-Identifier: Apache-2.0
#include "maintenance/rewrite_index.h"

namespace hikae {
namespace {

constexpr std::size_t kBlobsPerIndex = 50'000;

}  // namespace

std::vector<std::string> list_names(Repository& repository, FileType type, const StopToken& stop) {
  std::vector<std::string> names;
  repository.backend().list(
      type, [&](const FileInfo& file) { names.push_back(file.name); }, stop);
  return names;
}

std::vector<std::string> rewrite_index(Repository& repository,
                                       const std::vector<std::string>& files,
                                       const std::unordered_set<PackId>& gone,
                                       const StopToken& stop) {
  std::vector<std::string> replaced;
  std::vector<format::IndexedPack> batch;
  std::size_t blobs = 0;
  const auto flush = [&] {
    if (!batch.empty())
      repository.save_unpacked(FileType::index, format::encode_index(batch), stop);
    batch.clear();
    blobs = 0;
  };
  for (const std::string& name : files) {
    std::vector<format::IndexedPack> packs;
    bool changes = false;
    format::decode_index(repository.load_unpacked(FileType::index, name, stop),
                         [&](format::IndexedPack&& pack) {
                           if (gone.contains(pack.id)) {
                             changes = true;
                           } else {
                             packs.push_back(std::move(pack));
                           }
                         });
    if (!changes) continue;
    replaced.push_back(name);
    for (format::IndexedPack& pack : packs) {
      blobs += pack.blobs.size();
      batch.push_back(std::move(pack));
      if (blobs >= kBlobsPerIndex) flush();
    }
  }
  flush();
  return replaced;
}

}  // namespace hikae
