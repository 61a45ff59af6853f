// SPDX-License-Identifier: Apache-2.0
#include "net/aws_signature.h"

#include <algorithm>

#include "crypto/hash.h"
#include "crypto/mac.h"
#include "net/web_time.h"

namespace hikae::net {
namespace {

constexpr std::string_view kAlgorithm = "AWS4-HMAC-SHA256";

std::string lower(std::string_view text) {
  std::string result(text);
  for (char& c : result) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return result;
}

// Runs of spaces become one; none at the ends.
std::string folded(std::string_view value) {
  std::string result;
  for (const char c : value) {
    if (c == ' ' && (result.empty() || result.back() == ' ')) continue;
    result += c;
  }
  if (result.ends_with(' ')) result.pop_back();
  return result;
}

struct CanonicalHeaders {
  std::string lines;
  std::string names;  // "host;x-amz-date"
};

CanonicalHeaders canonical(const HttpHeaders& headers) {
  HttpHeaders sorted;
  for (const auto& [name, value] : headers) sorted.emplace_back(lower(name), folded(value));
  std::stable_sort(
      sorted.begin(), sorted.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  CanonicalHeaders result;
  for (std::size_t i = 0; i < sorted.size(); ++i) {
    const bool repeated = i > 0 && sorted[i].first == sorted[i - 1].first;
    if (repeated) {
      result.lines.back() = ',';
      result.lines += sorted[i].second + "\n";
      continue;
    }
    result.lines += sorted[i].first + ":" + sorted[i].second + "\n";
    result.names += (result.names.empty() ? "" : ";") + sorted[i].first;
  }
  return result;
}

std::string hash_of(std::string_view text) {
  return to_hex(sha256(as_bytes(text)).bytes);
}

Digest signing_key(const AwsRequest& request, const AwsKeys& keys, const std::string& day) {
  std::string first = "AWS4" + keys.secret_access_key.reveal();
  Digest key = hmac_sha256(as_bytes(first), as_bytes(day));
  wipe(first.data(), first.size());
  for (const std::string& part : {request.region, request.service, std::string("aws4_request")})
    key = hmac_sha256(key.bytes, as_bytes(part));
  return key;
}

}  // namespace

std::string uri_encoded(std::string_view text, Slash slash) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  std::string result;
  for (const char c : text) {
    const bool plain = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
                       c == '-' || c == '.' || c == '_' || c == '~' ||
                       (c == '/' && slash == Slash::keep);
    if (plain) {
      result += c;
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    result += {'%', kDigits[byte >> 4U], kDigits[byte & 0xfU]};
  }
  return result;
}

std::string query_string(std::vector<std::pair<std::string, std::string>> query) {
  for (auto& [name, value] : query) {
    name = uri_encoded(name);
    value = uri_encoded(value);
  }
  std::sort(query.begin(), query.end());
  std::string result;
  for (const auto& [name, value] : query)
    result += (result.empty() ? "" : "&") + name + "=" + value;
  return result;
}

HttpHeaders sign_aws(const AwsRequest& request, const AwsKeys& keys, Instant time) {
  const std::string date = compact_time(time);
  const std::string day = date.substr(0, 8);
  HttpHeaders added = {{"x-amz-date", date}};
  if (!keys.session_token.empty())
    added.emplace_back("x-amz-security-token", keys.session_token.reveal());
  HttpHeaders all = request.headers;
  all.insert(all.end(), added.begin(), added.end());
  const CanonicalHeaders headers = canonical(all);

  const std::string canonical_request = request.method + "\n" + request.path + "\n" +
                                        query_string(request.query) + "\n" + headers.lines + "\n" +
                                        headers.names + "\n" + request.payload_hash;
  const std::string scope = day + "/" + request.region + "/" + request.service + "/aws4_request";
  const std::string to_sign =
      std::string(kAlgorithm) + "\n" + date + "\n" + scope + "\n" + hash_of(canonical_request);
  Digest key = signing_key(request, keys, day);
  const std::string signature = to_hex(hmac_sha256(key.bytes, as_bytes(to_sign)).bytes);
  wipe(key.bytes.data(), key.bytes.size());
  added.emplace_back("authorization",
                     std::string(kAlgorithm) + " Credential=" + keys.access_key_id + "/" + scope +
                         ", SignedHeaders=" + headers.names + ", Signature=" + signature);
  return added;
}

}  // namespace hikae::net
