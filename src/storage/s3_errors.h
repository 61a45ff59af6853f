// SPDX-License-Identifier: Apache-2.0
// Internal to storage. What an S3 store's failures mean for us.
#pragma once

#include "base/error.h"
#include "storage/s3_answer.h"
#include "storage/s3_place.h"

namespace hikae {

// What was asked, for messages: method, bucket, key relative to the prefix (may be empty), and the
// id of the access key, which is no secret.
struct S3Question {
  std::string method;
  std::string key;
  std::string access_key_id;
  bool with_object_lock = false;
};

// `status` is not one that the caller expected.
Error s3_error(int status,
               const S3Failure& failure,
               const S3Question& question,
               const S3Place& place);

}  // namespace hikae
