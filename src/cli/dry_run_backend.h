// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "storage/forward.h"

namespace hikae::cli {

// A place that says yes to every write and does none, for --dry-run.
class DryRunBackend final : public ForwardingBackend {
 public:
  using ForwardingBackend::ForwardingBackend;
  using ForwardingBackend::save;
  void save(const FileHandle&, const std::vector<ByteView>&, const StopToken&) override {}
  void remove(const FileHandle&, const StopToken&) override {}
  void create_layout(const StopToken&) override {}
  void extend_lock(const FileHandle&, Instant, const StopToken&) override {}
  std::size_t remove_leftovers(std::chrono::seconds, const StopToken&) override { return 0; }
};

}  // namespace hikae::cli
