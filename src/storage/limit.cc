// SPDX-License-Identifier: Apache-2.0
#include "storage/limit.h"

#include <algorithm>

#include "concurrency/semaphore.h"
#include "storage/forward.h"

namespace hikae {
namespace {

class LimitedBackend final : public ForwardingBackend {
 public:
  LimitedBackend(std::unique_ptr<Backend> inner, std::size_t connections)
      : ForwardingBackend(std::move(inner)), connections_(connections), free_(connections) {}

  std::size_t connections() const override { return connections_; }
  void create_layout(const StopToken& stop) override {
    const auto permit = free_.acquire(1, stop);
    inner().create_layout(stop);
  }
  bool is_empty(const StopToken& stop) override {
    const auto permit = free_.acquire(1, stop);
    return inner().is_empty(stop);
  }
  void save(const FileHandle& file,
            const std::vector<ByteView>& pieces,
            const StopToken& stop) override {
    const auto permit = free_.acquire(1, stop);
    inner().save(file, pieces, stop);
  }
  Bytes load(const FileHandle& file, const StopToken& stop) override {
    const auto permit = free_.acquire(1, stop);
    return inner().load(file, stop);
  }
  void load_range(const FileHandle& file,
                  std::uint64_t offset,
                  MutableByteView out,
                  const StopToken& stop) override {
    const auto permit = free_.acquire(1, stop);
    inner().load_range(file, offset, out, stop);
  }
  std::optional<std::uint64_t> size(const FileHandle& file, const StopToken& stop) override {
    const auto permit = free_.acquire(1, stop);
    return inner().size(file, stop);
  }
  void remove(const FileHandle& file, const StopToken& stop) override {
    const auto permit = free_.acquire(1, stop);
    inner().remove(file, stop);
  }

 private:
  const std::size_t connections_;
  Semaphore free_;
};

}  // namespace

std::unique_ptr<Backend> with_connection_limit(std::unique_ptr<Backend> inner,
                                               std::size_t connections) {
  return std::make_unique<LimitedBackend>(std::move(inner), std::max<std::size_t>(connections, 1));
}

}  // namespace hikae
