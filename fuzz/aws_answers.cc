// SPDX-License-Identifier: Apache-2.0
// The parsers of keys that AWS's services hand out, on any bytes: they throw Error or give keys
// that can be used.
#include "net/aws_answers.h"

#include <cstdint>
#include <cstdlib>

#include "base/error.h"

namespace {

template <typename Parse>
void check(Parse parse, hikae::ByteView bytes) {
  try {
    const hikae::net::AwsKeys keys = parse(bytes);
    if (keys.access_key_id.empty() || keys.secret_access_key.empty()) std::abort();
  } catch (const hikae::Error&) {
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const hikae::ByteView bytes(data, size);
  check(hikae::net::parse_aws_json_keys, bytes);
  check(hikae::net::parse_sts_keys, bytes);
  hikae::net::parse_sts_failure(bytes);
  return 0;
}
