// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <mutex>
#include <string>
#include <vector>

#include "base/log.h"
#include "journal/journal.h"

namespace hikae::testing {

inline Instant at(std::int64_t seconds) {
  return Instant(std::chrono::seconds(seconds));
}

class CollectingLog final : public Log {
 public:
  void write(LogLevel, const Text& message) override {
    const std::lock_guard lock(mutex_);
    messages_.push_back(message);
  }
  std::vector<Text> messages() const {
    const std::lock_guard lock(mutex_);
    return messages_;
  }

 private:
  mutable std::mutex mutex_;
  std::vector<Text> messages_;
};

inline RunItem item_of(const std::string& source, const std::string& destination, Verdict verdict) {
  RunItem item;
  item.source = source;
  item.destination = destination;
  item.verdict = verdict;
  return item;
}

}  // namespace hikae::testing
