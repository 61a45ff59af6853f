// SPDX-License-Identifier: Apache-2.0
#include "storage/s3_place.h"

#include <algorithm>

#include "base/error.h"
#include "net/aws_signature.h"

namespace hikae {
namespace {

constexpr std::string_view kAmazon = ".amazonaws.com";

// "s3.eu-central-1.amazonaws.com" names its region; "s3.amazonaws.com" does not.
bool is_amazon(std::string_view host) {
  return host.ends_with(kAmazon) || host.ends_with(std::string(kAmazon) + ".cn");
}

std::string region_in(std::string_view host) {
  if (!host.starts_with("s3.") && !host.starts_with("s3-")) return "";
  host.remove_prefix(3);
  if (host.starts_with("dualstack.")) host.remove_prefix(10);
  const std::size_t end = host.find(kAmazon);
  return end == std::string_view::npos || host.starts_with("amazonaws")
             ? ""
             : std::string(host.substr(0, end));
}

[[noreturn]] void refuse_endpoint(const std::string& endpoint) {
  throw Error(ErrorCode::invalid_argument, text("storage.s3_endpoint", {{"endpoint", endpoint}}))
      .with_hint(text("storage.s3_endpoint_hint"));
}

// "https://host:port", "host:port", with or without a slash at its end.
void take_endpoint(S3Place& place, const std::string& endpoint) {
  std::string_view rest = endpoint;
  const std::size_t scheme = rest.find("://");
  if (scheme != std::string_view::npos) {
    place.scheme = std::string(rest.substr(0, scheme));
    rest.remove_prefix(scheme + 3);
  }
  while (rest.ends_with('/')) rest.remove_suffix(1);
  const bool strange = rest.empty() || rest.find_first_of("/@?# ") != std::string_view::npos;
  if (strange || (place.scheme != "https" && place.scheme != "http")) refuse_endpoint(endpoint);
  place.host = std::string(rest);
}

void take_location(S3Place& place, const Location& location) {
  place.scheme = location.tls ? "https" : "http";
  if (location.host.empty()) return;
  const bool is_ipv6 = location.host.find(':') != std::string::npos;
  place.host = is_ipv6 ? "[" + location.host + "]" : location.host;
  if (location.port != 0) place.host += ":" + std::to_string(location.port);
}

// libcurl leaves the scheme's own port out of the Host header, which is signed.
void drop_default_port(S3Place& place) {
  const std::string port = place.scheme == "https" ? ":443" : ":80";
  if (place.host.ends_with(port)) place.host.resize(place.host.size() - port.size());
}

}  // namespace

S3Place s3_place(const Location& location, const S3Options& options) {
  S3Place place;
  const std::size_t slash = std::min(location.path.find('/'), location.path.size());
  place.bucket = location.path.substr(0, slash);
  place.prefix = slash < location.path.size() ? location.path.substr(slash + 1) : "";
  if (!place.prefix.empty() && !place.prefix.ends_with('/')) place.prefix += '/';
  take_location(place, location);
  if (!options.endpoint.empty()) take_endpoint(place, options.endpoint);
  drop_default_port(place);
  place.region = options.region;
  const bool amazon = place.host.empty() || is_amazon(place.host);
  if (amazon && !place.host.empty()) {
    if (place.region.empty()) place.region = region_in(place.host);
    // "s3.amazonaws.com" is nobody's in particular: the region decides.
    if (region_in(place.host).empty()) place.host.clear();
  }
  using Addressing = S3Options::Addressing;
  // A certificate for *.s3.amazonaws.com does not cover a name with a dot in front.
  const bool by_host_works = place.bucket.find('.') == std::string::npos;
  place.by_path = options.addressing == Addressing::path ||
                  (options.addressing == Addressing::automatic && !(amazon && by_host_works));
  return place;
}

std::string s3_host(const S3Place& place, const std::string& region) {
  std::string host = place.host;
  if (host.empty()) {
    host = region.empty() ? "s3.amazonaws.com" : "s3." + region + ".amazonaws.com";
    if (region.starts_with("cn-")) host += ".cn";
  }
  return place.by_path ? host : place.bucket + "." + host;
}

std::string s3_path(const S3Place& place, const std::string& key) {
  const std::string path = net::uri_encoded("/" + place.prefix + key, net::Slash::keep);
  return place.by_path ? "/" + net::uri_encoded(place.bucket) + path : path;
}

std::string s3_bucket_path(const S3Place& place) {
  return place.by_path ? "/" + net::uri_encoded(place.bucket) : "/";
}

}  // namespace hikae
