// SPDX-License-Identifier: Apache-2.0
// Internal to storage. The XML that an S3 store answers with. Pure; what is no such answer gives an
// empty result or Error{corrupt}, never a guess.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/clock.h"

namespace hikae {

// <Error>: fields are empty where the answer has none (HEAD has no body).
struct S3Failure {
  std::string code;
  std::string message;
  std::string region;
};
S3Failure parse_s3_failure(ByteView body);

struct S3Object {
  std::string key;  // decoded
  std::uint64_t size = 0;
  std::optional<Instant> modified;
};
// <ListBucketResult> of ListObjectsV2 with encoding-type=url.
struct S3Listing {
  std::vector<S3Object> objects;
  std::string next;  // continuation token; empty at the end
};
S3Listing parse_s3_listing(ByteView body);

struct S3Upload {
  std::string key;  // decoded
  std::string id;
  std::optional<Instant> initiated;
};
// <ListMultipartUploadsResult> with encoding-type=url.
struct S3Uploads {
  std::vector<S3Upload> uploads;
  std::string next_key;  // both empty at the end
  std::string next_id;
};
S3Uploads parse_s3_uploads(ByteView body);

// <InitiateMultipartUploadResult>.
std::string parse_s3_upload_id(ByteView body);
// <CompleteMultipartUploadResult>; Amazon may answer <Error> with status 200.
std::optional<S3Failure> parse_s3_completion(ByteView body);

}  // namespace hikae
