// SPDX-License-Identifier: Apache-2.0
// What the author of a valid policy should know.
#include <algorithm>
#include <array>
#include <string_view>

#include "base/error.h"
#include "cli/cmd_policy.h"
#include "notify/template.h"
#include "service/destinations.h"
#include "service/postgres_source.h"
#include "storage/location.h"

namespace hikae::cli {
namespace {

std::string path_of(const policy::Source& source) {
  return "sources." + source.name;
}
std::string path_of(const policy::Destination& destination) {
  return "destinations." + destination.name;
}

// Keys that the policy file knows and that nothing carries out yet. A key leaves this list with the
// change that makes it work.
constexpr std::array<std::string_view, 7> kNotCarriedOut = {
    "schedule.drill", "schedule.review", "drill", "review", "documents", "evidence", "limits"};
constexpr std::array<std::string_view, 1> kNotCarriedOutOfSource = {"quiesce"};

// What means something for a destination in S3 only.
constexpr std::array<std::string_view, 7> kOfS3 = {"endpoint",
                                                   "region",
                                                   "addressing",
                                                   "storage_class",
                                                   "server_side_encryption",
                                                   "kms_key_id",
                                                   "object_lock"};

class Review {
 public:
  Review(const LoadedPolicy& loaded, const Environment& environment)
      : policy_(loaded.policy), file_(loaded.path), environment_(environment) {}

  std::vector<PolicyFinding> take() && {
    review_destinations();
    for (const policy::Source& source : policy_.sources) review_source(source);
    review_keys();
    std::stable_sort(
        findings_.begin(), findings_.end(), [](const PolicyFinding& a, const PolicyFinding& b) {
          return a.place.line < b.place.line;
        });
    return std::move(findings_);
  }

 private:
  void find(const std::string& path, Text message) {
    findings_.push_back({place_of(policy_, path), std::move(message)});
  }

  void find_unused(const std::string& path) {
    if (place_of(policy_, path).line == 0) return;
    find(path, text("cli_policy.not_carried_out", {{"path", path}}));
  }

  Location location_of(const policy::Destination& destination) const {
    try {
      return parse_location(destination.url, environment_.working_directory);
    } catch (Error& error) {
      const policy::Place place = place_of(policy_, path_of(destination) + ".url");
      error.add_context(text("cli_policy.at",
                             {{"file", file_},
                              {"line", std::to_string(place.line)},
                              {"column", std::to_string(place.column)}}));
      throw;
    }
  }

  void review_destinations() {
    if (policy_.destinations.size() == 1) find("destinations", text("cli_policy.one_destination"));
    bool all_here = true;
    for (const policy::Destination& destination : policy_.destinations) {
      const Location location = location_of(destination);
      const bool is_here = location.scheme == "local";
      all_here = all_here && is_here && !destination.require_mount;
      if (is_here) review_folder(destination, location.path);
      review_s3_keys(destination, location.scheme == "s3");
      if (auto refusal = find_plain_transit(policy_, destination, location))
        find(path_of(destination) + ".url", std::move(*refusal));
    }
    if (all_here) find("destinations", text("cli_policy.all_on_this_machine"));
  }

  void review_s3_keys(const policy::Destination& destination, bool is_s3) {
    const std::string path = path_of(destination) + ".";
    for (const std::string_view key : kOfS3) {
      if (is_s3 || place_of(policy_, path + std::string(key)).line == 0) continue;
      find(path + std::string(key),
           text("cli_policy.key_of_s3",
                {{"key", std::string(key)}, {"destination", destination.name}}));
    }
    const bool is_kms = destination.server_side_encryption == policy::ServerSideEncryption::aws_kms;
    if (is_s3 && !destination.kms_key_id.empty() && !is_kms) {
      find(path + "kms_key_id",
           text("cli_policy.kms_key_unused", {{"destination", destination.name}}));
    }
  }

  void review_folder(const policy::Destination& destination, const std::string& path) {
    const bool looks_mounted = path.starts_with("/mnt/") || path.starts_with("/media/");
    if (looks_mounted && !destination.require_mount) {
      find(path_of(destination) + ".url",
           text("cli_policy.no_require_mount", {{"destination", destination.name}}));
    }
    for (const policy::Source& source : policy_.sources) {
      for (const std::string& folder : source.files) {
        if (!lies_in(path, folder) || is_left_out(source, path)) continue;
        find(path_of(destination) + ".url",
             text("cli_policy.inside_source",
                  {{"destination", destination.name}, {"source", source.name}, {"path", folder}}));
      }
    }
  }

  static bool lies_in(const std::string& path, const std::string& folder) {
    const std::string parent = folder.ends_with('/') ? folder : folder + "/";
    return path + "/" == parent || path.starts_with(parent);
  }

  static bool is_left_out(const policy::Source& source, const std::string& path) {
    return std::any_of(source.exclude.begin(),
                       source.exclude.end(),
                       [&](const std::string& pattern) { return lies_in(path, pattern); });
  }

  void review_source(const policy::Source& source) {
    review_live_clusters(source);
    if (source.kind() != policy::SourceKind::files &&
        source.kind() != policy::SourceKind::postgres) {
      find(path_of(source), text("cli_policy.kind_not_yet", {{"source", source.name}}));
    }
    if (backup_schedule_of(policy_, source).empty()) {
      find(path_of(source), text("cli_policy.no_schedule", {{"source", source.name}}));
    }
    for (const std::string_view key : kNotCarriedOutOfSource) {
      find_unused(path_of(source) + "." + std::string(key));
    }
    const bool kept_for_ever = std::none_of(
        policy_.destinations.begin(), policy_.destinations.end(), [&](const auto& destination) {
          return retention_for(policy_, source, destination).has_value();
        });
    if (kept_for_ever)
      find(path_of(source), text("cli_policy.no_retention", {{"source", source.name}}));
  }

  void review_live_clusters(const policy::Source& source) {
    if (source.files.empty()) return;
    for (const LiveClusterFinding& found :
         live_clusters_in(source, postgres::find_live_clusters())) {
      find(path_of(source),
           text("cli_policy.live_cluster",
                {{"source", source.name}, {"folder", found.cluster.data_directory}}));
    }
  }

  // Found now, not when the first failure should be told.
  void review_webhook() {
    const auto& webhook = policy_.notify.webhook;
    if (!webhook || webhook->body.empty()) return;
    const auto& names = notify::template_names();
    try {
      notify::fill_template(webhook->body, notify::Escape::plain, [&](const std::string& name) {
        const bool known = std::find(names.begin(), names.end(), name) != names.end();
        return known ? std::optional<std::string>("") : std::nullopt;
      });
    } catch (const Error& error) {
      find("notify.webhook.body", error.message());
    }
  }

  void review_keys() {
    review_webhook();
    for (const std::string_view key : kNotCarriedOut) find_unused(std::string(key));
    if (policy_.schedule.check.empty()) find("schedule", text("cli_policy.no_check"));
    find("schedule", text("cli_policy.not_started"));
  }

  const policy::Policy& policy_;
  const std::string& file_;
  const Environment& environment_;
  std::vector<PolicyFinding> findings_;
};

}  // namespace

std::vector<PolicyFinding> review_policy(const LoadedPolicy& loaded,
                                         const Environment& environment) {
  return Review(loaded, environment).take();
}

}  // namespace hikae::cli
