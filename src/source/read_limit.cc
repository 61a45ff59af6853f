// SPDX-License-Identifier: Apache-2.0
#include "source/read_limit.h"

#include <algorithm>
#include <utility>

#include "base/error.h"
#include "concurrency/guarded.h"
#include "concurrency/wait.h"

namespace hikae {
namespace {

using std::chrono::milliseconds;
using SteadyTime = std::chrono::steady_clock::time_point;

// The one line that all readers share. Thread-safe.
class ReadLine {
 public:
  ReadLine(ReadLimitOptions options, StopToken stop)
      : options_(std::move(options)), stop_(std::move(stop)) {
    if (options_.rate == 0)
      throw Error(ErrorCode::invalid_argument, text("source.read_limit_zero"));
    if (!options_.wait) options_.wait = wait_unless_stopped;
  }

  // What one read takes at most: an eighth of a second's share, so that nobody waits for long.
  std::size_t part() const {
    constexpr std::uint64_t kLeast = 4096;
    return static_cast<std::size_t>(std::max(kLeast, options_.rate / 8));
  }
  // Waits until the line has passed what was read.
  void pass(std::size_t bytes) {
    using Exact = std::chrono::duration<double>;
    const auto needed = std::chrono::duration_cast<SteadyTime::duration>(
        Exact(static_cast<double>(bytes) / static_cast<double>(options_.rate)));
    const SteadyTime now = options_.clock->steady_now();
    SteadyTime until;
    {
      auto free_at = free_at_.lock();
      *free_at = std::max(*free_at, now) + needed;
      until = *free_at;
    }
    const auto wait = std::chrono::duration_cast<milliseconds>(until - now);
    if (wait.count() > 0) options_.wait(wait, stop_);
  }

 private:
  ReadLimitOptions options_;
  StopToken stop_;
  Guarded<SteadyTime> free_at_;  // what was taken so far has passed then
};

class LimitedFile final : public SourceFile {
 public:
  LimitedFile(std::unique_ptr<SourceFile> inner, ReadLine& line)
      : inner_(std::move(inner)), line_(line) {}
  std::size_t read(MutableByteView out) override {
    const std::size_t size = inner_->read(out.first(std::min(out.size(), line_.part())));
    line_.pass(size);
    return size;
  }
  format::Node stat() override { return inner_->stat(); }
  std::optional<std::size_t> piece_size() const override { return inner_->piece_size(); }

 private:
  std::unique_ptr<SourceFile> inner_;
  ReadLine& line_;
};

class LimitedStream final : public SourceStream {
 public:
  LimitedStream(std::unique_ptr<SourceStream> inner, ReadLine& line)
      : inner_(std::move(inner)), line_(line) {}
  std::uint64_t expected_bytes() const override { return inner_->expected_bytes(); }
  std::optional<StreamedItem> next() override {
    std::optional<StreamedItem> item = inner_->next();
    if (item && item->content)
      item->content = std::make_unique<LimitedFile>(std::move(item->content), line_);
    return item;
  }

 private:
  std::unique_ptr<SourceStream> inner_;
  ReadLine& line_;
};

class LimitedDirectory final : public SourceDirectory {
 public:
  LimitedDirectory(std::unique_ptr<SourceDirectory> inner, ReadLine& line)
      : inner_(std::move(inner)), line_(line) {}
  std::unique_ptr<SourceStream> open_stream(ItemErrorSink& errors) override {
    auto stream = inner_->open_stream(errors);
    if (!stream) return nullptr;
    return std::make_unique<LimitedStream>(std::move(stream), line_);
  }
  std::vector<SourceEntry> read(ItemErrorSink& errors) override { return inner_->read(errors); }
  std::unique_ptr<SourceDirectory> open_directory(const SourceEntry& entry) override {
    return std::make_unique<LimitedDirectory>(inner_->open_directory(entry), line_);
  }
  std::unique_ptr<SourceFile> open_file(const SourceEntry& entry) override {
    return std::make_unique<LimitedFile>(inner_->open_file(entry), line_);
  }

 private:
  std::unique_ptr<SourceDirectory> inner_;
  ReadLine& line_;
};

class LimitedSource final : public Source {
 public:
  LimitedSource(std::unique_ptr<Source> inner, ReadLimitOptions options, const StopToken& stop)
      : inner_(std::move(inner)), line_(std::move(options), stop) {}
  std::unique_ptr<SourceDirectory> open_root() override {
    return std::make_unique<LimitedDirectory>(inner_->open_root(), line_);
  }
  void finish() override { inner_->finish(); }
  std::vector<Text> summary() override { return inner_->summary(); }
  std::string facts() override { return inner_->facts(); }
  std::vector<std::string> paths() const override { return inner_->paths(); }
  std::vector<std::string> excludes() const override { return inner_->excludes(); }

 private:
  std::unique_ptr<Source> inner_;
  ReadLine line_;
};

}  // namespace

std::unique_ptr<Source> with_read_limit(std::unique_ptr<Source> inner,
                                        ReadLimitOptions options,
                                        const StopToken& stop) {
  return std::make_unique<LimitedSource>(std::move(inner), std::move(options), stop);
}

}  // namespace hikae
