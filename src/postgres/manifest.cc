// SPDX-License-Identifier: Apache-2.0
#include "postgres/manifest.h"

#include <algorithm>
#include <charconv>
#include <cstring>

#include "base/error.h"
#include "postgres/flat_json.h"

namespace hikae::postgres {
namespace {

constexpr std::size_t kLongestLine = std::size_t{64} * 1024;
constexpr std::string_view kChecksumKey = "\"Manifest-Checksum\": \"";
constexpr std::string_view kVersionKey = "{ \"PostgreSQL-Backup-Manifest-Version\": ";
constexpr std::string_view kSystemKey = "\"System-Identifier\": ";

using Members = std::vector<std::pair<std::string, std::string>>;

[[noreturn]] void reject(std::string_view line) {
  throw Error(ErrorCode::corrupt,
              text("postgres.bad_manifest", {{"line", std::string(line.substr(0, 100))}}));
}

template <typename Number>
Number parse_number(std::string_view digits, std::string_view line) {
  Number value = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (error != std::errc() || end != digits.data() + digits.size()) reject(line);
  return value;
}

std::string from_hex(std::string_view hex, std::string_view line) {
  std::string bytes;
  if (hex.size() % 2 != 0) reject(line);
  for (std::size_t i = 0; i < hex.size(); i += 2) {
    unsigned byte = 0;
    const auto [end, error] = std::from_chars(hex.data() + i, hex.data() + i + 2, byte, 16);
    if (error != std::errc() || end != hex.data() + i + 2) reject(line);
    bytes += static_cast<char>(byte);
  }
  return bytes;
}

// The number's four bytes as they lie in the memory of the server's machine, which is one like
// ours.
std::uint32_t parse_crc32c(std::string_view hex, std::string_view line) {
  const std::string bytes = from_hex(hex, line);
  std::uint32_t value = 0;
  if (bytes.size() != sizeof value) reject(line);
  std::memcpy(&value, bytes.data(), sizeof value);
  return value;
}

ManifestFile to_file(const Members& members, std::string_view line) {
  ManifestFile file;
  std::string algorithm;
  std::string checksum;
  for (const auto& [name, value] : members) {
    if (name == "Path") file.path = value;
    if (name == "Encoded-Path") file.path = from_hex(value, line);
    if (name == "Size") file.size = parse_number<std::uint64_t>(value, line);
    if (name == "Checksum-Algorithm") algorithm = value;
    if (name == "Checksum") checksum = value;
  }
  if (file.path.empty()) reject(line);
  if (algorithm == "SHA256") {
    file.sha256 = Digest::parse(checksum);
    if (!file.sha256) reject(line);
  }
  if (algorithm == "CRC32C") file.crc32c = parse_crc32c(checksum, line);
  return file;
}

WalRange to_range(const Members& members, std::string_view line) {
  WalRange range;
  for (const auto& [name, value] : members) {
    if (name == "Timeline") range.timeline = parse_number<std::uint32_t>(value, line);
    const auto lsn = name.ends_with("-LSN") ? parse_lsn(value) : std::optional<Lsn>(0);
    if (!lsn) reject(line);
    if (name == "Start-LSN") range.start = *lsn;
    if (name == "End-LSN") range.end = *lsn;
  }
  if (range.timeline == 0 || range.end < range.start) reject(line);
  return range;
}

bool is_frame(std::string_view line) {
  return line == "\"Files\": [" || line == "\"WAL-Ranges\": [" || line == "]" || line.empty();
}

}  // namespace

std::optional<Lsn> parse_lsn(std::string_view written) {
  const std::size_t slash = written.find('/');
  if (slash == std::string_view::npos || slash == 0) return std::nullopt;
  std::uint32_t high = 0;
  std::uint32_t low = 0;
  const char* const end = written.data() + written.size();
  const auto first = std::from_chars(written.data(), written.data() + slash, high, 16);
  const auto second = std::from_chars(written.data() + slash + 1, end, low, 16);
  if (first.ec != std::errc() || first.ptr != written.data() + slash || second.ec != std::errc() ||
      second.ptr != end) {
    return std::nullopt;
  }
  return Lsn{high} << 32U | low;
}

std::string to_string_lsn(Lsn lsn) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  const auto hex = [&](std::uint64_t number) {
    std::string digits;
    do {
      digits.insert(digits.begin(), kDigits[number & 15U]);
      number >>= 4U;
    } while (number != 0);
    return digits;
  };
  return hex(lsn >> 32U) + "/" + hex(lsn & 0xFFFFFFFFU);
}

const WalRange& Manifest::newest_wal() const {
  return *std::max_element(wal.begin(), wal.end(), [](const WalRange& a, const WalRange& b) {
    return a.timeline < b.timeline;
  });
}

void ManifestReader::update(ByteView bytes) {
  std::string_view rest = as_text(bytes);
  while (!rest.empty()) {
    const std::size_t newline = rest.find('\n');
    const std::size_t size = newline == std::string_view::npos ? rest.size() : newline + 1;
    line_ += rest.substr(0, size);
    rest.remove_prefix(size);
    if (line_.size() > kLongestLine) reject(line_);
    if (line_.back() != '\n') return;
    read_line(line_);
    line_.clear();
  }
}

// The last line holds the checksum of all that is before it.
void ManifestReader::read_line(std::string_view line) {
  if (expected_) reject(line);
  if (line.starts_with(kChecksumKey)) {
    const std::string_view rest = line.substr(kChecksumKey.size());
    constexpr std::size_t kHexSize = 64;
    expected_ = Digest::parse(rest.substr(0, kHexSize));
    if (!expected_ || rest.substr(kHexSize) != "\"}\n") reject(line);
    found_ = hash_.finish();
    return;
  }
  hash_.update(as_bytes(line));
  std::string_view content = line.substr(0, line.size() - 1);
  if (content.ends_with(',')) content.remove_suffix(1);
  if (content.starts_with(kVersionKey)) {
    manifest_.version = parse_number<int>(content.substr(kVersionKey.size()), line);
  } else if (content.starts_with(kSystemKey)) {
    manifest_.system_identifier = content.substr(kSystemKey.size());
  } else if (!is_frame(content)) {
    const std::optional<Members> members = parse_flat_json(content);
    if (!members || members->empty()) reject(line);
    if (members->front().first == "Timeline") {
      manifest_.wal.push_back(to_range(*members, line));
    } else {
      ++manifest_.files;
      visit_(to_file(*members, line));
    }
  }
}

Manifest ManifestReader::finish() {
  if (!line_.empty() || !expected_ || manifest_.version == 0 || manifest_.wal.empty())
    reject(line_);
  if (*expected_ != *found_)
    throw Error(ErrorCode::corrupt, text("postgres.manifest_checksum_wrong"));
  return std::move(manifest_);
}

}  // namespace hikae::postgres
