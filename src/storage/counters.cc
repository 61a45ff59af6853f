// SPDX-License-Identifier: Apache-2.0
#include "storage/counters.h"

#include "concurrency/guarded.h"
#include "storage/forward.h"

namespace hikae {
namespace {

class CountingBackend final : public ForwardingBackend {
 public:
  using ForwardingBackend::ForwardingBackend;

  using Backend::save;
  void save(const FileHandle& file,
            const std::vector<ByteView>& pieces,
            const StopToken& stop) override {
    count("save");
    inner().save(file, pieces, stop);
    std::uint64_t bytes = 0;
    for (const ByteView piece : pieces) bytes += piece.size();
    (*counts_.lock())["save"].bytes_sent += bytes;
  }
  Bytes load(const FileHandle& file, const StopToken& stop) override {
    count("load");
    Bytes content = inner().load(file, stop);
    (*counts_.lock())["load"].bytes_received += content.size();
    return content;
  }
  void load_range(const FileHandle& file,
                  std::uint64_t offset,
                  MutableByteView out,
                  const StopToken& stop) override {
    count("load");
    inner().load_range(file, offset, out, stop);
    (*counts_.lock())["load"].bytes_received += out.size();
  }
  std::optional<std::uint64_t> size(const FileHandle& file, const StopToken& stop) override {
    count("stat");
    return inner().size(file, stop);
  }
  void list(FileType type,
            const std::function<void(const FileInfo&)>& visit,
            const StopToken& stop) override {
    count("list");
    inner().list(type, visit, stop);
  }
  void remove(const FileHandle& file, const StopToken& stop) override {
    count("remove");
    inner().remove(file, stop);
  }

  RequestCounts requests() override {
    RequestCounts own = inner().requests();
    return own.empty() ? *counts_.lock() : own;
  }

 private:
  void count(const char* kind) { ++(*counts_.lock())[kind].requests; }

  Guarded<RequestCounts> counts_;
};

}  // namespace

std::unique_ptr<Backend> with_counters(std::unique_ptr<Backend> inner) {
  return std::make_unique<CountingBackend>(std::move(inner));
}

}  // namespace hikae
