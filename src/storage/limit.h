// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "storage/backend.h"

namespace hikae {

// At most `connections` calls (at least one) reach `inner` at once; the others wait. list() and
// remove_leftovers() are not counted: a visitor of list() may call the backend again.
std::unique_ptr<Backend> with_connection_limit(std::unique_ptr<Backend> inner,
                                               std::size_t connections);

}  // namespace hikae
