// SPDX-License-Identifier: Apache-2.0
// Inside of this module only: a journal whose failure fails nothing.
#pragma once

#include <functional>
#include <memory>

#include "base/error.h"
#include "base/log.h"
#include "journal/journal.h"

namespace hikae::journal {

// "Going on without a record", with the error as the reason.
void warn_unrecorded(Log& log, const Error& error);

// Hands everything to `file`. The first change that fails is said to `log`, and from then on
// changes are dropped; a run that begins after that gets its id from a journal that `in_memory`
// makes. Reads stay the file's, and throw. Thread-safe as the file is.
std::unique_ptr<Journal> make_lenient(std::unique_ptr<Journal> file,
                                      std::function<std::unique_ptr<Journal>()> in_memory,
                                      Log& log);

}  // namespace hikae::journal
