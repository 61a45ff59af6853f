// SPDX-License-Identifier: Apache-2.0
#pragma once

// How a restore marks a database, for restore_apply.cc and restore_look.cc only.
namespace hikae::postgres {

// The comment of a database that is being filled. Whoever lists databases sees it, and a later
// restore knows by it what it may drop.
constexpr const char* kUnfinished = "hikae: this restore has not come to its end";
// And of one that was there, empty: it is not dropped, and must not pass for restored either.
constexpr const char* kHalfFilled = "hikae: a restore into this database has not come to its end";
// Of the database $1.
constexpr const char* kComment =
    "SELECT pg_catalog.shobj_description(oid, 'pg_database') FROM pg_catalog.pg_database "
    "WHERE datname = $1";

}  // namespace hikae::postgres
