// SPDX-License-Identifier: Apache-2.0
// The target of any request: it names nothing, or something below the server's folder.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "storage/layout.h"
#include "web/route.h"

namespace {

void require(bool condition) {
  if (!condition) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view target(reinterpret_cast<const char*>(data), size);
  const auto route = hikae::web::parse_route(target);
  if (!route) return 0;
  require(route->folders.size() <= 2);
  for (const std::string& folder : route->folders) {
    require(!folder.empty() && folder.front() != '.' && folder.size() <= 255);
    for (const char c : folder) require(c != '/' && (static_cast<unsigned char>(c) >= 0x20));
    require(folder != "data" && folder != "config" && folder != "locks");
  }
  const std::string path = hikae::web::folder_path(*route);
  require(!path.starts_with('/') && path.find("..") != 0 && path.find("/.") == std::string::npos);
  if (route->kind == hikae::web::Route::Kind::file) {
    hikae::check_name({route->type, route->name});  // throws for a name that leads elsewhere
  }
  return 0;
}
