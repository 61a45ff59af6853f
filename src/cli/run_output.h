// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "base/json.h"
#include "cli/session.h"
#include "service/run.h"

namespace hikae::cli {

// Tables, changes and problems of a run, and its verdict as the last line.
void print_run(const Session& session, const RunReport& report, const policy::Policy& policy);
// The member "filling" of an object that is open.
void write_filling(JsonWriter& json, const Filling& filling);
// One object, with a line end.
std::string run_to_json(const RunReport& report);

// `hikae run --due`: what is due by the ledger and nothing else. With Waiting::for_retries it stays
// until no try of a failed slot is left to wait for, for triggers that come once a day.
enum class Waiting { no, for_retries };
int run_due_slots(const Session& session, Waiting waiting);

}  // namespace hikae::cli
