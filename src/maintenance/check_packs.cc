// SPDX-License-Identifier: Apache-2.0
#include "maintenance/check_packs.h"

#include <algorithm>
#include <charconv>
#include <random>

#include "base/units.h"

namespace hikae {
namespace {

using Severity = CheckFinding::Severity;

CheckFinding pack_error(std::string_view key, const PackId& pack, Text::Arguments more = {}) {
  more.emplace_back("pack", pack.hex());
  return {Severity::error, text(key, std::move(more))};
}

bool is_mixed(const std::vector<format::PackedBlob>& blobs) {
  return std::any_of(blobs.begin(), blobs.end(), [&](const format::PackedBlob& blob) {
    return blob.type != blobs.front().type;
  });
}

std::vector<format::PackedBlob> by_offset(std::vector<format::PackedBlob> blobs) {
  std::sort(
      blobs.begin(), blobs.end(), [](const auto& a, const auto& b) { return a.offset < b.offset; });
  return blobs;
}

// restic's rule: the first byte of the id, so that the parts are the same for everybody.
std::vector<PackId> choose_part(const std::map<PackId, std::uint64_t>& files,
                                const PackSubset::Part& part) {
  std::vector<PackId> chosen;
  for (const auto& [id, size] : files) {
    if (id.bytes[0] % part.t == part.n - 1) chosen.push_back(id);
  }
  return chosen;
}

}  // namespace

std::optional<PackSubset> parse_pack_subset(std::string_view text) {
  const auto number = [](std::string_view digits, auto& value) {
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    return error == std::errc() && end == digits.data() + digits.size();
  };
  if (const auto slash = text.find('/'); slash != std::string_view::npos) {
    PackSubset::Part part;
    if (!number(text.substr(0, slash), part.n) || !number(text.substr(slash + 1), part.t))
      return std::nullopt;
    // More parts than first bytes would leave some empty, as restic says too.
    if (part.n < 1 || part.t < part.n || part.t > 256) return std::nullopt;
    return PackSubset{part};
  }
  if (text.ends_with('%')) {
    PackSubset::Percent percent;
    if (!number(text.substr(0, text.size() - 1), percent.percent)) return std::nullopt;
    if (!(percent.percent > 0 && percent.percent <= 100)) return std::nullopt;
    return PackSubset{percent};
  }
  const auto bytes = parse_bytes(text);
  if (!bytes || *bytes == 0) return std::nullopt;
  return PackSubset{PackSubset::Size{*bytes}};
}

std::map<PackId, std::uint64_t> list_packs(Repository& repository, const StopToken& stop) {
  std::map<PackId, std::uint64_t> files;
  repository.backend().list(
      FileType::pack,
      [&](const FileInfo& file) { files.emplace(*PackId::parse(file.name), file.size); },
      stop);
  return files;
}

std::uint64_t expected_pack_size(const std::vector<format::PackedBlob>& blobs) {
  std::uint64_t size = Cipher::kOverhead + 4;
  for (const format::PackedBlob& blob : blobs)
    size += blob.length + format::header_entry_size(blob);
  return size;
}

void check_pack_list(const Index& index,
                     const std::map<PackId, std::uint64_t>& files,
                     const FindingSink& found) {
  std::map<PackId, bool> seen;
  index.for_each_pack([&](const format::IndexedPack& pack) {
    if (!seen.emplace(pack.id, true).second) {
      found({Severity::hint, text("maintenance.pack_indexed_twice", {{"pack", pack.id.hex()}})});
      return;
    }
    const auto file = files.find(pack.id);
    if (file == files.end()) {
      found(pack_error("maintenance.pack_missing", pack.id));
    } else if (file->second != expected_pack_size(pack.blobs)) {
      found(pack_error("maintenance.pack_size_differs",
                       pack.id,
                       {{"size", std::to_string(file->second)},
                        {"expected", std::to_string(expected_pack_size(pack.blobs))}}));
    }
    if (is_mixed(pack.blobs))
      found({Severity::hint, text("maintenance.pack_mixed", {{"pack", pack.id.hex()}})});
  });
  for (const auto& [id, size] : files) {
    if (!index.has_pack(id))
      found({Severity::hint, text("maintenance.pack_not_indexed", {{"pack", id.hex()}})});
  }
}

std::vector<PackId> choose_packs(const std::map<PackId, std::uint64_t>& files,
                                 const PackSubset& subset,
                                 std::uint64_t seed) {
  if (const auto* part = std::get_if<PackSubset::Part>(&subset.choice))
    return choose_part(files, *part);
  if (const auto* named = std::get_if<PackSubset::Named>(&subset.choice))
    return {named->packs.begin(), named->packs.end()};
  std::vector<std::pair<PackId, std::uint64_t>> shuffled(files.begin(), files.end());
  std::mt19937_64 random(seed);
  std::shuffle(shuffled.begin(), shuffled.end(), random);
  std::size_t most = shuffled.size();
  std::uint64_t budget = std::numeric_limits<std::uint64_t>::max();
  if (const auto* percent = std::get_if<PackSubset::Percent>(&subset.choice)) {
    // At least one, so that a small repository is not passed as read.
    most = std::max<std::size_t>(
        1, static_cast<std::size_t>(static_cast<double>(most) * percent->percent / 100));
  } else {
    budget = std::get<PackSubset::Size>(subset.choice).bytes;
  }
  std::vector<PackId> chosen;
  std::uint64_t bytes = 0;
  for (const auto& [id, size] : shuffled) {
    if (chosen.size() >= most || (bytes >= budget)) break;
    bytes += size;
    chosen.push_back(id);
  }
  return chosen;
}

std::uint64_t check_pack(Repository& repository,
                         const format::IndexedPack& pack,
                         PackBuffers& buffers,
                         const FindingSink& found,
                         const StopToken& stop) {
  // The last one goes before the next one comes.
  Bytes().swap(buffers.file);
  buffers.file = repository.backend().load({FileType::pack, pack.id.hex()}, stop);
  if (id_cast<PackId>(sha256(buffers.file)) != pack.id)
    found(pack_error("maintenance.pack_hash_differs", pack.id));
  std::vector<format::PackedBlob> header;
  try {
    header = repository.load_pack_header(pack.id, buffers.file.size(), stop);
  } catch (const Error& error) {
    if (error.code() != ErrorCode::corrupt) throw;
    found(pack_error("maintenance.pack_header_damaged", pack.id));
  }
  const std::vector<format::PackedBlob> indexed = by_offset(pack.blobs);
  if (!header.empty() && by_offset(header) != indexed) {
    found(pack_error("maintenance.pack_header_differs", pack.id));
  }
  for (const format::PackedBlob& blob : indexed) {
    throw_if_stopped(stop);
    try {
      if (std::uint64_t{blob.offset} + blob.length > buffers.file.size()) {
        throw Error(ErrorCode::corrupt, text("maintenance.blob_beyond_end"));
      }
      repository.open_blob(blob,
                           ByteView(buffers.file).subspan(blob.offset, blob.length),
                           buffers.decompressor,
                           buffers.scratch,
                           buffers.plaintext);
    } catch (const Error& error) {
      if (error.code() != ErrorCode::corrupt) throw;
      found(pack_error("maintenance.blob_damaged", pack.id, {{"blob", blob.id.hex()}}));
    }
  }
  return buffers.file.size();
}

}  // namespace hikae
