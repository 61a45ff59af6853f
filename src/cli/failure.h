// SPDX-License-Identifier: Apache-2.0
// How a failure that ends the program is told.
#pragma once

#include <string>

#include "base/error.h"
#include "cli/console.h"

namespace hikae::cli {

enum class FailureForm {
  text,  // for people, in their language
  json,  // for programs: one object on a line of its own, in English
};

// restic's object (scripting chapter of its manual), and the hint as a field of ours:
// {"message_type":"exit_error","code":10,"message":"…","hint":"…"}, without a line break.
std::string exit_error_json(const Error& error, int code);

// To standard error. A policy's mistakes are all told. Returns `code`.
int report_failure(Console& console, FailureForm form, const Error& error, int code);
// The same for work that was asked to stop; returns 130.
int report_interruption(Console& console, FailureForm form);

}  // namespace hikae::cli
