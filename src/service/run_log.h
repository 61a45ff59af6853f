// SPDX-License-Identifier: Apache-2.0
// What a run writes into the log: each line with run, slot and policy.
#pragma once

#include <cstddef>
#include <string>

#include "logs/sink.h"
#include "service/run.h"

namespace hikae {

// Passes sentences on to the environment's log and writes them, and facts, to the sink.
// Thread-safe once begin() was called. References outlive it.
class RunLog final : public Log {
 public:
  // Without a sink in the environment it only passes on.
  RunLog(const Environment& environment, const policy::Policy& policy);

  // The same environment with this as its log; lives as long as this does.
  const Environment& environment() const { return logged_; }

  // A run of this slot begins; every line from now on carries it.
  void begin(const std::string& run, const SlotId& slot);
  // The run is over. `failure`: of the run as a whole.
  void finish(Verdict verdict,
              const std::optional<Error>& failure,
              std::chrono::nanoseconds duration);
  // What a check or prune came to in one destination.
  void record_result(const std::string& destination,
                     Verdict verdict,
                     const Text& summary,
                     const std::optional<Error>& failure);
  // Notes of the report that were not recorded yet. Into the sink only: who gets the report shows
  // them, and a person should read each once.
  void record_notes(const RunReport& report);
  // The same, and all notes to the outer log: of a run that was stopped nobody gets the report.
  void say_notes(const RunReport& report);
  // Somebody asked it to stop.
  void stop();

  void write(LogLevel level, const Text& message) override;
  // A fact; time, run, slot and policy are filled in.
  void record(logs::Line line);
  // A fact that is a failure when there is one: severity, class, message and hint are filled in.
  void record(logs::Line line, const std::optional<Error>& failure);

 private:
  const Environment& outer_;
  const policy::Policy& policy_;
  std::string run_;
  SlotId slot_;
  std::size_t notes_recorded_ = 0;
  Environment logged_;
};

// A snapshot that was forgotten.
void log_removal(RunLog& log, const ForgottenSnapshot& gone);
// Sources, their unreadable items, generations in each destination and deletions of a run.
void log_outcomes(RunLog& log, const RunReport& report);

}  // namespace hikae
