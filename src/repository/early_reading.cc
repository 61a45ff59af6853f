// SPDX-License-Identifier: Apache-2.0
#include "repository/early_reading.h"

namespace hikae {

LockOptions EarlyReading::attach(LockOptions options) {
  if (!read_) return options;
  options.may_read = [this] { begin(); };
  // Stops it and waits for its end.
  options.taken_back = [this] { reading_.reset(); };
  return options;
}

void EarlyReading::begin() {
  reading_.emplace(stop_);
  reading_->spawn("read-early", read_);
}

void EarlyReading::finish() {
  if (!read_) return;
  if (!reading_) begin();
  reading_->join();
}

}  // namespace hikae
