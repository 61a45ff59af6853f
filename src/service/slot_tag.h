// SPDX-License-Identifier: Apache-2.0
// How a snapshot tells for which slot it was made: "hikae:slot=2026-11-23T02:00:00Z".
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "format/files.h"

namespace hikae {

inline constexpr std::string_view kSlotTag = "hikae:slot=";

// How many messages its host could not deliver for hours as the generation was made.
inline constexpr std::string_view kUndeliveredTag = "hikae:undelivered=";

// The slot's scheduled instant, to the second.
std::string slot_tag(Instant scheduled);
// Nothing for a run by hand, and for what cannot be read.
std::optional<Instant> slot_of(const format::Snapshot& snapshot);

}  // namespace hikae
