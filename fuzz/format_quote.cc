// SPDX-License-Identifier: Apache-2.0
// Every name comes back from its quoted form; what can be unquoted has one quoted form.
#include <cstdlib>

#include "format/node.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace hikae::format;
  const std::string_view input = hikae::as_text({data, size});
  const std::string quoted = quote_name(input);
  if (unquote_name(quoted) != input) std::abort();
  if (const auto name = unquote_name(input)) {
    if (unquote_name(quote_name(*name)) != name) std::abort();
  }
  return 0;
}
