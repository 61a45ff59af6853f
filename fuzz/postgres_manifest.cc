// SPDX-License-Identifier: Apache-2.0
// A backup_manifest: any bytes are understood or refused, in whatever portions they come.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "base/error.h"
#include "postgres/manifest.h"

namespace {

std::string read(std::string_view content, std::size_t portion) {
  std::string seen;
  hikae::postgres::ManifestReader reader([&](const hikae::postgres::ManifestFile& file) {
    if (file.path.empty()) std::abort();
    seen += file.path + " " + std::to_string(file.size) + "\n";
  });
  try {
    for (std::size_t at = 0; at < content.size(); at += portion)
      reader.update(hikae::as_bytes(content.substr(at, portion)));
    for (const auto& range : reader.finish().wal) {
      if (range.end < range.start) std::abort();
      seen += hikae::postgres::to_string_lsn(range.end);
    }
  } catch (const hikae::Error& error) {
    seen += hikae::render(error, hikae::Language::en);
  }
  return seen;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view content(reinterpret_cast<const char*>(data), size);
  if (read(content, size + 1) != read(content, 5)) std::abort();
  return 0;
}
