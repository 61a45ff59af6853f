// SPDX-License-Identifier: Apache-2.0
// What a check leaves in the repository that it looked at, so that any host with the password can
// see that it took place, also when the host that does the checks is gone. A file of
// hikae/evidence/, sealed as a snapshot file is; stock restic ignores it (docs/format.md).
#pragma once

#include <optional>
#include <string>

#include "base/verdict.h"
#include "journal/slots.h"
#include "repository/repository.h"

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

// Throws what save_unpacked() throws; Error{unsupported} by a REST server that has no such folder.
void save_evidence(Repository& repository, const Evidence& evidence, const StopToken& stop);

// The newest evidence that this job of the policy went well (ok or warning) here. Reads files from
// the newest on, until it is found; damaged ones are passed over.
std::optional<Evidence> find_good_evidence(Repository& repository,
                                           const std::string& policy,
                                           const std::string& job,
                                           const StopToken& stop);

}  // namespace hikae
