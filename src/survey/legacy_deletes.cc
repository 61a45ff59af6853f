// SPDX-License-Identifier: Apache-2.0
#include "survey/legacy_deletes.h"

#include <algorithm>

#include "survey/rooted.h"

namespace hikae::survey {
namespace {

using Kind = ScriptAction::Kind;

struct Spot {
  std::string host;  // "s3" for a bucket; empty: this machine
  std::string path;
};

Spot spot_of(std::string place) {
  place = place.substr(0, place.find_first_of("$`*?["));
  if (place.starts_with("s3://")) return {"s3", "/" + without_slash_at_end(place.substr(5))};
  const std::size_t colon = place.find(':');
  if (colon != std::string::npos && colon < place.find('/')) {
    std::string host = place.substr(0, colon);
    if (const std::size_t at = host.find('@'); at != std::string::npos) host.erase(0, at + 1);
    return {host, without_slash_at_end(place.substr(colon + 1))};
  }
  return {"", without_slash_at_end(place)};
}

// The places that an action deletes at.
std::vector<std::string> deletes_at(const ScriptAction& action) {
  switch (action.kind) {
    case Kind::copies:
    case Kind::uploads:
      return action.deletes_at_target ? std::vector<std::string>{action.target}
                                      : std::vector<std::string>{};
    case Kind::expires:
      return action.sources;
    case Kind::removes: {
      std::vector<std::string> places = action.sources;
      if (!action.target.empty()) places.push_back(action.target);
      return places;
    }
    default:
      return {};
  }
}

}  // namespace

bool reaches(const std::string& place, const std::string& repository) {
  const Spot spot = spot_of(place);
  const Spot other = spot_of(repository);
  // "/" alone is what is left of a path that only a shell could tell.
  if (spot.host != other.host || spot.path.empty() || spot.path == "/") return false;
  return lies_in(spot.path, other.path) || lies_in(other.path, spot.path);
}

std::vector<Finding> find_legacy_deletes(const std::vector<ScriptAction>& actions,
                                         const std::vector<ProtectedPlace>& places) {
  std::vector<Finding> findings;
  for (const ScriptAction& action : actions) {
    const std::vector<std::string> deleted = deletes_at(action);
    for (const ProtectedPlace& place : places) {
      const bool hits = std::any_of(deleted.begin(), deleted.end(), [&](const std::string& at) {
        return reaches(at, place.place);
      });
      if (!hits) continue;
      findings.push_back({Severity::error,
                          "legacy_job",
                          action.file + ":" + std::to_string(action.line),
                          text("survey.legacy_delete",
                               {{"command", action.command}, {"destination", place.destination}}),
                          text("survey.legacy_delete_fix")});
    }
  }
  return findings;
}

}  // namespace hikae::survey
