// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "repository/repository.h"
#include "storage/fault.h"
#include "storage/memory.h"
#include "support/fake_clock.h"
#include "support/test_password.h"

namespace hikae::testing {

// A repository in memory that can be opened again and again, with faults put in between. Made
// without key derivation costing more than once per test: scrypt takes about half a second.
class MemoryRepository {
 public:
  // `wrap` puts a decorator around the store.
  explicit MemoryRepository(
      const std::optional<Repository::Shared>& shared = std::nullopt,
      const std::function<std::unique_ptr<Backend>(std::unique_ptr<Backend>)>& wrap = {})
      : clock_(Instant(std::chrono::seconds(1'700'000'000))) {
    Identity identity;
    identity.hostname = "host";
    identity.username = "user";
    auto fault = std::make_unique<FaultBackend>(store_.reopen(AccessMode::read_write));
    fault_ = fault.get();
    std::unique_ptr<Backend> outer = std::move(fault);
    if (wrap) outer = wrap(std::move(outer));
    repository_ = Repository::create(
        std::move(outer), test_password(), identity, shared, clock_, StopToken());
  }

  Repository& operator*() { return *repository_; }
  Repository* operator->() { return repository_.get(); }
  Repository* get() { return repository_.get(); }
  FaultBackend& faults() { return *fault_; }
  MemoryBackend& store() { return store_; }
  FakeClock& clock() { return clock_; }
  // What another process would open.
  std::unique_ptr<Backend> backend() { return store_.reopen(AccessMode::read_write); }

  Repository::Shared shared() const {
    return {repository_->cipher().key(), repository_->config().chunker_polynomial};
  }

  std::size_t count(FileType type) {
    std::size_t files = 0;
    store_.list(
        type, [&](const FileInfo&) { ++files; }, StopToken());
    return files;
  }

 private:
  MemoryBackend store_;
  FakeClock clock_;
  FaultBackend* fault_ = nullptr;
  std::unique_ptr<Repository> repository_;
};

}  // namespace hikae::testing
