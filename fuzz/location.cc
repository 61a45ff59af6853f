// SPDX-License-Identifier: Apache-2.0
// parse_location on any text: it throws Error or gives a location whose shown form holds no
// password and no control character, and a local path that is absolute.
#include "storage/location.h"

#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "base/error.h"

namespace {

void require(bool condition) {
  if (!condition) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  try {
    const hikae::Location location = hikae::parse_location(text, "/working/folder");
    require(!location.display.empty());
    for (const char c : location.display + location.host + location.user)
      require(static_cast<unsigned char>(c) >= 0x20 && c != 0x7f);
    require(!location.host.starts_with('-') && !location.user.starts_with('-'));
    if (location.scheme == "local") require(location.path.starts_with('/'));
    // What is shown can be given again and means the same place.
    if (location.scheme != "rest" && location.scheme != "local") {
      const hikae::Location again = hikae::parse_location(location.display, "/working/folder");
      require(again.path == location.path && again.host == location.host &&
              again.user == location.user && again.port == location.port &&
              again.tls == location.tls);
    }
  } catch (const hikae::Error&) {
  }
  return 0;
}
