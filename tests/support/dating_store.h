// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "concurrency/guarded.h"
#include "storage/forward.h"

namespace hikae::testing {

// Dates what it gets by a clock of its own, which outlives it, and lists it late when told to.
class DatingStore final : public ForwardingBackend {
 public:
  DatingStore(std::unique_ptr<Backend> inner, const Clock& clock)
      : ForwardingBackend(std::move(inner)), clock_(clock) {}

  using Backend::save;
  void save(const FileHandle& file,
            const std::vector<ByteView>& pieces,
            const StopToken& stop) override {
    inner().save(file, pieces, stop);
    (*dates_.lock())[file.name] = clock_.now();
  }
  void list(FileType type,
            const std::function<void(const FileInfo&)>& visit,
            const StopToken& stop) override {
    const auto dates = *dates_.lock();
    const Instant newest = clock_.now() - lateness_.load();
    inner().list(
        type,
        [&](const FileInfo& info) {
          const Instant stored = dates.at(info.name);
          if (stored <= newest) visit({info.name, info.size, stored});
        },
        stop);
  }
  // What is stored is listed only so long afterwards.
  void list_late_by(std::chrono::seconds lateness) { lateness_ = lateness; }
  std::chrono::seconds listing_lag() const override { return std::chrono::minutes(30); }

 private:
  const Clock& clock_;
  std::atomic<std::chrono::seconds> lateness_{std::chrono::seconds(0)};
  Guarded<std::map<std::string, Instant>> dates_;
};

}  // namespace hikae::testing
