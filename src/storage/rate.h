// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <utility>

#include "base/clock.h"

namespace hikae {

// Bytes per second on a line: none (no limit), always the same, or by the time. Within a minute of
// UTC it does not change. A small value.
class Rate {
 public:
  using At = std::function<std::optional<std::uint64_t>(Instant)>;

  Rate() = default;
  Rate(std::optional<std::uint64_t> always) : always_(always) {}  // NOLINT: a number is a rate
  Rate(std::uint64_t always) : always_(always) {}                 // NOLINT: the same
  // Called from any thread.
  explicit Rate(At at) : at_(std::move(at)) {}

  // Whether there is any limit, now or later.
  explicit operator bool() const { return always_ || at_; }
  // Nothing: no limit then.
  std::optional<std::uint64_t> at(Instant when) const { return at_ ? at_(when) : always_; }
  // Nothing where it depends on the time.
  std::optional<std::uint64_t> always() const { return always_; }

 private:
  std::optional<std::uint64_t> always_;
  At at_;
};

}  // namespace hikae
