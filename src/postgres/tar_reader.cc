// SPDX-License-Identifier: Apache-2.0
#include "postgres/tar_reader.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>

#include "base/error.h"

namespace hikae::postgres {
namespace {

constexpr std::size_t kBlock = 512;
constexpr std::uint64_t kLongestText = std::uint64_t{64} * 1024;  // of a name, or of pax records

using Block = std::array<std::uint8_t, kBlock>;

// Places in the header.
struct Field {
  std::size_t at;
  std::size_t size;
};
constexpr Field kName{0, 100};
constexpr Field kMode{100, 8};
constexpr Field kUid{108, 8};
constexpr Field kGid{116, 8};
constexpr Field kSize{124, 12};
constexpr Field kMtime{136, 12};
constexpr Field kChecksum{148, 8};
constexpr std::size_t kType = 156;
constexpr Field kLinkName{157, 100};
constexpr Field kMagic{257, 5};
constexpr Field kUser{265, 32};
constexpr Field kGroup{297, 32};
constexpr Field kPrefix{345, 155};

[[noreturn]] void reject(std::string_view what) {
  throw Error(ErrorCode::corrupt, text("postgres.bad_tar", {{"what", std::string(what)}}));
}

std::string_view view_of(const Block& block, Field field) {
  return {reinterpret_cast<const char*>(block.data()) + field.at, field.size};
}

std::string string_of(const Block& block, Field field) {
  const std::string_view whole = view_of(block, field);
  return std::string(whole.substr(0, whole.find('\0')));
}

std::uint64_t parse_base_256(std::string_view digits) {
  // The first bit says that it is in base 256, the second one its sign.
  std::uint64_t value = static_cast<std::uint8_t>(digits[0]) & 0x7fU;
  if ((value & 0x40U) != 0) reject("number");
  for (const char digit : digits.substr(1)) {
    if (value >> 55U != 0) reject("number");
    value = value << 8U | static_cast<std::uint8_t>(digit);
  }
  return value;
}

std::uint64_t parse_number(const Block& block, Field field) {
  std::string_view digits = view_of(block, field);
  if ((static_cast<std::uint8_t>(digits[0]) & 0x80U) != 0) return parse_base_256(digits);
  while (!digits.empty() && digits.front() == ' ') digits.remove_prefix(1);
  std::uint64_t value = 0;
  std::size_t count = 0;
  while (count < digits.size() && digits[count] >= '0' && digits[count] <= '7') {
    value = value << 3U | static_cast<std::uint64_t>(digits[count] - '0');
    ++count;
  }
  const bool ended = count == digits.size() || digits[count] == ' ' || digits[count] == '\0';
  if (!ended) reject("number");
  return value;
}

bool is_zero(const Block& block) {
  return std::all_of(block.begin(), block.end(), [](std::uint8_t byte) { return byte == 0; });
}

void check_header(const Block& block) {
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i < kBlock; ++i) {
    const bool in_checksum = i >= kChecksum.at && i < kChecksum.at + kChecksum.size;
    sum += in_checksum ? std::uint64_t{' '} : block[i];
  }
  if (sum != parse_number(block, kChecksum)) reject("checksum");
  if (view_of(block, kMagic) != "ustar") reject("magic");
}

// Without "./" before it and "/" behind it. What leaves the root is no path of a base backup.
std::string clean_path(std::string path) {
  std::string cleaned;
  std::size_t begin = 0;
  if (path.empty() || path[0] == '/' || path.find('\0') != std::string::npos) reject("path");
  while (begin < path.size()) {
    const std::size_t end = std::min(path.find('/', begin), path.size());
    const std::string_view name = std::string_view(path).substr(begin, end - begin);
    if (name == "..") reject("path");
    if (!name.empty() && name != ".") {
      if (!cleaned.empty()) cleaned += '/';
      cleaned += name;
    }
    begin = end + 1;
  }
  return cleaned;
}

TarEntry::Kind kind_of(char type) {
  switch (type) {
    case '0':
    case '\0':
    case '7':
      return TarEntry::Kind::file;
    case '2':
      return TarEntry::Kind::link;
    case '5':
      return TarEntry::Kind::folder;
    default:
      reject("type");
  }
}

}  // namespace

struct TarReader::Extension {
  std::optional<std::string> path;
  std::optional<std::string> link_target;
  std::optional<std::uint64_t> size;

