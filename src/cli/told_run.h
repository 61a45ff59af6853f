// SPDX-License-Identifier: Apache-2.0
// A run by hand is told like one that was due: cron may be the hand.
#pragma once

#include <functional>
#include <memory>

#include "cli/session.h"
#include "service/announce.h"

namespace hikae::cli {

// The policy. When it cannot be read, that is told, by the channels of the one that was read last,
// before the error goes on.
LoadedPolicy load_policy_or_tell(const Session& session);

// Not thread-safe. The arguments outlive it.
class ToldRun {
 public:
  ToldRun(const Session& session, const policy::Policy& policy, Journal& journal);

  // Says that a run begins, and runs. When it cannot run at all, that is told before the error goes
  // on; a run that is under way already and a wrong argument concern only the person who typed.
  std::shared_ptr<const RunReport> run(const std::function<RunReport()>& work);
  // After the report was shown: people wait for that, not for a mail server.
  void tell(const std::shared_ptr<const RunReport>& report);

 private:
  void tell_failure(const Error& error);

  const Session& session_;
  SlotId slot_;
  Announcer announcer_;
};

}  // namespace hikae::cli
