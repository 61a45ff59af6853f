// SPDX-License-Identifier: Apache-2.0
// A tree that is read can be written, and reads the same again.
#include <cstdlib>

#include "base/error.h"
#include "format/node.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace hikae::format;
  try {
    const std::vector<Node> nodes = decode_tree(hikae::ByteView(data, size));
    TreeEncoder encoder;
    for (const Node& node : nodes) encoder.add(node);
    const std::string json = encoder.finish();
    if (decode_tree(hikae::as_bytes(json)) != nodes) std::abort();
  } catch (const hikae::Error& error) {
    if (error.code() != hikae::ErrorCode::corrupt) std::abort();
  }
  return 0;
}
