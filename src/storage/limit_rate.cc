// SPDX-License-Identifier: Apache-2.0
#include "storage/limit_rate.h"

#include <algorithm>

#include "base/error.h"
#include "storage/forward.h"

namespace hikae {
namespace {

using std::chrono::milliseconds;

bool is_small(FileType type) {
  return type != FileType::pack && type != FileType::index;
}

// Rounded up to milliseconds by the caller's wait, so it is computed in nanoseconds; in floating
// point, since bytes times 10^9 does not fit for files beyond 18 GB.
std::chrono::nanoseconds time_for(std::uint64_t bytes, std::uint64_t bytes_per_second) {
  const double seconds = static_cast<double>(bytes) / static_cast<double>(bytes_per_second);
  return std::chrono::nanoseconds(static_cast<std::int64_t>(seconds * 1e9));
}

class RateLimitedBackend final : public ForwardingBackend {
 public:
  RateLimitedBackend(std::unique_ptr<Backend> inner, RateLimitOptions options)
      : ForwardingBackend(std::move(inner)), options_(std::move(options)) {
    if (options_.upload) upload_ = std::make_unique<LineRate>(*options_.upload);
    if (options_.download) download_ = std::make_unique<LineRate>(*options_.download);
  }

  void save(const FileHandle& file,
            const std::vector<ByteView>& pieces,
            const StopToken& stop) override {
    std::uint64_t size = 0;
    for (const ByteView piece : pieces) size += piece.size();
    pass(upload_.get(), file.type, size, stop, [&] { inner().save(file, pieces, stop); });
  }

  void load_range(const FileHandle& file,
                  std::uint64_t offset,
                  MutableByteView out,
                  const StopToken& stop) override {
    pass(download_.get(), file.type, out.size(), stop, [&] {
      inner().load_range(file, offset, out, stop);
    });
  }

  // Its size is known only afterwards: it waits at its end, for itself and for those before it.
  Bytes load(const FileHandle& file, const StopToken& stop) override {
    Bytes content = inner().load(file, stop);
    if (download_ != nullptr) {
      const LineRate::Slot slot = download_->reserve(content.size(), options_.clock->steady_now());
      if (!is_small(file.type)) wait_until(slot.end, stop);
    }
    return content;
  }

 private:
  template <typename Transfer>
  void pass(
      LineRate* line, FileType type, std::uint64_t size, const StopToken& stop, Transfer transfer) {
    if (line == nullptr) return transfer();
    const LineRate::Slot slot = line->reserve(size, options_.clock->steady_now());
    if (is_small(type)) return transfer();
    wait_until(slot.begin, stop);
    transfer();
    wait_until(slot.end, stop);
  }

  void wait_until(LineRate::Moment moment, const StopToken& stop) {
    const auto left = moment - options_.clock->steady_now();
    if (left.count() > 0) options_.wait(std::chrono::ceil<milliseconds>(left), stop);
  }

  const RateLimitOptions options_;
  std::unique_ptr<LineRate> upload_;
  std::unique_ptr<LineRate> download_;
};

void require_positive(std::optional<std::uint64_t> rate) {
  if (rate && *rate == 0)
    throw Error(ErrorCode::invalid_argument, text("storage.rate_of_zero"))
        .with_hint(text("storage.rate_of_zero_hint"));
}

}  // namespace

LineRate::Slot LineRate::reserve(std::uint64_t bytes, Moment now) {
  auto free_at = free_at_.lock();
  const Moment begin = std::max(*free_at, now);
  *free_at = begin + time_for(bytes, bytes_per_second_);
  return {begin, *free_at};
}

std::unique_ptr<Backend> with_rate_limit(std::unique_ptr<Backend> inner, RateLimitOptions options) {
  require_positive(options.upload);
  require_positive(options.download);
  if (!options.upload && !options.download) return inner;
  return std::make_unique<RateLimitedBackend>(std::move(inner), std::move(options));
}

}  // namespace hikae
