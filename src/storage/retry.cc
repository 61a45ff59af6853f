// SPDX-License-Identifier: Apache-2.0
#include "storage/retry.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <exception>
#include <string>
#include <type_traits>
#include <utility>

#include "base/error.h"
#include "base/id.h"
#include "crypto/random.h"
#include "storage/forward.h"
#include "storage/pieces.h"

namespace hikae {
namespace {

class RetryingBackend final : public ForwardingBackend {
 public:
  RetryingBackend(std::unique_ptr<Backend> inner, RetryOptions options)
      : ForwardingBackend(std::move(inner)), options_(std::move(options)) {}

  void create_layout(const StopToken& stop) override {
    repeat(stop, [&](int) { inner().create_layout(stop); });
  }
  bool is_empty(const StopToken& stop) override {
    return repeat(stop, [&](int) { return inner().is_empty(stop); });
  }
  Bytes load(const FileHandle& file, const StopToken& stop) override {
    return repeat(stop, [&](int) { return inner().load(file, stop); });
  }
  void load_range(const FileHandle& file,
                  std::uint64_t offset,
                  MutableByteView out,
                  const StopToken& stop) override {
    repeat(stop, [&](int) { inner().load_range(file, offset, out, stop); });
  }
  std::optional<std::uint64_t> size(const FileHandle& file, const StopToken& stop) override {
    return repeat(stop, [&](int) { return inner().size(file, stop); });
  }
  void remove(const FileHandle& file, const StopToken& stop) override {
    repeat(stop, [&](int) { inner().remove(file, stop); });
  }
  void extend_lock(const FileHandle& file, Instant until, const StopToken& stop) override {
    repeat(stop, [&](int) { inner().extend_lock(file, until, stop); });
  }
  std::size_t remove_leftovers(std::chrono::seconds age, const StopToken& stop) override {
    return repeat(stop, [&](int) { return inner().remove_leftovers(age, stop); });
  }

  void save(const FileHandle& file,
            const std::vector<ByteView>& pieces,
            const StopToken& stop) override {
    repeat(stop, [&](int attempt) {
      try {
        inner().save(file, pieces, stop);
      } catch (const Error& error) {
        // An earlier attempt may have been carried out although it was reported as failed.
        const bool maybe_ours = attempt > 1 && error.code() == ErrorCode::already_exists;
        if (!maybe_ours || !is_stored(file, pieces, stop)) throw;
      }
    });
  }

  void list(FileType type,
            const std::function<void(const FileInfo&)>& visit,
            const StopToken& stop) override {
    // Ids only, and searched only when a listing is repeated: there may be millions.
    std::vector<Digest> visited;
    std::size_t of_earlier_attempts = 0;
    std::exception_ptr failed_visit;
    const auto visit_once = [&](const FileInfo& info) {
      const Digest id = Digest::parse(info.name).value_or(Digest{});
      const auto earlier = visited.begin() + static_cast<std::ptrdiff_t>(of_earlier_attempts);
      if (std::binary_search(visited.begin(), earlier, id)) return;
      visited.push_back(id);
      try {
        visit(info);
      } catch (const Error&) {
        failed_visit = std::current_exception();
        throw;
      }
    };
    repeat(stop, [&](int) {
      std::sort(visited.begin(), visited.end());
      of_earlier_attempts = visited.size();
      try {
        inner().list(type, visit_once, stop);
      } catch (const Error&) {
        if (!failed_visit) throw;
      }
    });
    if (failed_visit) std::rethrow_exception(failed_visit);
  }

 private:
  template <typename Call>
  auto repeat(const StopToken& stop, Call call) -> decltype(call(1)) {
    const auto start = options_.clock->steady_now();
    std::chrono::milliseconds wait = options_.first_wait;
    for (int attempt = 1;; ++attempt) {
      try {
        return succeeded(call, attempt);
      } catch (Error& error) {
        const auto deadline =
            has_answered_ ? options_.deadline : options_.first_deadline.value_or(options_.deadline);
        const bool too_late = options_.clock->steady_now() + wait - start > deadline;
        const bool may_pass = error.retry() != Retry::no;
        if (!may_pass || attempt >= options_.attempts || too_late) {
          // Silent for all that time: the calls that follow, of a run that is ending, need not wait
          // as long once more.
          if (may_pass) has_answered_ = false;
          if (attempt > 1)
            error.add_context(text("storage.gave_up", {{"attempts", std::to_string(attempt)}}));
          throw;
        }
      }
      options_.wait(jittered(wait), stop);
      wait = std::min(wait * 2, options_.longest_wait);
    }
  }

  // So that those whom one failure hit do not all come back at one moment.
  std::chrono::milliseconds jittered(std::chrono::milliseconds wait) const {
    const double factor = 1 - options_.jitter * options_.chance();
    return std::chrono::milliseconds(
        static_cast<std::int64_t>(static_cast<double>(wait.count()) * factor));
  }

  template <typename Call>
  auto succeeded(Call& call, int attempt) -> decltype(call(1)) {
    if constexpr (std::is_void_v<decltype(call(1))>) {
      call(attempt);
      has_answered_ = true;
    } else {
      auto result = call(attempt);
      has_answered_ = true;
      return result;
    }
  }

  bool is_stored(const FileHandle& file,
                 const std::vector<ByteView>& pieces,
                 const StopToken& stop) {
    return are_all_of(pieces, inner().load(file, stop));
  }

  const RetryOptions options_;
  std::atomic<bool> has_answered_{false};
};

}  // namespace

double random_share() {
  std::array<std::uint8_t, 2> bytes{};
  fill_random(bytes);
  return static_cast<double>(bytes[0] * 256 + bytes[1]) / 65535;
}

RetryOptions network_retries() {
  RetryOptions options;
  options.jitter = 0.5;
  options.attempts = 20;
  options.first_wait = std::chrono::milliseconds(500);
  options.longest_wait = std::chrono::seconds(20);
  options.deadline = std::chrono::minutes(5);
  options.first_deadline = std::chrono::seconds(30);
  return options;
}

std::unique_ptr<Backend> with_retry(std::unique_ptr<Backend> inner, RetryOptions options) {
  return std::make_unique<RetryingBackend>(std::move(inner), std::move(options));
}

}  // namespace hikae
