// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/text.h"

namespace hikae {

enum class LogLevel { debug, info, warning, error };

// Where a module says what a person should know although nothing failed. Implementations are
// thread-safe.
class Log {
 public:
  virtual ~Log() = default;
  virtual void write(LogLevel level, const Text& message) = 0;

  void info(const Text& message) { write(LogLevel::info, message); }
  void warning(const Text& message) { write(LogLevel::warning, message); }
};

// Says nothing; for tests and for callers that report by other means.
class NullLog final : public Log {
 public:
  void write(LogLevel, const Text&) override {}
};

}  // namespace hikae
