// SPDX-License-Identifier: Apache-2.0
// STATE/recovery-kit-POLICY.confirmed: time, user, and a digest of the destinations, a line each.
#include <algorithm>
#include <array>

#include "os/files.h"
#include "service/init.h"
#include "service/password_file.h"

namespace hikae {
namespace {

std::string path_of_confirmation(const policy::Policy& policy, const Environment& environment) {
  return environment.state_directory + "/recovery-kit-" + policy.name + ".confirmed";
}

// A sheet that lacks a destination is no longer complete.
std::string digest_of_destinations(const policy::Policy& policy) {
  std::string list;
  for (const policy::Destination& destination : policy.destinations)
    list += destination.name + '\0' + destination.url + '\n';
  return sha256(as_bytes(list)).hex();
}

std::array<std::string_view, 3> first_lines(std::string_view content) {
  std::array<std::string_view, 3> lines;
  for (std::string_view& line : lines) {
    const std::size_t end = std::min(content.find('\n'), content.size());
    line = content.substr(0, end);
    content.remove_prefix(std::min(end + 1, content.size()));
  }
  return lines;
}

}  // namespace

void confirm_recovery_kit(const policy::Policy& policy, const Environment& environment) {
  os::ensure_directory(environment.state_directory, 0700);
  const std::string content = format::to_rfc3339(format::to_timestamp(environment.clock.now())) +
                              "\n" + environment.identity.username + "\n" +
                              digest_of_destinations(policy) + "\n";
  os::write_file_durably(path_of_confirmation(policy, environment),
                         {as_bytes(content)},
                         {0600, os::IfExists::replace});
}

std::optional<Instant> recovery_kit_confirmed(const policy::Policy& policy,
                                              const Environment& environment) {
  constexpr std::size_t kLongest = 4096;
  const std::string path = path_of_confirmation(policy, environment);
  if (!file_exists(path)) return std::nullopt;
  const Bytes content = os::read_file(path, kLongest);
  const auto lines = first_lines(as_text(content));
  const auto time = format::parse_rfc3339(lines[0]);
  if (!time || lines[2] != digest_of_destinations(policy)) return std::nullopt;
  return format::to_instant(*time);
}

}  // namespace hikae
