// SPDX-License-Identifier: Apache-2.0
// The contract of storage/backend.h, checked against each backend and each stack of decorators. A
// new backend is one more line at the end.
#include "storage/backend.h"

#include <algorithm>
#include <functional>
#include <memory>
#include <ostream>
#include <set>

#include <gmock/gmock.h>

#include "base/error.h"
#include "concurrency/task_group.h"
#include "conformance/places.h"
#include "storage/counters.h"
#include "storage/fault.h"
#include "storage/layout.h"
#include "storage/limit.h"
#include "storage/limit_rate.h"
#include "storage/retry.h"

namespace hikae {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAreArray;

using Wrap = std::function<BackendPointer(BackendPointer)>;

template <typename Inner>
class WrappedPlace final : public Place {
 public:
  explicit WrappedPlace(Wrap wrap) : wrap_(std::move(wrap)) {}
  BackendPointer open(AccessMode mode) override { return wrap_(inner_.open(mode)); }

 private:
  Inner inner_;
  Wrap wrap_;
};

struct Stack {
  const char* name;
  std::function<std::unique_ptr<Place>()> make;
};

std::ostream& operator<<(std::ostream& out, const Stack& stack) {
  return out << stack.name;
}

template <typename Inner>
std::function<std::unique_ptr<Place>()> wrapped(Wrap wrap) {
  return [wrap] { return std::make_unique<WrappedPlace<Inner>>(wrap); };
}

RetryOptions without_waiting() {
  RetryOptions options;
  options.wait = [](std::chrono::milliseconds, const StopToken& stop) { throw_if_stopped(stop); };
  return options;
}

BackendPointer retrying(BackendPointer inner) {
  return with_retry(std::move(inner), without_waiting());
}
BackendPointer counting(BackendPointer inner) {
  return with_counters(std::move(inner));
}
BackendPointer limited(BackendPointer inner) {
  return with_connection_limit(std::move(inner), 2);
}
// Fast enough not to be felt.
BackendPointer rate_limited(BackendPointer inner) {
  RateLimitOptions options;
  options.upload = std::uint64_t{1} << 40;
  options.download = std::uint64_t{1} << 40;
  return with_rate_limit(std::move(inner), std::move(options));
}
BackendPointer faulty(BackendPointer inner) {
  return std::make_unique<FaultBackend>(std::move(inner));
}
// Each first save and load fails in a way that passes, after it has been carried out.
BackendPointer retrying_over_failures(BackendPointer inner) {
  auto faults = std::make_unique<FaultBackend>(std::move(inner));
  for (const Call call : {Call::save, Call::load, Call::load_range, Call::list, Call::remove}) {
    Fault fault;
    fault.call = call;
    fault.effect = Fault::Effect::fail_after;
    fault.retry = Retry::after_backoff;
    faults->add(fault);
  }
  return retrying(std::move(faults));
}

std::string name_of(unsigned number) {
  std::string digits = std::to_string(number);
  return std::string(64 - digits.size(), 'a') + digits;
}

// Begins with the two digits of the folder that a pack lies in.
FileHandle pack(unsigned folder, unsigned number) {
  const auto byte = static_cast<std::uint8_t>(folder);
  return {FileType::pack, to_hex({&byte, 1}) + name_of(number).substr(2)};
}

FileHandle some_file(FileType type) {
  return {type, type == FileType::config ? "" : name_of(1)};
}

class BackendTest : public ::testing::TestWithParam<Stack> {
 protected:
  BackendTest() : place_(GetParam().make()), backend_(place_->open(AccessMode::read_write)) {
    backend_->create_layout(none_);
  }

  void save(const FileHandle& file, std::string_view content) {
    backend_->save(file, as_bytes(content), none_);
  }
  std::string load(const FileHandle& file) {
    return std::string(as_text(backend_->load(file, none_)));
  }
  std::vector<std::string> names(FileType type) {
    std::vector<std::string> found;
    backend_->list(
        type, [&](const FileInfo& info) { found.push_back(info.name); }, none_);
    return found;
  }

