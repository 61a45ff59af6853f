// SPDX-License-Identifier: Apache-2.0
#include "cli/backup_progress.h"

#include "base/units.h"

namespace hikae::cli {

void BackupProgressLine::begin(const std::string& name, BackupProgress& progress) {
  const auto start = session_.environment.clock.steady_now();
  line_ = std::make_unique<ProgressLine>(session_, [this, name, start, &progress] {
    const std::uint64_t done = progress.bytes_done;
    const std::uint64_t total = std::max<std::uint64_t>(done, progress.bytes_found);
    const Pace now = pace(done, total, session_.environment.clock.steady_now() - start);
    return render(text("cli.progress",
                       {{"name", name},
                        {"percent", now.percent},
                        {"done", format_bytes(done)},
                        {"total", format_bytes(total)},
                        {"files", std::to_string(progress.files_done.load())},
                        {"files_total", std::to_string(progress.files_found.load())},
                        {"rate", now.rate},
                        {"left", now.left}}),
                  session_.console.language());
  });
}

}  // namespace hikae::cli
