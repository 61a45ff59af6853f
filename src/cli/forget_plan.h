// SPDX-License-Identifier: Apache-2.0
// What "hikae forget" will remove, decided before anything is: by ids, by --keep-… or by the
// policy.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cli/snapshot_options.h"
#include "policy/retention.h"

namespace hikae::cli {

struct ForgetRequest {
  SnapshotOptions select;
  std::vector<std::string> ids;
  std::string group_by = "host,paths";
  // As given; counts are numbers or "unlimited", spans like "1y5m7d2h".
  std::optional<std::string> last, hourly, daily, weekly, monthly, yearly;
  std::optional<std::string> within, within_hourly, within_daily, within_weekly, within_monthly,
      within_yearly;
  std::vector<std::string> keep_tags;
  bool unsafe_allow_remove_all = false;

  void add_to(Command& command);
  bool has_rules() const;
  // restic's counting. Throws Error{invalid_argument}.
  policy::RetentionRules rules() const;
};

struct ForgetItem {
  SnapshotRecord record;
  std::vector<std::string> rules;  // stable names: restic's wording where restic has the rule
  std::vector<Text> reasons;       // the same for people
};

struct ForgetGroup {
  std::string title;   // for people; may be empty
  std::string source;  // of the policy; empty without one
  std::string host;
  std::vector<std::string> paths;
  std::vector<std::string> tags;
  std::vector<ForgetItem> keep;    // oldest first
  std::vector<ForgetItem> remove;  // oldest first
};

struct ForgetPlan {
  std::vector<ForgetGroup> groups;
  std::string policy;       // set when the policy decided
  std::string destination;  // its name there
};

// What can be known to be wrong before the repository is opened. Throws Error{invalid_argument}.
void check_request(const Session& session, const ForgetRequest& request);

// Throws Error{invalid_argument} where a group would lose all its snapshots, or no rule is given.
ForgetPlan plan_forget(const Session& session,
                       const ForgetRequest& request,
                       const std::vector<SnapshotRecord>& all);

}  // namespace hikae::cli
