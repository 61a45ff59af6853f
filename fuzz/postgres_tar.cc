// SPDX-License-Identifier: Apache-2.0
// An archive as a server sends it: any bytes give entries whose paths stay below the root, or an
// error; and in whatever portions they come, the same.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "base/error.h"
#include "postgres/tar_reader.h"

namespace {

using hikae::Bytes;
using hikae::ByteView;
using namespace hikae::postgres;

class Portions final : public ByteStream {
 public:
  Portions(ByteView content, std::size_t size) : content_(content), size_(size) {}
  ByteView next() override {
    const ByteView part = content_.first(std::min(size_, content_.size()));
    content_ = content_.subspan(part.size());
    return part;
  }

 private:
  ByteView content_;
  std::size_t size_;
};

void require_inside(std::string_view path) {
  if (path.starts_with('/') || path.ends_with('/')) std::abort();
  const std::string framed = "/" + std::string(path) + "/";
  for (const char* bad : {"/../", "/./"})
    if (framed.find(bad) != std::string::npos) std::abort();
  if (!path.empty() && framed.find("//") != std::string::npos) std::abort();
}

std::string read(ByteView archive, std::size_t portion) {
  Portions stream(archive, portion);
  TarReader reader(stream);
  std::string seen;
  Bytes buffer(300);
  try {
    while (const auto entry = reader.next()) {
      require_inside(entry->path);
      seen += entry->path + "\n" + entry->link_target + "\n";
      std::uint64_t size = 0;
      while (const std::size_t part = reader.read(buffer)) size += part;
      if (size != entry->size) std::abort();
    }
  } catch (const hikae::Error& error) {
    seen += hikae::render(error, hikae::Language::en);
  }
  return seen;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const ByteView archive(data, size);
  if (read(archive, size + 1) != read(archive, 97)) std::abort();
  return 0;
}
