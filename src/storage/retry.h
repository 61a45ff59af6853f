// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>

#include "base/clock.h"
#include "concurrency/wait.h"
#include "storage/backend.h"

namespace hikae {

// From 0 to 1, by chance. Thread-safe.
double random_share();

struct RetryOptions {
  int attempts = 4;  // in all, the first included
  std::chrono::milliseconds first_wait{250};
  std::chrono::milliseconds longest_wait{5000};  // the wait doubles up to this
  // So much of each wait is left out by chance, at most; 0: none.
  double jitter = 0;
  // No attempt begins later than this after the first one.
  std::chrono::milliseconds deadline{30000};
  // Instead of `deadline` until a call has succeeded: a store that has never answered is rather
  // named wrong than away, and a person may be waiting. The same again once a call has waited in
  // vain to the end.
  std::optional<std::chrono::milliseconds> first_deadline;
  std::function<void(std::chrono::milliseconds, const StopToken&)> wait = wait_unless_stopped;
  std::function<double()> chance = random_share;
  std::shared_ptr<const Clock> clock = std::make_shared<SystemClock>();
};

// For stores behind a network: a router or NAS that restarts is away for minutes.
RetryOptions network_retries();

// Repeats calls that fail with Retry::after_backoff. The error of the last attempt is passed on. A
// repeated save() that finds exactly its own content stored counts as done; a repeated list()
// visits no file twice; an error of the visitor is never repeated.
std::unique_ptr<Backend> with_retry(std::unique_ptr<Backend> inner, RetryOptions options = {});

}  // namespace hikae
