// SPDX-License-Identifier: Apache-2.0
#include "cli/forget_everywhere.h"

#include <algorithm>
#include <memory>

#include "cli/forget_output.h"
#include "journal/journal.h"
#include "maintenance/forget.h"
#include "service/forget_everywhere.h"

namespace hikae::cli {
namespace {

std::vector<OpenDestination> open_all(const Session& session,
                                      const policy::Policy& policy,
                                      Effect effect) {
  OpenRequest request;
  request.load_index = OpenRequest::LoadIndex::no;
  request.lock_options = lock_options(session.options);
  if (effect == Effect::apply) request.lock = LockMode::exclusive;
  std::vector<OpenDestination> opened =
      open_destinations(policy, request, session.environment, session.stop);
  for (OpenDestination& open : opened) {
    if (!open.is_good() || open.destination->may_delete) continue;
    open.lock.reset();
    open.failure =
        Error(ErrorCode::permission,
              text("cli_prune.may_not_delete", {{"destination", open.destination->name}}));
  }
  const bool any = std::any_of(
      opened.begin(), opened.end(), [](const OpenDestination& open) { return open.is_good(); });
  if (!any) throw Error(*opened.front().failure);
  return opened;
}

std::vector<std::vector<SnapshotRecord>> load_all(const Session& session,
                                                  std::vector<OpenDestination>& destinations) {
  std::vector<std::vector<SnapshotRecord>> all;
  for (OpenDestination& open : destinations) {
    all.emplace_back();
    if (open.is_good()) all.back() = open.repository->load_snapshots(session.console, session.stop);
  }
  return all;
}

ForgetPlan to_print(const Session& session,
                    const std::vector<OpenDestination>& destinations,
                    const ForgetEverywhere& plan) {
  ForgetPlan printed;
  for (std::size_t i = 0; i < destinations.size(); ++i) {
    if (plan.removals[i].empty()) continue;
    ForgetGroup group;
    group.title =
        render(text("cli_forget.destination", {{"destination", destinations[i].destination->name}}),
               session.console.language());
    for (const SnapshotRecord& record : plan.removals[i])
      group.remove.push_back({record, {"named"}, {text("cli_forget.named")}});
    printed.groups.push_back(std::move(group));
  }
  return printed;
}

// Only what is the policy's own is in its journal.
void journal_removal(const Session& session,
                     Journal& journal,
                     const policy::Policy& policy,
                     const std::string& destination,
                     const SnapshotRecord& record) {
  const auto source = tag_value(record.snapshot, kSourceTag);
  if (tag_value(record.snapshot, kPolicyTag) != policy.name || !source) return;
  journal.add_deletion({session.environment.clock.now(),
                        "",
                        policy.name,
                        *source,
                        destination,
                        record.id.hex(),
                        format::to_instant(record.snapshot.time),
                        "named"});
}

std::vector<ForgottenSnapshot> apply(const Session& session,
                                     const policy::Policy& policy,
                                     std::vector<OpenDestination>& destinations,
                                     const ForgetEverywhere& plan) {
  const Environment& environment = session.environment;
  const auto journal =
      Journal::open(environment.state_directory, environment.clock, environment.log);
  std::vector<RepositoryLock*> locks;
  for (const OpenDestination& open : destinations) {
    if (open.lock) locks.push_back(open.lock.get());
  }
  const LockKeeper keeper(locks, environment.log, session.stop);
  std::vector<ForgottenSnapshot> removed;
  for (std::size_t i = 0; i < destinations.size(); ++i) {
    OpenDestination& open = destinations[i];
    if (!open.is_good()) continue;
    try {
      // First the notes: where one stands, nothing comes back, whatever happens next.
      for (const SnapshotRecord& record : plan.absent[i])
        note_forgotten(*open.repository, record.snapshot, session.stop);
      const auto record = [&](const SnapshotRecord& gone) {
        removed.push_back({tag_value(gone.snapshot, kSourceTag).value_or(""),
                           open.destination->name,
                           gone.id,
                           format::to_instant(gone.snapshot.time),
                           "named",
                           text("cli_forget.named")});
        journal_removal(session, *journal, policy, open.destination->name, gone);
      };
      apply_forget(*open.repository, *open.lock, plan.removals[i], record, session.stop);
    } catch (const Error& error) {
      open.failure = error;
    }
  }
  return removed;
}

}  // namespace

bool is_everywhere(const Session& session, const ForgetRequest& request) {
  if (request.ids.empty() || !session.options.repository.empty() ||
      !session.options.destination.empty())
    return false;
  return load_policy(session).policy.destinations.size() > 1;
}

JobOutcome forget_everywhere(const Session& session, const ForgetRequest& request, Effect effect) {
  const policy::Policy policy = load_policy(session).policy;
  std::vector<OpenDestination> destinations = open_all(session, policy, effect);
  const ForgetEverywhere plan =
      plan_forget_everywhere(load_all(session, destinations), request.ids, request.select.filter());
  print_forget_plan(session, to_print(session, destinations, plan), effect);
  JobOutcome outcome;
  if (effect == Effect::apply) outcome.removed = apply(session, policy, destinations, plan);
  if (!session.options.json) print_forget_end(session, outcome.removed.size(), effect);
  for (const OpenDestination& open : destinations) {
    const auto count =
        std::count_if(outcome.removed.begin(), outcome.removed.end(), [&](const auto& gone) {
          return gone.destination == open.destination->name;
        });
    outcome.results.push_back(
        forgotten(open.destination->name, static_cast<std::size_t>(count), open.failure));
    if (open.is_good()) continue;
    outcome.exit_code = 3;
    session.console.error(*open.failure);
  }
  return outcome;
}

DestinationResult forgotten(const std::string& destination,
                            std::size_t count,
                            const std::optional<Error>& failure) {
  DestinationResult result;
  result.destination = destination;
  result.failure = failure;
  if (failure) result.verdict = Verdict::failed;
  result.summary =
      text("cli_forget.result", {{"destination", destination}, {"count", std::to_string(count)}});
  return result;
}

}  // namespace hikae::cli
