// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "base/bytes.h"

namespace hikae {

// Overwrites memory in a way that the compiler does not remove.
void wipe(void* data, std::size_t size) noexcept;

// Text that must not be shown: a password or key material. Move-only, wiped when destroyed or
// replaced, without a stream operator or formatter; the one way to the bytes is reveal(), easy to
// find in a review.
class Secret {
 public:
  Secret() = default;
  explicit Secret(std::string value);
  Secret(Secret&& other) noexcept;
  Secret& operator=(Secret&& other) noexcept;
  Secret(const Secret&) = delete;
  Secret& operator=(const Secret&) = delete;
  ~Secret();

  // A second copy, for a second holder.
  Secret clone() const { return Secret(value_); }
  const std::string& reveal() const { return value_; }
  bool empty() const { return value_.empty(); }

 private:
  std::string value_;
};

}  // namespace hikae
