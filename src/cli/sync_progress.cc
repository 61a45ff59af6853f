// SPDX-License-Identifier: Apache-2.0
#include "cli/sync_progress.h"

#include "base/units.h"

namespace hikae::cli {

void SyncProgressLine::begin(const std::vector<std::string>& destinations, SyncProgress& progress) {
  const auto start = session_.environment.clock.steady_now();
  line_ = std::make_unique<ProgressLine>(session_, [this, destinations, start, &progress] {
    const auto elapsed = session_.environment.clock.steady_now() - start;
    std::string line;
    for (std::size_t i = 0; i < progress.lanes.size(); ++i) {
      const std::uint64_t total = progress.lanes[i].bytes_planned;
      const std::uint64_t done = progress.lanes[i].bytes_moved;
      if (total == 0) continue;
      const Pace now = pace(done, total, elapsed);
      line += (line.empty() ? "" : " | ") + render(text("cli_sync.progress",
                                                        {{"destination", destinations[i]},
                                                         {"percent", now.percent},
                                                         {"done", format_bytes(done)},
                                                         {"total", format_bytes(total)},
                                                         {"rate", now.rate},
                                                         {"left", now.left}}),
                                                   session_.console.language());
    }
    return line;
  });
}

void SyncProgressLine::observe(RunObserver& observer) {
  observer.catch_up_begins = [this](const std::vector<std::string>& destinations,
                                    SyncProgress& progress) { begin(destinations, progress); };
  observer.catch_up_ends = [this] { end(); };
}

}  // namespace hikae::cli