  void add_record(std::string_view key, std::string_view value) {
    if (key == "path") path = value;
    if (key == "linkpath") link_target = value;
    if (key == "size") {
      std::uint64_t number = 0;
      const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), number);
      if (error != std::errc() || end != value.data() + value.size()) reject("pax");
      size = number;
    }
  }

  // Each record: its own length in decimal, a space, key=value, a newline.
  void add_records(std::string_view records) {
    while (!records.empty()) {
      std::size_t length = 0;
      const auto [end, error] =
          std::from_chars(records.data(), records.data() + records.size(), length);
      const auto digits = static_cast<std::size_t>(end - records.data());
      if (error != std::errc() || length <= digits + 1 || length > records.size() ||
          records[digits] != ' ' || records[length - 1] != '\n') {
        reject("pax");
      }
      const std::string_view record = records.substr(digits + 1, length - digits - 2);
      const std::size_t equals = record.find('=');
      if (equals == std::string_view::npos) reject("pax");
      add_record(record.substr(0, equals), record.substr(equals + 1));
      records.remove_prefix(length);
    }
  }
};

bool TarReader::fill() {
  if (piece_.empty()) piece_ = stream_.next();
  return !piece_.empty();
}

std::size_t TarReader::take(MutableByteView out) {
  if (out.empty() || !fill()) return 0;
  const std::size_t size = std::min(out.size(), piece_.size());
  std::memcpy(out.data(), piece_.data(), size);
  piece_ = piece_.subspan(size);
  return size;
}

// False at the end of the stream.
bool TarReader::read_block(MutableByteView block) {
  std::size_t filled = 0;
  while (filled < block.size()) {
    const std::size_t got = take(block.subspan(filled));
    if (got == 0 && filled == 0) return false;
    if (got == 0) reject("end");
    filled += got;
  }
  return true;
}

void TarReader::skip(std::uint64_t size) {
  while (size > 0) {
    if (!fill()) reject("end");
    const std::size_t part = std::min<std::uint64_t>(size, piece_.size());
    piece_ = piece_.subspan(part);
    size -= part;
  }
}

std::string TarReader::read_text(std::uint64_t size) {
  if (size > kLongestText) reject("length");
  std::string content(size, '\0');
  const MutableByteView bytes{reinterpret_cast<std::uint8_t*>(content.data()), content.size()};
  if (size > 0 && !read_block(bytes)) reject("end");
  skip((kBlock - size % kBlock) % kBlock);
  return content;
}

void TarReader::read_extension(char type, std::uint64_t size, Extension& extension) {
  std::string content = read_text(size);
  if (type == 'x') return extension.add_records(content);
  if (type == 'g') return;
  content.resize(std::min(content.find('\0'), content.size()));
  (type == 'L' ? extension.path : extension.link_target) = std::move(content);
}

void TarReader::skip_rest() {
  skip(content_);
  skip(padding_);
  content_ = 0;
  padding_ = 0;
}

std::optional<TarEntry> TarReader::next() {
  skip_rest();
  Extension extension;
  Block block;
  while (true) {
    if (!read_block(block)) return std::nullopt;
    if (is_zero(block)) continue;
    check_header(block);
    const char type = static_cast<char>(block[kType]);
    if (type != 'L' && type != 'K' && type != 'x' && type != 'g') break;
    read_extension(type, parse_number(block, kSize), extension);
  }
  TarEntry entry;
  entry.kind = kind_of(static_cast<char>(block[kType]));
  const std::string prefix = string_of(block, kPrefix);
  std::string path = string_of(block, kName);
  if (!prefix.empty()) path.insert(0, prefix + "/");
  entry.path = clean_path(extension.path.value_or(std::move(path)));
  if (entry.kind == TarEntry::Kind::link)
    entry.link_target = extension.link_target.value_or(string_of(block, kLinkName));
  entry.mode = static_cast<std::uint32_t>(parse_number(block, kMode) & 07777U);
  entry.uid = static_cast<std::uint32_t>(parse_number(block, kUid));
  entry.gid = static_cast<std::uint32_t>(parse_number(block, kGid));
  entry.user = string_of(block, kUser);
  entry.group = string_of(block, kGroup);
  entry.mtime = static_cast<std::int64_t>(parse_number(block, kMtime));
  if (entry.kind == TarEntry::Kind::file)
    entry.size = extension.size.value_or(parse_number(block, kSize));
  content_ = entry.size;
  padding_ = (kBlock - entry.size % kBlock) % kBlock;
  return entry;
}

std::size_t TarReader::read(MutableByteView out) {
  if (content_ == 0 || out.empty()) return 0;
  const std::size_t size =
      take(out.first(static_cast<std::size_t>(std::min<std::uint64_t>(out.size(), content_))));
  if (size == 0) reject("end");
  content_ -= size;
  return size;
}

}  // namespace hikae::postgres
