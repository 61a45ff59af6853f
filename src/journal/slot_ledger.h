// SPDX-License-Identifier: Apache-2.0
// Inside of this module only.
#pragma once

#include <memory>

#include "journal/slots.h"

namespace hikae::journal {

class Store;

// `store` outlives it.
std::unique_ptr<SlotLedger> make_slot_ledger(Store& store);

}  // namespace hikae::journal
