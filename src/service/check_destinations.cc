// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "maintenance/repair.h"
#include "service/evidence.h"
#include "service/maintain.h"

namespace hikae {
namespace {

constexpr unsigned kRounds = 10;
constexpr std::size_t kMostDetails = 20;

class Checker {
 public:
  Checker(const policy::Policy& policy,
          const MaintenanceOptions& options,
          const Environment& environment,
          const StopToken& stop)
      : policy_(policy), options_(options), environment_(environment), stop_(stop) {
    OpenRequest request;
    request.load_index = OpenRequest::LoadIndex::no;
    request.lock_options = options.lock_options;
    destinations_ = open_destinations(policy, request, environment, stop);
  }

  std::vector<DestinationResult> check_all() {
    std::vector<DestinationResult> results;
    for (OpenDestination& open : destinations_) {
      DestinationResult result;
      result.destination = open.destination->name;
      try {
        if (open.failure) throw Error(*open.failure);
        check(open, result);
        leave_evidence(open, result);
      } catch (const Error& error) {
        result.verdict = Verdict::failed;
        result.failure = error;
        result.summary =
            text("service_due.check_impossible", {{"destination", result.destination}});
      }
      if (open.repository) result.space = open.repository->backend().space();
      results.push_back(std::move(result));
    }
    return results;
  }

 private:
  std::unique_ptr<RepositoryLock> lock(OpenDestination& open, LockMode mode) {
    return RepositoryLock::acquire(*open.repository,
                                   mode,
                                   environment_.identity,
                                   environment_.clock,
                                   options_.lock_options,
                                   environment_.log,
                                   stop_);
  }

  void check(OpenDestination& open, DestinationResult& result) {
    const auto exclusive = lock(open, LockMode::exclusive);
    const LockKeeper keeper({exclusive.get()}, environment_.log, stop_);
    CheckOptions how;
    how.read_data = PackSubset{PackSubset::Part{options_.round % kRounds + 1, kRounds}};
    CheckProgress progress;
    const CheckReport found = run_check(*open.repository, how, progress, stop_);
    if (found.errors == 0) {
      result.summary = text("service_due.check_good",
                            {{"destination", result.destination},
                             {"snapshots", std::to_string(found.snapshots)},
                             {"packs", std::to_string(found.packs_read)}});
      return;
    }
    note_damage(found, result);
    if (!open.destination->may_delete) {
      result.verdict = Verdict::failed;
      result.summary = damage_text("service_due.check_damaged", found, result);
      return;
    }
    heal(open, *exclusive, found, result);
  }

  void leave_evidence(OpenDestination& open, const DestinationResult& result) {
    if (options_.run.empty()) return;
    hikae::leave_evidence(*open.repository,
                          policy_,
                          *open.destination,
                          {policy_.name,
                           environment_.identity.hostname,
                           options_.run,
                           options_.slot,
                           environment_.clock.now(),
                           result.verdict,
                           render(result.summary, Language::en)},
                          environment_,
                          stop_);
  }

  void note_damage(const CheckReport& found, DestinationResult& result) const {
    for (const CheckFinding& finding : found.findings) {
      if (finding.severity != CheckFinding::Severity::error) continue;
      if (result.details.size() == kMostDetails) break;
      result.details.push_back(render(finding.message, policy_.language));
    }
  }

  static Text damage_text(std::string_view key,
                          const CheckReport& found,
                          const DestinationResult& result) {
    return text(key,
                {{"destination", result.destination}, {"errors", std::to_string(found.errors)}});
  }

  void heal(OpenDestination& open,
            RepositoryLock& exclusive,
            const CheckReport& found,
            DestinationResult& result) {
    std::vector<std::unique_ptr<RepositoryLock>> locks;
    const std::vector<RepairSource> sources = open_sources(open, locks);
    std::vector<RepositoryLock*> held;
    for (const auto& one : locks) held.push_back(one.get());
    const LockKeeper keeper(held, environment_.log, stop_);
    const RepairFacts facts = survey_damage(*open.repository, found.damage, sources, stop_);
    const RepairPlan plan = plan_repair(facts, sources);
    if (plan.changes_anything()) {
      RepairProgress progress;
      const RepairReport repaired = apply_repair(
          *open.repository, exclusive, facts, sources, plan, environment_.clock, progress, stop_);
      CheckOptions again;
      if (!repaired.written.empty())
        again.read_data = PackSubset{PackSubset::Named{repaired.written}};
      CheckProgress second;
      if (run_check(*open.repository, again, second, stop_).errors == 0) {
        result.verdict = Verdict::warning;
        result.summary = damage_text("service_due.check_healed", found, result);
        return;
      }
    }
    result.verdict = Verdict::failed;
    result.summary = damage_text("service_due.check_damaged", found, result);
  }

  // Every other destination that can be read.
  std::vector<RepairSource> open_sources(const OpenDestination& damaged,
                                         std::vector<std::unique_ptr<RepositoryLock>>& locks) {
    std::vector<RepairSource> sources;
    for (OpenDestination& other : destinations_) {
      if (&other == &damaged || !other.is_good()) continue;
      try {
        auto shared = lock(other, LockMode::shared);
        sources.push_back(read_repair_source(other.destination->name, *other.repository, stop_));
        locks.push_back(std::move(shared));
      } catch (const Error& error) {
        environment_.log.warning(text("service_due.repair_source_unreachable",
                                      {{"destination", other.destination->name},
                                       {"reason", render(error, policy_.language)}}));
      }
    }
    return sources;
  }

  const policy::Policy& policy_;
  const MaintenanceOptions& options_;
  const Environment& environment_;
  const StopToken& stop_;
  std::vector<OpenDestination> destinations_;
};

}  // namespace

std::vector<DestinationResult> check_destinations(const policy::Policy& policy,
                                                  const MaintenanceOptions& options,
                                                  const Environment& environment,
                                                  const StopToken& stop) {
  return Checker(policy, options, environment, stop).check_all();
}

ObservedFigures observed_figures(const std::vector<DestinationResult>& results) {
  ObservedFigures figures;
  for (const DestinationResult& result : results) {
    if (result.space) figures.space[result.destination] = *result.space;
  }
  return figures;
}

std::string problems_of(const std::vector<DestinationResult>& results, Language language) {
  std::string message;
  for (const DestinationResult& result : results) {
    if (result.verdict == Verdict::ok) continue;
    if (!message.empty()) message += " ";
    message += render(result.summary, language);
    if (result.failure) message += " " + render(*result.failure, language);
  }
  return message;
}

Verdict worst_of(const std::vector<DestinationResult>& results) {
  Verdict worst = Verdict::ok;
  for (const DestinationResult& result : results) worst = worse(worst, result.verdict);
  return worst;
}

}  // namespace hikae
