// SPDX-License-Identifier: Apache-2.0
// Internal to storage. Where a bucket is reached.
#pragma once

#include <string>

#include "storage/location.h"
#include "storage/open.h"

namespace hikae {

struct S3Place {
  std::string bucket;
  std::string prefix;  // of all keys: empty, or with a slash at its end
  std::string scheme = "https";
  std::string host;    // without the bucket; with ":port" where it is not the scheme's own; empty:
                       // Amazon's for the region
  std::string region;  // empty: not known yet
  bool by_path = true;
};

// Joins location and options. Throws Error{invalid_argument} for an endpoint that is no URL.
S3Place s3_place(const Location& location, const S3Options& options);

// The host to speak to: the endpoint's, or Amazon's for the region; with the bucket in front unless
// it is addressed by path.
std::string s3_host(const S3Place& place, const std::string& region);
// "/bucket/prefix/data/3f/…" or "/prefix/…", percent-encoded. `key` is relative to the prefix.
std::string s3_path(const S3Place& place, const std::string& key);
// "/bucket" or "/".
std::string s3_bucket_path(const S3Place& place);

}  // namespace hikae
