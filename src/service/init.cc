// SPDX-License-Identifier: Apache-2.0
#include "service/init.h"

#include "service/password_file.h"
#include "service/secrets.h"
#include "service/unfinished_init.h"

namespace hikae {
namespace {

using policy::Policy;
using policy::SecretReference;

// A destination on its way through init.
struct Place {
  const policy::Destination* destination = nullptr;
  bool exists = false;
  std::unique_ptr<Repository> repository;
  InitOutcome outcome;
};

void fail(Place& place, Error error) {
  error.add_context(text("service.destination", {{"name", place.destination->name}}));
  place.outcome.state = InitOutcome::State::failed;
  place.outcome.failure = std::move(error);
}

std::vector<Place> places_of(const Policy& policy) {
  std::vector<Place> places(policy.destinations.size());
  for (std::size_t i = 0; i < places.size(); ++i) {
    places[i].destination = &policy.destinations[i];
    places[i].outcome.destination = policy.destinations[i].name;
  }
  return places;
}

// Runs `step` for each place that has not failed yet, at once; its errors are the place's own.
template <typename Step>
void for_each_at_once(std::vector<Place>& places, Step step, const StopToken& stop) {
  TaskGroup tasks(stop);
  for (Place& place : places) {
    if (place.outcome.failure) continue;
    tasks.spawn("init", [&place, &step](const StopToken& group_stop) {
      try {
        step(place, group_stop);
      } catch (const Error& error) {
        fail(place, error);
      }
    });
  }
  tasks.join();
}

void look(Place& place,
          const Policy& policy,
          const Environment& environment,
          const StopToken& stop) {
  check_destination(*place.destination, environment);
  const auto backend = open_destination_backend(
      policy, *place.destination, AccessMode::read_only, environment, stop);
  try {
    place.exists = backend->size({FileType::config, ""}, stop).has_value();
  } catch (const Error& error) {
    if (error.code() != ErrorCode::no_repository) throw;
  }
}

// What exists opens with its old password only: a new one in its stead would hide the real mistake.
void require_no_repository(const std::vector<Place>& places, const std::string& path) {
  for (const Place& place : places) {
    if (!place.exists) continue;
    throw Error(ErrorCode::not_found,
                text("service_init.password_missing",
                     {{"path", path}, {"destination", place.destination->name}}))
        .with_hint(text("service_init.password_missing_hint", {{"path", path}}));
  }
}

bool make_password_file(const Policy& policy, const std::vector<Place>& places) {
  const SecretReference& reference = policy.encryption.password;
  if (reference.kind != SecretReference::Kind::file || file_exists(reference.value)) return false;
  require_no_repository(places, reference.value);
  return write_password_file(reference.value, make_password()) == PasswordFile::made;
}

void open_existing(Place& place,
                   const Policy& policy,
                   const Secret& password,
                   const Environment& environment,
                   const StopToken& stop) {
  if (!place.exists) return;
  place.repository =
      Repository::open(open_destination_backend(
                           policy, *place.destination, AccessMode::read_write, environment, stop),
                       password,
                       stop);
  place.outcome.state = InitOutcome::State::existed;
}

// The first repository that is open: what the others share.
const Place* first_open(const std::vector<Place>& places) {
  for (const Place& place : places) {
    if (place.repository) return &place;
  }
  return nullptr;
}

std::string names_of_failed(const std::vector<Place>& places) {
  std::string names;
  for (const Place& place : places) {
    if (place.outcome.failure) names += (names.empty() ? "" : ", ") + place.destination->name;
  }
  return names;
}

void create(Place& place,
            const Policy& policy,
            const std::optional<Repository::Shared>& shared,
            const Secret& password,
            const Environment& environment,
            const StopToken& stop) {
  try {
    auto backend = open_destination_backend(
        policy, *place.destination, AccessMode::read_write, environment, stop);
    if (clear_unfinished_init(*backend, environment.identity, stop) == UnfinishedInit::cleared)
      place.outcome.notes.push_back(text("service_init.completed"));
    place.repository = Repository::create(
        std::move(backend), password, environment.identity, shared, environment.clock, stop);
    place.outcome.state = InitOutcome::State::created;
  } catch (const Error& error) {
    fail(place, error);
  }
}

// One after another, since each may get its key from the one before, and since the cost of a key
// derivation is measured.
void create_missing(std::vector<Place>& places,
                    const Policy& policy,
                    const Secret& password,
                    const Environment& environment,
                    const StopToken& stop) {
  const bool share = policy.encryption.keys == policy::KeySharing::shared;
  // One that cannot be reached now may hold the key that the others ought to share.
  const std::string unreachable = names_of_failed(places);
  for (Place& place : places) {
    if (place.exists || place.outcome.failure) continue;
    const Place* model = share ? first_open(places) : nullptr;
    std::optional<Repository::Shared> shared;
    if (model != nullptr) {
      shared.emplace();
      shared->key = model->repository->cipher().key();
      shared->polynomial = model->repository->config().chunker_polynomial;
    }
    create(place, policy, shared, password, environment, stop);
    if (place.repository && share && model == nullptr && !unreachable.empty())
      place.outcome.notes.push_back(text("service_init.new_key", {{"others", unreachable}}));
  }
}

void note_differences(std::vector<Place>& places, const Policy& policy) {
  const Place* model = first_open(places);
  if (model == nullptr || policy.encryption.keys == policy::KeySharing::separate) return;
  for (Place& place : places) {
    if (!place.repository || &place == model) continue;
    const Text::Arguments model_name{{"other", model->destination->name}};
    if (!same_master_key(*place.repository, *model->repository)) {
      place.outcome.notes.push_back(text("service_init.other_key", model_name));
    } else if (place.repository->config().chunker_polynomial !=
               model->repository->config().chunker_polynomial) {
      place.outcome.notes.push_back(text("service_init.other_polynomial", model_name));
    }
  }
}

}  // namespace

InitReport init_policy(const Policy& policy,
                       const Environment& environment,
                       const StopToken& stop) {
  const auto lock = SlotLock::try_acquire(environment.state_directory, policy.name, "init");
  if (!lock)
    throw Error(ErrorCode::locked, text("service_init.under_way", {{"policy", policy.name}}));
  std::vector<Place> places = places_of(policy);
  for_each_at_once(
      places,
      [&](Place& place, const StopToken& group) { look(place, policy, environment, group); },
      stop);
  InitReport report;
  report.password_made = make_password_file(policy, places);
  const Secret password = resolve_secret(policy.encryption.password, environment, stop);
  for_each_at_once(
      places,
      [&](Place& place, const StopToken& group) {
        open_existing(place, policy, password, environment, group);
      },
      stop);
  // What exists is open, or its failure is known. Only now is it known whose key the rest receives.
  create_missing(places, policy, password, environment, stop);
  note_differences(places, policy);
  for (Place& place : places) report.destinations.push_back(std::move(place.outcome));
  return report;
}

}  // namespace hikae
