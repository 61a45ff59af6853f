// SPDX-License-Identifier: Apache-2.0
#include "storage/location.h"

#include <algorithm>
#include <charconv>
#include <optional>

#include "base/error.h"
#include "base/percent.h"

namespace hikae {
namespace {

// What a person should have written. A malformed location is never repeated in a message, since a
// password may stand in it.
[[noreturn]] void malformed(const std::string& scheme, const std::string& form) {
  throw Error(ErrorCode::invalid_argument,
              text("storage.location_malformed", {{"scheme", scheme}, {"form", form}}));
}

bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}
bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

// The word before the first ":" if it looks like a scheme, else empty.
std::string_view scheme_of(std::string_view text) {
  const std::size_t colon = text.find(':');
  if (colon == std::string_view::npos || colon == 0) return {};
  const std::string_view word = text.substr(0, colon);
  const bool looks_like_one =
      is_letter(word.front()) && std::all_of(word.begin(), word.end(), [](char c) {
        return is_letter(c) || is_digit(c) || c == '+' || c == '-' || c == '.';
      });
  return looks_like_one ? word : std::string_view();
}

bool consume(std::string_view& text, std::string_view prefix) {
  if (!text.starts_with(prefix)) return false;
  text.remove_prefix(prefix.size());
  return true;
}

// nullopt for what cannot be decoded, and for characters that no path has.
std::optional<std::string> decoded_path(std::string_view text) {
  std::optional<std::string> result = percent_decoded(text);
  const auto is_control = [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte < 0x20 || byte == 0x7f;
  };
  if (result && std::any_of(result->begin(), result->end(), is_control)) return std::nullopt;
  return result;
}

// Without doubled slashes, "." and a slash at the end. ".." stays: what it means depends on links.
std::string tidy(std::string_view path) {
  std::string result = path.starts_with('/') ? "/" : "";
  while (!path.empty()) {
    const std::size_t end = std::min(path.find('/'), path.size());
    const std::string_view part = path.substr(0, end);
    path.remove_prefix(std::min(end + 1, path.size()));
    if (part.empty() || part == ".") continue;
    if (!result.empty() && result.back() != '/') result += '/';
    result += part;
  }
  return result;
}

// What stands before a path: [user[:password]@]host[:port].
struct Authority {
  std::string user;
  std::string password;
  std::string host;
  std::uint16_t port = 0;
};

std::optional<std::uint16_t> parse_port(std::string_view digits) {
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
  if (error != std::errc() || end != digits.data() + digits.size() || port == 0)
    return std::nullopt;
  return port;
}

// A leading "-" would be taken for an option by the programs that get the name.
bool is_user(std::string_view user) {
  return !user.starts_with('-') && std::none_of(user.begin(), user.end(), [](char c) {
    return c == ' ' || c == '/' || c == '@' || c == ':';
  });
}

bool is_host(std::string_view host, bool bracketed) {
  return !host.empty() && !host.starts_with('-') &&
         std::all_of(host.begin(), host.end(), [&](char c) {
           return is_letter(c) || is_digit(c) || c == '.' || c == '-' || c == '_' ||
                  (bracketed && (c == ':' || c == '%'));
         });
}

std::optional<Authority> parse_authority(std::string_view text) {
  Authority result;
  const std::size_t at = text.rfind('@');
  if (at != std::string_view::npos) {
    const std::string_view login = text.substr(0, at);
    const std::size_t colon = login.find(':');
    const auto user = decoded_path(login.substr(0, colon));
    if (!user || user->empty() || !is_user(*user)) return std::nullopt;
    result.user = *user;
    if (colon != std::string_view::npos) result.password = login.substr(colon + 1);
    text.remove_prefix(at + 1);
  }
  std::string_view port;
  const bool bracketed = text.starts_with('[');
  const std::size_t end = bracketed ? text.find(']') : text.find(':');
  if (bracketed && end == std::string_view::npos) return std::nullopt;
  result.host = bracketed ? text.substr(1, end - 1) : text.substr(0, end);
  if (end != std::string_view::npos) port = text.substr(bracketed ? end + 1 : end);
  if (!is_host(result.host, bracketed)) return std::nullopt;
  if (port.empty()) return result;
  const auto number = port.starts_with(':') ? parse_port(port.substr(1)) : std::nullopt;
  if (!number) return std::nullopt;
  result.port = *number;
  return result;
}

// The inverse of decoded_path, as far as people need it.
std::string percent_encoded(std::string_view text) {
  std::string result;
  for (const char c : text) result += c == '%' ? std::string("%25") : std::string(1, c);
  return result;
}

// "user@host:port" again, for people.
std::string shown(const Authority& authority) {
  std::string result = percent_encoded(authority.user);
  if (!authority.password.empty()) result += ":***";
  if (!authority.user.empty()) result += '@';
  const bool ipv6 = authority.host.find(':') != std::string::npos;
  result += ipv6 ? "[" + authority.host + "]" : authority.host;
  if (authority.port != 0) result += ":" + std::to_string(authority.port);
  return result;
}

// A URL's two halves: "host:port" and "/path" (or "").
std::pair<std::string_view, std::string_view> split_url(std::string_view text) {
  const std::size_t slash = std::min(text.find('/'), text.size());
  return {text.substr(0, slash), text.substr(slash)};
}

Location local_at(std::string_view path, std::string_view working_directory) {
  if (path.empty()) throw Error(ErrorCode::invalid_argument, text("storage.location_empty"));
  // Only a shell expands it; a folder called "~" is never meant.
  if (path == "~" || path.starts_with("~/"))
    throw Error(ErrorCode::invalid_argument, text("storage.location_tilde"));
  Location result;
  result.scheme = "local";
  if (path.starts_with('/')) {
    result.path = tidy(path);
  } else {
    if (!working_directory.starts_with('/'))
      throw Error(ErrorCode::invalid_argument, text("storage.location_relative"));
    result.path = tidy(std::string(working_directory) + "/" + std::string(path));
  }
  result.display = result.path;
  return result;
}

Location parse_file_url(std::string_view rest, std::string_view working_directory) {
  const std::string form = "file:///path";
  if (!consume(rest, "//")) malformed("file", form);
  consume(rest, "localhost");
  const auto path = decoded_path(rest);
  if (!path || !path->starts_with('/')) malformed("file", form);
  return local_at(*path, working_directory);
}

// "host:path" as scp has it; the path is below the login's home unless it begins with "/".
Location parse_sftp(std::string_view rest) {
  const std::string form = "sftp:user@host:/path, sftp://user@host:port/path";
  const bool url = consume(rest, "//");
  std::string_view before;
  std::optional<std::string> path;
  if (url) {
    const auto [host, raw_path] = split_url(rest);
    before = host;
    path = decoded_path(raw_path);
  } else {
    // The colon after the host, not one of an IPv6 address.
    const std::size_t bracket = rest.find('[');
    const std::size_t from = bracket < rest.find(':') ? rest.find(']') : 0;
    const std::size_t colon = from == std::string_view::npos ? from : rest.find(':', from);
    if (colon == std::string_view::npos) malformed("sftp", form);
    before = rest.substr(0, colon);
    path = std::string(rest.substr(colon + 1));
  }
  const auto authority = parse_authority(before);
  if (!authority || !path || path->empty()) malformed("sftp", form);
  if (!authority->password.empty())
    throw Error(ErrorCode::invalid_argument, text("storage.location_password"));
  Location result;
  result.scheme = "sftp";
  result.user = authority->user;
  result.host = authority->host;
  result.port = authority->port;
  const std::string tidied = tidy(*path);
  std::string_view cleaned = tidied;
  consume(cleaned, url ? "/~/" : "~/");
  result.path = cleaned;
  // "~" below the home would be taken for the home itself when it is given again.
  if (result.path.empty() || result.path.starts_with('~')) malformed("sftp", form);
  if (result.port == 0) {
    result.display = "sftp:" + shown(*authority) + ":" + result.path;
  } else {
    const std::string home = result.path.starts_with('/') ? "" : "/~/";
    result.display = "sftp://" + shown(*authority) + home + percent_encoded(result.path);
  }
  return result;
}

Location parse_s3(std::string_view rest) {
  const std::string form =
      "s3:endpoint/bucket/prefix, s3:https://endpoint/bucket/prefix, s3://bucket/prefix";
  Location result;
  result.scheme = "s3";
  if (consume(rest, "//")) {
    result.path = tidy(rest);
    result.display = "s3://" + result.path;
  } else {
    const bool plain = consume(rest, "http://");
    if (!plain) consume(rest, "https://");
    const auto [before, bucket] = split_url(rest);
    const auto authority = parse_authority(before);
    if (!authority || !authority->user.empty()) malformed("s3", form);
    result.tls = !plain;
    result.host = authority->host;
    result.port = authority->port;
    result.path = tidy(bucket.substr(bucket.empty() ? 0 : 1));
    result.display =
        std::string(plain ? "s3:http://" : "s3:") + shown(*authority) + "/" + result.path;
  }
  if (result.path.empty() || result.path.starts_with('/')) malformed("s3", form);
  return result;
}

Location parse_rest(std::string_view rest) {
  const std::string form = "rest:https://user@host:port/path/";
  Location result;
  result.scheme = "rest";
  result.path = rest;
  result.tls = consume(rest, "https://");
  if (!result.tls && !consume(rest, "http://")) malformed("rest", form);
  const auto [before, path] = split_url(rest);
  const auto authority = parse_authority(before);
  if (!authority) malformed("rest", form);
  result.user = authority->user;
  result.host = authority->host;
  result.port = authority->port;
  result.display = std::string(result.tls ? "rest:https://" : "rest:http://") + shown(*authority) +
                   std::string(path);
  return result;
}

}  // namespace

Location parse_location(std::string_view text_given, std::string_view working_directory) {
  const auto is_control = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; };
  if (std::any_of(text_given.begin(), text_given.end(), is_control))
    throw Error(ErrorCode::invalid_argument, text("storage.location_control"));
  const std::string_view scheme = scheme_of(text_given);
  if (scheme.empty()) return local_at(text_given, working_directory);
  const std::string_view rest = text_given.substr(scheme.size() + 1);
  if (scheme == "local") return local_at(rest, working_directory);
  if (scheme == "file") return parse_file_url(rest, working_directory);
  if (scheme == "sftp") return parse_sftp(rest);
  if (scheme == "s3") return parse_s3(rest);
  if (scheme == "rest") return parse_rest(rest);
  throw Error(ErrorCode::invalid_argument,
              text("storage.location_unknown_scheme", {{"scheme", std::string(scheme)}}))
      .with_hint(text("storage.location_hint"));
}

}  // namespace hikae
