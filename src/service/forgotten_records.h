// SPDX-License-Identifier: Apache-2.0
// The end of what hikae/forgotten/ notes. A record keeps a generation from coming back from another
// destination, so it matters as long as one may still hold it.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "policy/policy.h"
#include "repository/lock.h"
#include "service/environment.h"
#include "service/sync.h"

namespace hikae {

// For so long a record stays in any case: a destination that was taken out of the policy, and is
// put back with what it held, is met by it.
inline constexpr std::chrono::hours kForgottenKept{24 * 400};

struct ForgottenRecord {
  std::string file;  // its name in hikae/forgotten/
  std::string source;
  GenerationKey generation;
};

// Which of the records may go: those of generations older than kForgottenKept that nobody holds.
// Pure. REQUIRES: each file was stored before `now` - kForgottenKept; `held` is all that any
// destination of the policy holds. Oldest generation first.
std::vector<ForgottenRecord> plan_record_removal(std::vector<ForgottenRecord> records,
                                                 const std::set<GenerationKey>& held,
                                                 Instant now);

// The records of this policy and host in one of its destinations that may go. None where the store
// does not tell when they were stored, nor where some destination of the policy, or a snapshot in
// one, cannot be read, since then nobody knows what it holds. Costs one list until a record is that
// old. Throws Error for what concerns `repository` and the policy, and Cancelled.
std::vector<ForgottenRecord> find_needless_records(const policy::Policy& policy,
                                                   Repository& repository,
                                                   const Environment& environment,
                                                   const StopToken& stop);

// "Removes 3 records …", with the reason. REQUIRES: there is one.
Text describe_removal(const std::vector<ForgottenRecord>& records);

// REQUIRES: `lock` is held, shared or exclusive: whoever copies at this moment has read the records
// before, and brings at worst back what another destination got since. Throws Error.
void remove_records(Repository& repository,
                    RepositoryLock& lock,
                    const std::vector<ForgottenRecord>& records,
                    const StopToken& stop);

}  // namespace hikae
