// SPDX-License-Identifier: Apache-2.0
#include "storage/limit_rate.h"

#include <algorithm>

#include "base/error.h"
#include "base/units.h"
#include "storage/forward.h"
#include "storage/pace.h"

namespace hikae {
namespace {

using std::chrono::milliseconds;

bool is_small(FileType type) {
  return type != FileType::pack && type != FileType::index;
}

// Rounded up to milliseconds by the caller's wait, so it is computed in nanoseconds; in floating
// point, since bytes times 10^9 does not fit for files beyond 18 GB.
std::chrono::nanoseconds time_for(double bytes, std::uint64_t bytes_per_second) {
  const double seconds = bytes / static_cast<double>(bytes_per_second);
  return std::chrono::nanoseconds(static_cast<std::int64_t>(seconds * 1e9));
}

// Minute by minute, since a file may begin at one rate and end at another.
std::chrono::nanoseconds time_for(std::uint64_t bytes, const Rate& rate, Instant begin) {
  auto left = static_cast<double>(bytes);
  if (rate.always()) return time_for(left, *rate.always());
  Instant now = begin;
  while (left > 0) {
    const auto here = rate.at(now);
    if (!here) break;
    const Instant next = std::chrono::floor<std::chrono::minutes>(now) + std::chrono::minutes(1);
    const double fits =
        std::chrono::duration<double>(next - now).count() * static_cast<double>(*here);
    if (fits >= left) return now - begin + time_for(left, *here);
    left -= fits;
    now = next;
  }
  return now - begin;
}

constexpr std::size_t kLargestPart = 64 * kKiB;
// A wait ends some milliseconds late. What that loses may be made up for, else a fast line would
// never reach its rate in small parts.
constexpr milliseconds kLate{20};
constexpr std::size_t kPartWithoutLimit = 512 * kKiB;

// The line to a backend that asks for each part.
class PacedLine final : public Pace {
 public:
  PacedLine(const Rate& rate, const RateLimitOptions& options)
      : line_(rate), wait_(options.wait), clock_(options.clock) {}

  std::size_t part() override { return line_.part(clock_->now()); }

  void pass(FileType type, std::size_t bytes, const StopToken& stop) override {
    const LineRate::Moment now = clock_->steady_now();
    const LineRate::Slot slot = line_.reserve(bytes, now - kLate, clock_->now());
    if (is_small(type)) return;
    const auto left = slot.end - now;
    if (left.count() > 0) wait_(std::chrono::ceil<milliseconds>(left), stop);
  }

 private:
  LineRate line_;
  const std::function<void(milliseconds, const StopToken&)> wait_;
  const std::shared_ptr<const Clock> clock_;
};

std::shared_ptr<Pace> paced_line(const Rate& rate, const RateLimitOptions& options) {
  return rate ? std::make_shared<PacedLine>(rate, options) : nullptr;
}

class RateLimitedBackend final : public ForwardingBackend {
 public:
  RateLimitedBackend(std::unique_ptr<Backend> inner, RateLimitOptions options)
      : ForwardingBackend(std::move(inner)), options_(std::move(options)) {
    if (options_.upload) upload_ = std::make_unique<LineRate>(options_.upload);
    if (options_.download) download_ = std::make_unique<LineRate>(options_.download);
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
      const LineRate::Slot slot = reserve(*download_, content.size());
      if (!is_small(file.type)) wait_until(slot.end, stop);
    }
    return content;
  }

 private:
  template <typename Transfer>
  void pass(
      LineRate* line, FileType type, std::uint64_t size, const StopToken& stop, Transfer transfer) {
    if (line == nullptr) return transfer();
    const LineRate::Slot slot = reserve(*line, size);
    if (is_small(type)) return transfer();
    wait_until(slot.begin, stop);
    transfer();
    wait_until(slot.end, stop);
  }

  LineRate::Slot reserve(LineRate& line, std::uint64_t size) const {
    return line.reserve(size, options_.clock->steady_now(), options_.clock->now());
  }

  void wait_until(LineRate::Moment moment, const StopToken& stop) {
    const auto left = moment - options_.clock->steady_now();
    if (left.count() > 0) options_.wait(std::chrono::ceil<milliseconds>(left), stop);
  }

  const RateLimitOptions options_;
  std::unique_ptr<LineRate> upload_;
  std::unique_ptr<LineRate> download_;
};

void require_positive(const Rate& rate) {
  if (rate.always() == std::uint64_t{0})
    throw Error(ErrorCode::invalid_argument, text("storage.rate_of_zero"))
        .with_hint(text("storage.rate_of_zero_hint"));
}

}  // namespace

LineRate::Slot LineRate::reserve(std::uint64_t bytes, Moment now, Instant wall) {
  auto free_at = free_at_.lock();
  const Moment begin = std::max(*free_at, now);
  *free_at = begin + time_for(bytes, rate_, wall + (begin - now));
  return {begin, *free_at};
}

std::size_t LineRate::part(Instant wall) const {
  const auto rate = rate_.at(wall);
  if (!rate) return kPartWithoutLimit;
  return std::clamp<std::size_t>(*rate / 8, 1, kLargestPart);
}

std::unique_ptr<Backend> with_rate_limit(std::unique_ptr<Backend> inner, RateLimitOptions options) {
  require_positive(options.upload);
  require_positive(options.download);
  if (!options.upload && !options.download) return inner;
  const Paces paces{paced_line(options.upload, options), paced_line(options.download, options)};
  if (inner->keep_pace(paces) == Backend::Pacing::kept) return inner;
  return std::make_unique<RateLimitedBackend>(std::move(inner), std::move(options));
}

}  // namespace hikae
