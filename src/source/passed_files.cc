// SPDX-License-Identifier: Apache-2.0
#include "source/passed_files.h"

#include <array>
#include <charconv>

#include "base/error.h"
#include "crypto/hash.h"

namespace hikae {
namespace {

// A segment's name: timeline, and the place's upper and lower half, 8 hex digits each.
constexpr std::size_t kNameSize = 24;
constexpr std::string_view kWalFolder = "pg_wal/";
constexpr std::uint64_t kLogSize = std::uint64_t{1} << 32U;

Digest key_of(std::string_view path, std::uint64_t size, std::uint32_t crc32c) {
  Sha256 hash;
  hash.update(as_bytes(path));
  const std::string number =
      std::string(1, '\0') + std::to_string(size) + '/' + std::to_string(crc32c);
  hash.update(as_bytes(number));
  return hash.finish();
}

std::optional<std::uint64_t> parse_hex(std::string_view digits) {
  std::uint64_t value = 0;
  const auto [end, error] =
      std::from_chars(digits.data(), digits.data() + digits.size(), value, 16);
  if (error != std::errc() || end != digits.data() + digits.size()) return std::nullopt;
  return value;
}

}  // namespace

void PassedFiles::add(std::string_view path, std::uint64_t size, std::uint32_t crc32c) {
  passed_.insert(key_of(path, size, crc32c));
  ++count_;
}

bool PassedFiles::has(const postgres::ManifestFile& file) const {
  return file.crc32c && passed_.count(key_of(file.path, file.size, *file.crc32c)) != 0;
}

void PassedFiles::check(const postgres::ManifestFile& file) const {
  if (!file.crc32c)
    throw Error(ErrorCode::corrupt, text("source.physical_no_checksum", {{"path", file.path}}));
  if (!has(file)) {
    throw Error(ErrorCode::corrupt,
                text("source.physical_manifest_mismatch", {{"path", file.path}}),
                Retry::after_backoff)
        .with_hint(text("source.physical_manifest_mismatch_hint"));
  }
}

void PassedFiles::check_all_named(std::uint64_t named) const {
  if (named == count_ && passed_.size() == count_) return;
  throw Error(ErrorCode::corrupt,
              text("source.physical_manifest_count",
                   {{"named", std::to_string(named)}, {"passed", std::to_string(count_)}}));
}

bool PassedWal::is_segment(std::string_view path) {
  if (!path.starts_with(kWalFolder)) return false;
  const std::string_view name = path.substr(kWalFolder.size());
  return name.size() == kNameSize &&
         name.find_first_not_of("0123456789ABCDEF") == std::string_view::npos;
}

void PassedWal::add(std::string_view path, std::uint64_t size) {
  if (size != segment_size_) return;
  const std::string_view name = path.substr(kWalFolder.size());
  const auto high = parse_hex(name.substr(8, 8));
  const auto low = parse_hex(name.substr(16, 8));
  if (high && low) segments_.insert(*high * (kLogSize / segment_size_) + *low);
}

void PassedWal::check(const std::vector<postgres::WalRange>& ranges) const {
  for (const postgres::WalRange& range : ranges) {
    // The end is the first byte that is not needed.
    const std::uint64_t last = (range.end == 0 ? 0 : range.end - 1) / segment_size_;
    for (std::uint64_t segment = range.start / segment_size_; segment <= last; ++segment) {
      if (segments_.count(segment) != 0) continue;
      throw Error(ErrorCode::corrupt,
                  text("source.physical_wal_missing",
                       {{"place", postgres::to_string_lsn(segment * segment_size_)}}),
                  Retry::after_backoff)
          .with_hint(text("source.physical_wal_missing_hint"));
    }
  }
}

}  // namespace hikae
