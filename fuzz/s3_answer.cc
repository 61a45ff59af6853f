// SPDX-License-Identifier: Apache-2.0
// The parsers of what an S3 store answers, on any bytes: they throw Error or give a result in which
// a listing that goes on says where.
#include "storage/s3_answer.h"

#include <cstdint>

#include "base/error.h"

namespace {

template <typename Parse>
void check(Parse parse, hikae::ByteView bytes) {
  try {
    parse(bytes);
  } catch (const hikae::Error&) {
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const hikae::ByteView bytes(data, size);
  check(hikae::parse_s3_failure, bytes);
  check(hikae::parse_s3_listing, bytes);
  check(hikae::parse_s3_uploads, bytes);
  check(hikae::parse_s3_upload_id, bytes);
  check(hikae::parse_s3_completion, bytes);
  return 0;
}