  StopToken none_;
  std::unique_ptr<Place> place_;
  BackendPointer backend_;
};

template <typename Function>
ErrorCode code_of(Function call) {
  try {
    call();
  } catch (const Error& error) {
    return error.code();
  }
  ADD_FAILURE() << "no error";
  return ErrorCode::invalid_argument;
}

TEST_P(BackendTest, KeepsEachKindOfFile) {
  for (const FileType type : kAllFileTypes) {
    const FileHandle file = some_file(type);
    const std::string content = "content of " + path_of(file);
    save(file, content);
    EXPECT_EQ(load(file), content);
    EXPECT_EQ(backend_->size(file, none_), content.size());
    EXPECT_THAT(names(type), ElementsAre(file.name));
  }
}

TEST_P(BackendTest, JoinsPieces) {
  const FileHandle file = pack(0x3f, 1);
  backend_->save(file, {as_bytes("one "), ByteView(), as_bytes("two")}, none_);
  EXPECT_EQ(load(file), "one two");
}

TEST_P(BackendTest, KeepsEmptyAndLargeFiles) {
  save(pack(0, 1), "");
  EXPECT_EQ(load(pack(0, 1)), "");
  EXPECT_EQ(backend_->size(pack(0, 1), none_), 0U);
  std::string large(20 << 20, '\0');
  for (std::size_t i = 0; i < large.size(); i += 4096) large[i] = static_cast<char>(i >> 12U);
  save(pack(0xff, 2), large);
  EXPECT_TRUE(load(pack(0xff, 2)) == large);
}

TEST_P(BackendTest, IsSeenByASecondBackend) {
  save(pack(7, 1), "shared");
  const BackendPointer second = place_->open(AccessMode::read_only);
  EXPECT_EQ(as_text(second->load(pack(7, 1), none_)), "shared");
}

TEST_P(BackendTest, LoadsRanges) {
  save(pack(1, 1), "0123456789");
  const auto range = [&](std::uint64_t offset, std::size_t size) {
    Bytes out(size);
    backend_->load_range(pack(1, 1), offset, out, none_);
    return std::string(as_text(out));
  };
  EXPECT_EQ(range(0, 10), "0123456789");
  EXPECT_EQ(range(3, 4), "3456");
  EXPECT_EQ(range(9, 1), "9");
  EXPECT_EQ(range(10, 0), "");
  EXPECT_EQ(code_of([&] { range(9, 2); }), ErrorCode::corrupt);
  EXPECT_EQ(code_of([&] { range(~std::uint64_t{0} / 2, 1); }), ErrorCode::corrupt);
  EXPECT_EQ(range(0, 2), "01") << "good again after a failed read";
}

TEST_P(BackendTest, AbsentFilesAreNotFound) {
  for (const FileType type : kAllFileTypes) {
    const FileHandle file = some_file(type);
    Bytes out(1);
    EXPECT_EQ(code_of([&] { load(file); }), ErrorCode::not_found);
    EXPECT_EQ(code_of([&] { backend_->load_range(file, 0, out, none_); }), ErrorCode::not_found);
    EXPECT_EQ(backend_->size(file, none_), std::nullopt);
    EXPECT_THAT(names(type), IsEmpty());
  }
}

TEST_P(BackendTest, NeverReplacesAFile) {
  const FileHandle file = pack(2, 1);
  save(file, "first");
  save(pack(2, 2), "uses up the failure of the stack that has one");
  EXPECT_EQ(code_of([&] { save(file, "second"); }), ErrorCode::already_exists);
  EXPECT_EQ(code_of([&] { save(file, "first"); }), ErrorCode::already_exists);
  EXPECT_EQ(load(file), "first");
}

TEST_P(BackendTest, RemovesAndRemovesAgain) {
  const FileHandle file = pack(3, 1);
  Bytes out(1);
  save(file, "x");
  backend_->load_range(file, 0, out, none_);
  backend_->remove(file, none_);
  backend_->remove(file, none_);
  EXPECT_EQ(backend_->size(file, none_), std::nullopt);
  EXPECT_EQ(code_of([&] { load(file); }), ErrorCode::not_found);
  EXPECT_EQ(code_of([&] { backend_->load_range(file, 0, out, none_); }), ErrorCode::not_found);
  save(file, "y");
  EXPECT_EQ(load(file), "y") << "the name is free again";
}

TEST_P(BackendTest, ListsEachFileOnceWithItsSize) {
  std::vector<std::string> expected;
  for (unsigned i = 0; i < 40; ++i) {
    const FileHandle file = pack(i * 5, i);
    save(file, std::string(i, 'x'));
    expected.push_back(file.name);
  }
  save({FileType::key, name_of(1)}, "a key");
  EXPECT_THAT(names(FileType::pack), UnorderedElementsAreArray(expected));
  backend_->list(
      FileType::pack,
      [&](const FileInfo& info) {
        const auto at = std::find(expected.begin(), expected.end(), info.name);
        EXPECT_EQ(info.size, static_cast<std::uint64_t>(at - expected.begin()));
      },
      none_);
}

TEST_P(BackendTest, VisitorOfAListMayCallTheBackend) {
  for (unsigned i = 0; i < 5; ++i) save({FileType::snapshot, name_of(i)}, "x");
  backend_->list(
      FileType::snapshot,
      [&](const FileInfo& info) {
        EXPECT_EQ(load({FileType::snapshot, info.name}), "x");
        backend_->remove({FileType::snapshot, info.name}, none_);
      },
      none_);
  EXPECT_THAT(names(FileType::snapshot), IsEmpty());
}

TEST_P(BackendTest, VisitorsErrorEndsTheListUnchanged) {
  for (unsigned i = 0; i < 5; ++i) save({FileType::index, name_of(i)}, "x");
  names(FileType::index);
  int visits = 0;
  EXPECT_EQ(code_of([&] {
              backend_->list(
                  FileType::index,
                  [&](const FileInfo&) {
                    ++visits;
                    throw Error(ErrorCode::locked, text("storage.injected"), Retry::after_backoff);
                  },
                  none_);
            }),
            ErrorCode::locked);
  EXPECT_EQ(visits, 1);
}

TEST_P(BackendTest, RefusesNamesThatAreNoIds) {
  const std::string wrong[] = {"",
                               "abc",
                               "../../../../etc/passwd",
                               std::string(64, 'A'),
                               std::string(63, 'a') + "/",
                               name_of(1) + "a"};
  for (const std::string& name : wrong) {
    const FileHandle file{FileType::pack, name};
    EXPECT_EQ(code_of([&] { save(file, "x"); }), ErrorCode::invalid_argument) << name;
    EXPECT_EQ(code_of([&] { load(file); }), ErrorCode::invalid_argument) << name;
    EXPECT_EQ(code_of([&] { backend_->size(file, none_); }), ErrorCode::invalid_argument) << name;
    EXPECT_EQ(code_of([&] { backend_->remove(file, none_); }), ErrorCode::invalid_argument) << name;
  }
  EXPECT_EQ(code_of([&] {
              save({FileType::config, name_of(1)}, "x");
            }),
            ErrorCode::invalid_argument);
}

TEST_P(BackendTest, IsEmptyUntilSomethingIsStored) {
  EXPECT_TRUE(backend_->is_empty(none_));
  save(some_file(FileType::key), "x");
  EXPECT_FALSE(backend_->is_empty(none_));
}

TEST_P(BackendTest, LayoutIsMadeAgainWithoutHarm) {
  save(some_file(FileType::config), "x");
  save(pack(9, 1), "y");
  backend_->create_layout(none_);
  EXPECT_EQ(load(some_file(FileType::config)), "x");
  EXPECT_EQ(load(pack(9, 1)), "y");
}

TEST_P(BackendTest, ReadOnlyRefusesEachChange) {
  save(pack(1, 1), "x");
  const BackendPointer reader = place_->open(AccessMode::read_only);
  EXPECT_EQ(code_of([&] { reader->save(pack(1, 2), as_bytes("y"), none_); }), ErrorCode::read_only);
  EXPECT_EQ(code_of([&] { reader->remove(pack(1, 1), none_); }), ErrorCode::read_only);
  EXPECT_EQ(code_of([&] { reader->create_layout(none_); }), ErrorCode::read_only);
  EXPECT_EQ(code_of([&] { reader->remove_leftovers(std::chrono::hours(1), none_); }),
            ErrorCode::read_only);
  EXPECT_EQ(as_text(reader->load(pack(1, 1), none_)), "x");
  EXPECT_FALSE(reader->is_empty(none_));
}

TEST_P(BackendTest, EachCallEndsWithAStop) {
  save(pack(1, 1), "x");
  std::stop_source source;
  source.request_stop();
  const StopToken stopped = source.get_token();
  Bytes out(1);
  EXPECT_THROW(backend_->save(pack(1, 2), as_bytes("y"), stopped), Cancelled);
  EXPECT_THROW(backend_->load(pack(1, 1), stopped), Cancelled);
  EXPECT_THROW(backend_->load_range(pack(1, 1), 0, out, stopped), Cancelled);
  EXPECT_THROW(backend_->size(pack(1, 1), stopped), Cancelled);
  EXPECT_THROW(backend_->list(
                   FileType::pack, [](const FileInfo&) {}, stopped),
               Cancelled);
  EXPECT_THROW(backend_->remove(pack(1, 1), stopped), Cancelled);
  EXPECT_THROW(backend_->is_empty(stopped), Cancelled);
  EXPECT_THROW(backend_->create_layout(stopped), Cancelled);
  EXPECT_THROW(backend_->remove_leftovers(std::chrono::seconds(0), stopped), Cancelled);
  EXPECT_EQ(backend_->size(pack(1, 2), none_), std::nullopt);
  EXPECT_EQ(load(pack(1, 1)), "x");
}

TEST_P(BackendTest, StopWithinAListEndsIt) {
  for (unsigned i = 0; i < 5; ++i) save({FileType::key, name_of(i)}, "x");
  std::stop_source source;
  int visits = 0;
  EXPECT_THROW(backend_->list(
                   FileType::key,
                   [&](const FileInfo&) {
                     ++visits;
                     source.request_stop();
                   },
                   source.get_token()),
               Cancelled);
  EXPECT_EQ(visits, 1);
}

TEST_P(BackendTest, HasNoLeftoversOfGoodRuns) {
  save(pack(1, 1), "x");
  EXPECT_EQ(backend_->remove_leftovers(std::chrono::seconds(0), none_), 0U);
  EXPECT_EQ(load(pack(1, 1)), "x");
}

TEST_P(BackendTest, ServesManyThreads) {
  constexpr unsigned kThreads = 4;
  constexpr unsigned kFiles = 25;
  TaskGroup group{StopToken()};
  for (unsigned thread = 0; thread < kThreads; ++thread) {
    group.spawn("writer", [&, thread](const StopToken& stop) {
      for (unsigned i = 0; i < kFiles; ++i) {
        const FileHandle file = pack(i, thread * kFiles + i);
        const std::string content = path_of(file);
        backend_->save(file, as_bytes(content), stop);
        Bytes end(4);
        backend_->load_range(file, content.size() - 4, end, stop);
        if (as_text(end) != content.substr(content.size() - 4))
          throw Error(ErrorCode::corrupt, text("storage.injected"));
        if (i % 2 == 1) backend_->remove(file, stop);
      }
    });
  }
  group.spawn("lister", [&](const StopToken& stop) {
    for (int i = 0; i < 5; ++i)
      backend_->list(
          FileType::pack, [](const FileInfo&) {}, stop);
  });
  group.join();
  EXPECT_EQ(names(FileType::pack).size(), kThreads * (kFiles - kFiles / 2));
}

TEST_P(BackendTest, OneOfManyWritersOfANameWins) {
  constexpr int kThreads = 4;
  Guarded<int> winners(0);
  Guarded<std::set<std::string>> won;
  TaskGroup group{StopToken()};
  // Before the race, so that a stack with a failure has used it up.
  save(pack(5, 2), "other");
  for (int thread = 0; thread < kThreads; ++thread) {
    group.spawn("writer", [&, thread](const StopToken& stop) {
      const std::string content(100000, static_cast<char>('a' + thread));
      try {
        backend_->save(pack(5, 1), as_bytes(content), stop);
        ++*winners.lock();
        won.lock()->insert(content);
      } catch (const Error& error) {
        if (error.code() != ErrorCode::already_exists) throw;
      }
    });
  }
  group.join();
  EXPECT_EQ(*winners.lock(), 1);
  EXPECT_EQ(won.lock()->count(load(pack(5, 1))), 1U);
}

TEST_P(BackendTest, TellsWhereItIsAndHowManyCallsHelp) {
  EXPECT_FALSE(backend_->location().empty());
  EXPECT_GE(backend_->connections(), 1U);
}

// A folder's stack costs some disk writes for each test: each decorator stands over it once.
INSTANTIATE_TEST_SUITE_P(
    Stacks,
    BackendTest,
    ::testing::Values(Stack{"Local", [] { return std::make_unique<FolderPlace>(); }},
                      Stack{"Opened", [] { return std::make_unique<OpenedPlace>(); }},
                      Stack{"CountLocal", wrapped<FolderPlace>(counting)},
                      Stack{"LimitLocal", wrapped<FolderPlace>(limited)},
                      Stack{"RetryOverFailuresLocal", wrapped<FolderPlace>(retrying_over_failures)},
                      Stack{"S3", [] { return std::make_unique<BucketPlace>(); }},
                      Stack{"Rest", [] { return std::make_unique<ServedPlace>(); }},
                      Stack{"Sftp", [] { return std::make_unique<SftpPlace>(openssh()); }},
                      Stack{"SftpBare", [] { return std::make_unique<SftpPlace>(bare_server()); }},
                      Stack{"SftpJailed", [] { return std::make_unique<JailedPlace>(); }},
                      Stack{"Memory", [] { return std::make_unique<MemoryPlace>(); }},
                      Stack{"RateMemory", wrapped<MemoryPlace>(rate_limited)},
                      Stack{"FaultMemory", wrapped<MemoryPlace>(faulty)},
                      Stack{"RetryMemory", wrapped<MemoryPlace>(retrying)},
                      Stack{"LimitRetryMemory", wrapped<MemoryPlace>([](BackendPointer b) {
                              return limited(retrying(std::move(b)));
                            })},
                      Stack{"RetryOverFailuresMemory",
                            wrapped<MemoryPlace>(retrying_over_failures)}),
    [](const auto& instance) { return std::string(instance.param.name); });

}  // namespace
}  // namespace hikae
