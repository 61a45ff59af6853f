// SPDX-License-Identifier: Apache-2.0
// Inside of this module only: opening the journal's file, its tables, and SQLite's errors as Error.
#pragma once

#include <memory>
#include <string>

#include <SQLiteCpp/SQLiteCpp.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/log.h"

namespace hikae::journal {

// Opens or makes the file (0600) with its tables. A damaged one is put aside and said to `log`.
// Throws Error: what the system reports, or unsupported for the file of a newer program.
std::unique_ptr<SQLite::Database> open_database(const std::string& state_directory,
                                                const Clock& clock,
                                                Log& log);

// The same tables, in memory alone.
std::unique_ptr<SQLite::Database> open_memory_database();

// no_space, read_only, locked, corrupt or io, with SQLite's reason.
Error to_error(const SQLite::Exception& exception);

}  // namespace hikae::journal
