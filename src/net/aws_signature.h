// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "crypto/secret.h"
#include "net/http.h"

namespace hikae::net {

// AWS Signature Version 4 (docs.aws.amazon.com, "Create a signed AWS API request"). Pure: the time
// is given.

struct AwsKeys {
  std::string access_key_id;
  Secret secret_access_key;
  Secret session_token;            // of temporary keys; else empty
  std::optional<Instant> expires;  // of temporary keys
};

// What is signed beside keys and time.
struct AwsRequest {
  std::string method;
  std::string path;                                        // percent-encoded, as it is sent
  std::vector<std::pair<std::string, std::string>> query;  // not encoded, in any order
  HttpHeaders headers;       // all that are to be signed: "host" at least
  std::string payload_hash;  // hex SHA-256 of the body
  std::string region;
  std::string service;  // "s3", "sts"
};

// The headers to send besides the request's own: x-amz-date, x-amz-security-token where there is
// one, authorization. All are covered by the signature.
HttpHeaders sign_aws(const AwsRequest& request, const AwsKeys& keys, Instant time);

// Percent-encodes all but unreserved characters (RFC 3986 §2.3), with upper-case digits.
enum class Slash { encode, keep };
std::string uri_encoded(std::string_view text, Slash slash = Slash::encode);
// "a=1&b=&c=%2F": sorted and encoded as it is signed; for the URL too.
std::string query_string(std::vector<std::pair<std::string, std::string>> query);

}  // namespace hikae::net
