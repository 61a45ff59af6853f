// SPDX-License-Identifier: Apache-2.0
#include "maintenance/await_listing.h"

#include <algorithm>
#include <unordered_set>

#include "concurrency/wait.h"
#include "maintenance/rewrite_index.h"

namespace hikae {
namespace {

using std::chrono::milliseconds;

// Growing, so that a short lag costs little time and a long one few requests.
constexpr milliseconds kFirstPause{1};
constexpr milliseconds kLongestPause{30'000};

}  // namespace

void await_listing(Repository& repository,
                   const RepositoryLock& lock,
                   const Clock& clock,
                   Log& log,
                   const StopToken& stop) {
  const std::chrono::seconds lag = repository.backend().listing_lag();
  if (lag.count() == 0) return;
  const auto until = clock.steady_now() + lag;
  std::unordered_set<std::string> mine;
  for (auto pause = kFirstPause;; pause = std::min(pause * 2, kLongestPause)) {
    // It is renewed meanwhile, and the list may show one of its earlier files.
    mine.insert(lock.id().hex());
    bool is_listed = false;
    for (const std::string& name : list_names(repository, FileType::lock, stop))
      is_listed = is_listed || mine.contains(name);
    if (is_listed || clock.steady_now() >= until) return;
    if (pause == kFirstPause) {
      const auto minutes = std::chrono::duration_cast<std::chrono::minutes>(lag).count();
      log.info(
          text("maintenance.prune_awaits_listing",
               {{"place", repository.backend().location()}, {"minutes", std::to_string(minutes)}}));
    }
    wait_unless_stopped(pause, stop);
  }
}

}  // namespace hikae
