// SPDX-License-Identifier: Apache-2.0
// Verbs that look at one repository, and at all destinations of the policy where none is named.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/json.h"
#include "cli/session.h"

namespace hikae::cli {

// The names of all destinations of the policy where the options leave the choice among several;
// empty where they name one place, or the policy has only one.
std::vector<std::string> destinations_to_visit(const Session& session);

// Calls `work` once, or for each destination to visit, with a session that names it. One that fails
// is told on standard error, and the others go on. Returns the exit code: 1 if `work` returned that
// anywhere, else 3 if a destination failed, or that of the first failure if all of them did.
int in_each_destination(const Session& session, const std::function<int(const Session&)>& work);

// Says whose results follow: a heading, or a member of the object that was begun. Nothing where the
// options name one place.
void say_destination(const Session& session);
void write_destination(const Session& session, JsonWriter& json);

}  // namespace hikae::cli
