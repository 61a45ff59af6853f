// SPDX-License-Identifier: Apache-2.0
#include "cli/blob_options.h"

#include <charconv>

#include "base/units.h"

namespace hikae::cli {
namespace {

constexpr std::uint64_t kSmallestPack = 4;  // MiB, both limits as in restic
constexpr std::uint64_t kLargestPack = 128;

std::uint64_t parse_pack_size(const std::string& value) {
  std::uint64_t size = 0;
  const char* end = value.data() + value.size();
  const auto [stop, error] = std::from_chars(value.data(), end, size);
  if (error != std::errc() || stop != end || size < kSmallestPack || size > kLargestPack) {
    throw Error(ErrorCode::invalid_argument, text("cli_backup.bad_pack_size", {{"value", value}}))
        .with_hint(text(
            "cli_backup.bad_pack_size_hint",
            {{"least", std::to_string(kSmallestPack)}, {"most", std::to_string(kLargestPack)}}));
  }
  return size * kMiB;
}

Compression parse_compression(const std::string& word) {
  if (word == "auto") return Compression::automatic;
  if (word == "off") return Compression::off;
  if (word == "max") return Compression::max;
  throw Error(ErrorCode::invalid_argument, text("cli_backup.bad_compression", {{"word", word}}));
}

}  // namespace

void BlobOptions::add_to(Command& command) {
  command.option("--pack-size", pack_size, "MIB", text("cli_backup.help_pack_size"));
  command.option("--compression", compression, "auto|off|max", text("cli_backup.help_compression"));
}

BlobWriterOptions BlobOptions::resolve(const Environment& environment) const {
  BlobWriterOptions options;
  const auto size = pack_size ? pack_size : environment.variable("RESTIC_PACK_SIZE");
  if (size && !size->empty()) options.pack_size = parse_pack_size(*size);
  const auto word = compression ? compression : environment.variable("RESTIC_COMPRESSION");
  if (word && !word->empty()) options.compression = parse_compression(*word);
  return options;
}

std::uint64_t parse_size_option(const std::string& option, const std::string& value) {
  const auto size = parse_bytes(value);
  if (!size) {
    throw Error(ErrorCode::invalid_argument,
                text("cli_backup.bad_size", {{"option", option}, {"value", value}}))
        .with_hint(text("cli_backup.bad_size_hint"));
  }
  return *size;
}

}  // namespace hikae::cli
