// SPDX-License-Identifier: Apache-2.0
#include "storage/rest_place.h"

#include <algorithm>
#include <utility>

#include "base/base64.h"
#include "base/error.h"
#include "base/percent.h"

namespace hikae {
namespace {

// "https://", "user:password" and "host:port/path".
struct UrlParts {
  std::string_view scheme;
  std::string_view login;
  std::string_view rest;
};

UrlParts split(std::string_view url) {
  UrlParts parts;
  const std::size_t host = url.find("://") + 3;
  parts.scheme = url.substr(0, host);
  parts.rest = url.substr(host);
  const std::size_t slash = std::min(parts.rest.find('/'), parts.rest.size());
  const std::size_t at = parts.rest.substr(0, slash).rfind('@');
  if (at == std::string_view::npos) return parts;
  parts.login = parts.rest.substr(0, at);
  parts.rest.remove_prefix(at + 1);
  return parts;
}

std::string decoded(std::string_view part, const Location& location) {
  auto result = percent_decoded(part);
  if (!result)
    throw Error(ErrorCode::invalid_argument,
                text("storage.rest_bad_password", {{"location", location.display}}))
        .with_hint(text("storage.rest_bad_password_hint"));
  return std::move(*result);
}

std::string variable(const OpenOptions& options, const char* name) {
  return options.variable ? options.variable(name).value_or("") : "";
}

// Text that may be a secret, in a form that is wiped.
Secret first_of(std::initializer_list<std::string> candidates) {
  for (const std::string& candidate : candidates) {
    if (!candidate.empty()) return Secret(candidate);
  }
  return {};
}

}  // namespace

RestPlace rest_place(const Location& location, const OpenOptions& options) {
  const UrlParts parts = split(location.path);
  RestPlace place;
  place.url = std::string(parts.scheme) + std::string(parts.rest);
  if (!place.url.ends_with('/')) place.url += '/';
  const std::size_t colon = std::min(parts.login.find(':'), parts.login.size());
  const Secret url_password(
      decoded(parts.login.substr(std::min(colon + 1, parts.login.size())), location));
  const Secret user = first_of({options.credentials.user,
                                decoded(parts.login.substr(0, colon), location),
                                variable(options, "RESTIC_REST_USERNAME")});
  const Secret password = first_of({options.credentials.password.reveal(),
                                    url_password.reveal(),
                                    variable(options, "RESTIC_REST_PASSWORD")});
  if (user.empty() && password.empty()) return place;
  const Secret login(user.reveal() + ":" + password.reveal());
  std::string value = "Basic ";
  append_base64(value, as_bytes(login.reveal()));
  place.authorization = Secret(std::move(value));
  return place;
}

}  // namespace hikae
