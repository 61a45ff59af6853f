// SPDX-License-Identifier: Apache-2.0
#include "cli/progress.h"

#include <poll.h>
#include <unistd.h>

#include <algorithm>

#include <fmt/format.h>

#include "base/units.h"
#include "os/terminal.h"
#include "os/wake.h"

namespace hikae::cli {
namespace {

constexpr int kMillisecondsBetweenLines = 200;

}  // namespace

ProgressLine::ProgressLine(const Session& session, std::function<std::string()> line)
    : console_(session.console), ticker_(session.stop) {
  if (session.options.json || session.options.quiet || !os::is_terminal(STDERR_FILENO)) return;
  ticker_.spawn("progress", [this, line = std::move(line)](const StopToken& stop) {
    const os::StopFd stopped(stop);
    pollfd wait{stopped.get(), POLLIN, 0};
    while (poll(&wait, 1, kMillisecondsBetweenLines) == 0) console_.progress(line());
  });
}

ProgressLine::~ProgressLine() {
  ticker_.request_stop();
  try {
    ticker_.join();
  } catch (const std::exception&) {  // stopped, or a line that could not be shown: harms nobody
  }
  console_.clear_progress();
}

Pace pace(std::uint64_t done, std::uint64_t total, std::chrono::steady_clock::duration elapsed) {
  const double seconds = std::chrono::duration<double>(elapsed).count();
  Pace result{"…", "…", "…"};
  if (seconds < 0.5) return result;
  const double rate = static_cast<double>(done) / seconds;
  result.rate = format_bytes(static_cast<std::uint64_t>(rate));
  if (total == 0) return result;
  const double share = std::min(1.0, static_cast<double>(done) / static_cast<double>(total));
  result.percent = fmt::format("{:.1f} %", 100 * share);
  if (rate > 0) {
    const double left = static_cast<double>(total - std::min(done, total)) / rate;
    result.left = format_duration(std::chrono::seconds(static_cast<std::int64_t>(left)));
  }
  return result;
}

}  // namespace hikae::cli
