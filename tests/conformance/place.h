// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "storage/backend.h"
#include "storage/location.h"

namespace hikae {

using BackendPointer = std::unique_ptr<Backend>;

// One place for a repository, and ways to open it.
class Place {
 public:
  virtual ~Place() = default;
  virtual BackendPointer open(AccessMode mode) = 0;
};

}  // namespace hikae
