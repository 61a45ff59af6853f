// SPDX-License-Identifier: Apache-2.0
#include "policy/policy.h"

#include <algorithm>

namespace hikae::policy {
namespace {

template <typename T>
const T* find_named(const std::vector<T>& elements, std::string_view name) {
  const auto found = std::find_if(
      elements.begin(), elements.end(), [&](const T& element) { return element.name == name; });
  return found == elements.end() ? nullptr : &*found;
}

}  // namespace

std::uint64_t Share::of(std::uint64_t whole) const {
  // Divided first: a whole may be near the largest number.
  return bytes > 0 ? bytes : whole / 100 * static_cast<std::uint64_t>(percent);
}

SourceKind Source::kind() const {
  if (postgres) return SourceKind::postgres;
  if (docker_volume) return SourceKind::docker_volume;
  if (docker_postgres) return SourceKind::docker_postgres;
  return SourceKind::files;
}

Place place_of(const Policy& policy, std::string_view path) {
  const auto found = policy.places.find(path);
  return found == policy.places.end() ? Place{} : found->second;
}

const Source* find_source(const Policy& policy, std::string_view name) {
  return find_named(policy.sources, name);
}

const Destination* find_destination(const Policy& policy, std::string_view name) {
  return find_named(policy.destinations, name);
}

std::optional<RetentionRules> retention_for(const Policy& policy,
                                            const Source& source,
                                            const Destination& destination) {
  if (!destination.may_delete) return std::nullopt;
  if (source.retention) return source.retention;
  if (destination.retention) return destination.retention;
  return policy.retention;
}

const std::string& backup_schedule_of(const Policy& policy, const Source& source) {
  return source.schedule ? source.schedule->backup : policy.schedule.backup;
}

}  // namespace hikae::policy
