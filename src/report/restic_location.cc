// SPDX-License-Identifier: Apache-2.0
#include "report/restic_location.h"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string_view>

namespace hikae::report {
namespace {

bool consume(std::string_view& text, std::string_view prefix) {
  if (!text.starts_with(prefix)) return false;
  text.remove_prefix(prefix.size());
  return true;
}

std::optional<unsigned> hex_digit(char c) {
  if (c >= '0' && c <= '9') return static_cast<unsigned>(c - '0');
  if (c >= 'a' && c <= 'f') return static_cast<unsigned>(c - 'a') + 10;
  if (c >= 'A' && c <= 'F') return static_cast<unsigned>(c - 'A') + 10;
  return std::nullopt;
}

// %41 is A; a policy that was checked holds no malformed one.
std::string percent_decoded(std::string_view text) {
  std::string result;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto high = text[i] == '%' && i + 2 < text.size() ? hex_digit(text[i + 1]) : std::nullopt;
    const auto low = high ? hex_digit(text[i + 2]) : std::nullopt;
    if (!low) {
      result += text[i];
      continue;
    }
    result += static_cast<char>(*high * 16 + *low);
    i += 2;
  }
  return result;
}

// restic takes a URL's path below the login's home unless a second slash begins it; without a port
// its short form says the same more plainly.
std::string sftp_location(std::string_view url) {
  const std::size_t slash = std::min(url.find('/'), url.size());
  const std::string_view login = url.substr(0, slash);
  std::string_view path = url.substr(slash);
  consume(path, "/~/");
  const std::size_t host = login.find('@') == std::string_view::npos ? 0 : login.find('@') + 1;
  if (login.substr(host).find(':') == std::string_view::npos)
    return "sftp:" + std::string(login) + ":" + percent_decoded(path);
  return "sftp://" + std::string(login) + "/" + std::string(path);
}

std::string s3_location(const policy::Destination& destination, std::string_view bucket) {
  const std::string path(bucket);
  if (!destination.endpoint.empty()) {
    const bool has_scheme = destination.endpoint.find("://") != std::string::npos;
    return "s3:" + std::string(has_scheme ? "" : "https://") + destination.endpoint + "/" + path;
  }
  if (destination.region.empty()) return "s3:s3.amazonaws.com/" + path;
  return "s3:s3." + destination.region + ".amazonaws.com/" + path;
}

}  // namespace

std::string restic_location(const policy::Destination& destination) {
  std::string_view url = destination.url;
  if (consume(url, "sftp://")) return sftp_location(url);
  if (consume(url, "sftp:")) {
    const std::size_t colon = url.find(":~/");
    if (colon == std::string_view::npos) return destination.url;
    return "sftp:" + std::string(url.substr(0, colon + 1)) + std::string(url.substr(colon + 3));
  }
  if (consume(url, "s3://")) return s3_location(destination, url);
  if (consume(url, "local:")) return std::string(url);
  if (consume(url, "file://")) {
    consume(url, "localhost");
    return percent_decoded(url);
  }
  return destination.url;
}

std::string location_kind(const policy::Destination& destination) {
  for (const char* kind : {"sftp", "s3", "rest"}) {
    if (destination.url.starts_with(std::string(kind) + ":")) return kind;
  }
  return "local";
}

std::string shell_word(const std::string& text) {
  const bool plain = !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("_-./:=,@%+").find(c) != std::string_view::npos;
  });
  if (plain) return text;
  std::string word = "'";
  for (const char c : text) word += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return word + "'";
}

}  // namespace hikae::report
