// SPDX-License-Identifier: Apache-2.0
#include "cli/each_destination.h"

#include "cli/failure.h"

namespace hikae::cli {
namespace {

constexpr int kIncomplete = 3;

// What came of the destinations so far.
struct Visits {
  int worst = 0;  // of what `work` returned
  bool any_worked = false;
  std::optional<Error> failure;  // the first one
};

void tell(const Session& session, Error error, const std::string& name) {
  error.add_context(text("service.destination", {{"name", name}}));
  const FailureForm form = session.options.json ? FailureForm::json : FailureForm::text;
  report_failure(session.console, form, error, exit_code(error));
}

void visit(const Session& session,
           const std::string& name,
           const std::function<int(const Session&)>& work,
           Visits& visits) {
  GlobalOptions narrowed = session.options;
  narrowed.destination = name;
  narrowed.visited_destination = name;
  try {
    const int code = work({session.console, session.environment, narrowed, session.stop});
    visits.any_worked = true;
    // 1 is worse than 3, partial.
    if (code != 0 && visits.worst != 1) visits.worst = code;
  } catch (const Error& error) {
    session.console.clear_progress();
    tell(session, error, name);
    if (!visits.failure) visits.failure = error;
  }
}

}  // namespace

std::vector<std::string> destinations_to_visit(const Session& session) {
  if (!session.options.repository.empty() || !session.options.destination.empty()) return {};
  std::vector<std::string> names;
  for (const policy::Destination& destination : load_policy(session).policy.destinations)
    names.push_back(destination.name);
  if (names.size() == 1) names.clear();
  return names;
}

int in_each_destination(const Session& session, const std::function<int(const Session&)>& work) {
  const std::vector<std::string> names = destinations_to_visit(session);
  if (names.empty()) return work(session);
  Visits visits;
  for (const std::string& name : names) {
    if (name != names.front() && !session.options.json) session.console.print("\n");
    visit(session, name, work, visits);
  }
  if (!visits.failure || visits.worst == 1) return visits.worst;
  return visits.any_worked ? kIncomplete : exit_code(*visits.failure);
}

void say_destination(const Session& session) {
  const std::string& name = session.options.visited_destination;
  if (!name.empty()) session.console.say(text("cli.destination", {{"destination", name}}));
}

void write_destination(const Session& session, JsonWriter& json) {
  const std::string& name = session.options.visited_destination;
  if (!name.empty()) json.member("destination", name);
}

}  // namespace hikae::cli
