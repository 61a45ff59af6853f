// SPDX-License-Identifier: Apache-2.0
// What a check leaves in the repository that it looked at, so that any host with the password can
// see that it took place, also when the host that does the checks is gone. A file of
// hikae/evidence/, sealed as a snapshot file is; stock restic ignores it (docs/format.md).
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "base/verdict.h"
#include "journal/slots.h"
#include "policy/policy.h"
#include "repository/repository.h"
#include "service/environment.h"

namespace hikae {

struct Evidence {
  std::string policy;
  std::string host;  // that did it
  std::string run;   // in that host's journal
  SlotId slot;       // its job says of what this is evidence
  Instant finished;
  Verdict verdict = Verdict::failed;
  std::string summary;  // one sentence, in English
};

// Its file.
struct StoredEvidence {
  std::string name;
  Evidence evidence;
};

// Those that need not stay: older than `keep`, and not among the newest twenty of their policy,
// host and job. Oldest first. Pure.
std::vector<StoredEvidence> plan_evidence_removal(std::vector<StoredEvidence> stored,
                                                  std::chrono::seconds keep,
                                                  Instant now);

// Leaves the evidence of a check in a destination of the policy, and removes what need not stay of
// this policy and host where the policy lets this host delete. A failure is said to the
// environment's log alone: the check stands without it, and who watches from elsewhere will say
// that none is there. Silent where the store has no place for it, or refuses to delete.
void leave_evidence(Repository& repository,
                    const policy::Policy& policy,
                    const policy::Destination& destination,
                    const Evidence& evidence,
                    const Environment& environment,
                    const StopToken& stop);

// Throws what save_unpacked() throws; Error{unsupported} by a REST server that has no such folder.
void save_evidence(Repository& repository, const Evidence& evidence, const StopToken& stop);

// The newest evidence that this job of the policy went well (ok or warning) here. Reads files from
// the newest on, until it is found; damaged ones are passed over.
std::optional<Evidence> find_good_evidence(Repository& repository,
                                           const std::string& policy,
                                           const std::string& job,
                                           const StopToken& stop);

}  // namespace hikae
