// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "base/units.h"
#include "health/doctor.h"
#include "repository/lock.h"
#include "service/destinations.h"
#include "service/low_space.h"
#include "service/secrets.h"
#include "storage/s3_lifecycle.h"

namespace hikae {
namespace {

using survey::Finding;
using survey::Severity;

// Of the source that is kept the most; 0 where one has no limit.
int generations_of(const policy::Policy& policy, const policy::Destination& destination) {
  int most = 0;
  for (const policy::Source& source : policy.sources) {
    const int planned = planned_generations(retention_for(policy, source, destination));
    if (planned == 0) return 0;
    most = std::max(most, planned);
  }
  return most;
}

class Examination {
 public:
  Examination(const policy::Policy& policy,
              const policy::Destination& destination,
              std::uint64_t source_bytes,
              const Environment& environment,
              std::vector<Finding>& findings,
              const StopToken& stop)
      : policy_(policy),
        destination_(destination),
        source_bytes_(source_bytes),
        environment_(environment),
        findings_(findings),
        stop_(stop) {}

  void run(const Secret& password) {
    try {
      check_destination(destination_, environment_);
      repository_ =
          Repository::open(open_destination_backend(
                               policy_, destination_, AccessMode::read_write, environment_, stop_),
                           password,
                           stop_);
      transport();
      locks();
      write();
      space();
      lifecycle();
    } catch (const Error& error) {
      Finding finding = survey::failed_probe(
          "destination", destination_.name, error, text("doctor.destination_fix"));
      if (error.code() == ErrorCode::no_repository) finding.fix = text("doctor.init_fix");
      findings_.push_back(std::move(finding));
    }
  }

 private:
  void add(Severity severity, const char* area, Text what, std::optional<Text> fix = {}) {
    findings_.push_back({severity, area, destination_.name, std::move(what), std::move(fix)});
  }

  void transport() {
    Backend& backend = repository_->backend();
    const auto transport = backend.transport();
    if (!transport) {
      add(Severity::ok,
          "destination",
          text("doctor.destination_here", {{"place", backend.location()}}));
      return;
    }
    const bool is_enough =
        transport->is_aes_256 || policy_.encryption.in_transit == policy::TransportCipher::any;
    add(is_enough ? Severity::ok : Severity::error,
        "destination",
        text("doctor.destination_transport",
             {{"place", backend.location()},
              {"protocol", transport->protocol},
              {"cipher", transport->cipher}}),
        is_enough ? std::optional<Text>() : text("doctor.transport_fix"));
  }

  void locks() {
    for (const LockRecord& record : load_locks(*repository_, stop_)) {
      add(Severity::hint,
          "destination",
          text("doctor.destination_locked",
               {{"host", record.lock.hostname}, {"pid", std::to_string(record.lock.pid)}}),
          text("doctor.destination_locked_fix", {{"destination", destination_.name}}));
    }
  }

  // A shared lock is the smallest thing that can be written: it proves that saving, listing and
  // removing work, and its time is the store's.
  void write() {
    const auto lock = RepositoryLock::acquire(*repository_,
                                              LockMode::shared,
                                              environment_.identity,
                                              environment_.clock,
                                              {},
                                              environment_.log,
                                              stop_);
    const std::string name = lock->id().hex();
    std::optional<Instant> written;
    repository_->backend().list(
        FileType::lock,
        [&](const FileInfo& info) {
          if (info.name == name) written = info.modified;
        },
        stop_);
    const Instant now = environment_.clock.now();
    lock->release();
    bool is_there = false;
    repository_->backend().list(
        FileType::lock,
        [&](const FileInfo& info) { is_there = is_there || info.name == name; },
        stop_);
    if (is_there && destination_.may_delete) {
      add(Severity::warning,
          "destination",
          text("doctor.destination_keeps"),
          text("doctor.destination_keeps_fix"));
    } else {
      add(Severity::ok, "destination", text("doctor.destination_writable"));
    }
    if (written)
      findings_.push_back(judge_clock(
          destination_.name, std::chrono::duration_cast<std::chrono::seconds>(*written - now)));
  }

  void space() {
    const auto space = repository_->backend().space();
    if (!space) return;
    bool has_snapshots = false;
    repository_->backend().list(
        FileType::snapshot, [&](const FileInfo&) { has_snapshots = true; }, stop_);
    findings_.push_back(judge_space({destination_.name,
                                     *space,
                                     source_bytes_,
                                     generations_of(policy_, destination_),
                                     has_snapshots,
                                     destination_.min_free.of(space->total_bytes)}));
  }

  // A bucket that deletes by age destroys a repository, as a script with "find -delete" does.
  void lifecycle() {
    const Location location = parse_location(destination_.url, environment_.working_directory);
    if (location.scheme != "s3") return;
    try {
      const auto rules = load_lifecycle(
          location,
          destination_options(policy_, destination_, AccessMode::read_only, environment_, stop_),
          stop_);
      for (const LifecycleRule& rule : rules) {
        const bool deletes = rule.effect == LifecycleRule::Effect::deletes;
        findings_.push_back({Severity::error,
                             "legacy_job",
                             destination_.url + " " + rule.id,
                             text(deletes ? "doctor.lifecycle_deletes" : "doctor.lifecycle_slow",
                                  {{"destination", destination_.name},
                                   {"prefix", rule.prefix.empty() ? "*" : rule.prefix},
                                   {"detail", rule.detail}}),
                             text("doctor.lifecycle_fix")});
      }
      if (rules.empty()) add(Severity::ok, "legacy_job", text("doctor.lifecycle_good"));
    } catch (const Error& error) {
      add(Severity::hint,
          "legacy_job",
          text("doctor.lifecycle_unknown", {{"reason", render(error, policy_.language)}}),
          text("doctor.lifecycle_unknown_fix"));
    }
  }

  const policy::Policy& policy_;
  const policy::Destination& destination_;
  std::uint64_t source_bytes_;
  const Environment& environment_;
  std::vector<Finding>& findings_;
  const StopToken& stop_;
  std::unique_ptr<Repository> repository_;
};

}  // namespace

void examine_destinations(const policy::Policy& policy,
                          std::uint64_t source_bytes,
                          const Environment& environment,
                          std::vector<Finding>& findings,
                          const StopToken& stop) {
  try {
    const Secret password = resolve_secret(policy.encryption.password, environment, stop);
    for (const policy::Destination& destination : policy.destinations) {
      Examination(policy, destination, source_bytes, environment, findings, stop).run(password);
    }
  } catch (const Error& error) {
    findings.push_back(survey::failed_probe(
        "destination", "encryption.password", error, text("doctor.secret_missing_fix")));
  }
}

}  // namespace hikae
