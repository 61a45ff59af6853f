// SPDX-License-Identifier: Apache-2.0
// The REST client before a server that is busy or flaky: the real one behind a proxy that spoils
// some requests and measures what comes.
#include <atomic>
#include <set>

#include <gmock/gmock.h>

#include "base/error.h"
#include "base/units.h"
#include "http_kit.h"
#include "storage/limit_rate.h"
#include "storage/rest.h"
#include "storage/retry.h"
#include "support/fault_proxy.h"
#include "support/test_authority.h"

namespace hikae::web {
namespace {

using hikae::testing::FaultProxy;
using hikae::testing::TestAuthority;

class RestFaults : public ::testing::Test {
 protected:
  RestFaults() {
    RestBackend direct(parse_location("rest:" + server_.url(), "/"), {});
    direct.create_layout(none_);
  }
  // The waits between attempts are counted, not waited for.
  std::unique_ptr<Backend> open() {
    OpenOptions options;
    options.ca_file = authority_.file();
    RetryOptions retry;
    retry.attempts = 9;
    retry.wait = [this](std::chrono::milliseconds, const StopToken& stop) {
      throw_if_stopped(stop);
      ++waits_;
    };
    const Location location = parse_location("rest:" + proxy_.endpoint() + "/", "/");
    return with_retry(std::make_unique<RestBackend>(location, options), retry);
  }
  static std::string varied(std::size_t size, unsigned seed) {
    std::string content(size, '\0');
    std::uint32_t state = seed;
    for (char& byte : content) {
      state = state * 1664525U + 1013904223U;
      byte = static_cast<char>(state >> 24U);
    }
    return content;
  }
  static FileHandle pack_of(const std::string& content) {
    return {FileType::pack, hash_of(content)};
  }
  // Past the proxy.
  bool is_stored(const std::string& content) {
    RestBackend direct(parse_location("rest:" + server_.url(), "/"), {});
    return as_text(direct.load(pack_of(content), none_)) == content;
  }

  StopToken none_;
  TestAuthority authority_;
  RunningRepositoryServer server_;
  FaultProxy proxy_{
      authority_.issue("DNS:localhost"), authority_.file(), std::to_string(server_.port())};
  std::atomic<int> waits_{0};
};

TEST_F(RestFaults, AnUploadSurvivesEachKindOfFault) {
  const auto backend = open();
  unsigned seed = 0;
  for (const std::string fault :
       {"503 5\n", "500 3\n", "reset 2\n", "lost 1\n", "503 2\nreset 1\nlost 1\n500 1\n"}) {
    const std::string content = varied(kMiB, ++seed);
    waits_ = 0;
    proxy_.plan(fault);
    backend->save(pack_of(content), as_bytes(content), none_);
    EXPECT_EQ(proxy_.left(), 0) << fault;
    EXPECT_GT(waits_, 0) << fault;
    EXPECT_TRUE(is_stored(content)) << fault;
  }
}

TEST_F(RestFaults, ADownloadSurvivesEachKindOfFault) {
  const auto backend = open();
  const std::string content = varied(kMiB, 1);
  backend->save(pack_of(content), as_bytes(content), none_);
  for (const std::string fault : {"503 5\n", "500 1\n", "reset 1\n", "cut 2\n"}) {
    proxy_.plan(fault);
    EXPECT_EQ(as_text(backend->load(pack_of(content), none_)), content) << fault;
    EXPECT_EQ(proxy_.left(), 0) << fault;
    proxy_.plan(fault);
    Bytes range(100000);
    backend->load_range(pack_of(content), 1000, range, none_);
    EXPECT_EQ(as_text(range), content.substr(1000, range.size())) << fault;
    EXPECT_EQ(proxy_.left(), 0) << fault;
  }
}

TEST_F(RestFaults, AListingThatIsCutIsNotTakenForTheWhole) {
  const auto backend = open();
  std::set<std::string> stored;
  for (unsigned i = 0; i < 20; ++i) {
    const std::string content = std::to_string(i);
    backend->save({FileType::index, hash_of(content)}, as_bytes(content), none_);
    stored.insert(hash_of(content));
  }
  for (const std::string fault : {"cut 1\n", "503 2\n", "reset 1\n"}) {
    proxy_.plan(fault);
    std::multiset<std::string> found;
    backend->list(
        FileType::index, [&](const FileInfo& file) { found.insert(file.name); }, none_);
    EXPECT_EQ(found, std::multiset<std::string>(stored.begin(), stored.end())) << fault;
    EXPECT_EQ(proxy_.left(), 0) << fault;
  }
}

TEST_F(RestFaults, AServerThatStaysBusyEndsWithAnErrorThatSaysSo) {
  const auto backend = open();
  proxy_.plan("503 100\n");
  try {
    backend->is_empty(none_);
    ADD_FAILURE();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::io);
    EXPECT_THAT(render(error, Language::en), ::testing::HasSubstr("503"));
  }
  EXPECT_EQ(waits_, 8);
}

// Of what comes within any second, no more than one second's allowance was ahead of the line.
TEST_F(RestFaults, ALimitedLineHasNoBurstThatIsLongerThanASecond) {
  RateLimitOptions rates;
  rates.upload = 1 * kMiB;
  rates.download = 4 * kMiB;
  const auto limited = with_rate_limit(open(), rates);
  const std::string content = varied(3 * kMiB, 1);
  proxy_.peak();
  const auto begin = std::chrono::steady_clock::now();
  limited->save(pack_of(content), as_bytes(content), none_);
  EXPECT_GE(std::chrono::steady_clock::now() - begin, std::chrono::milliseconds(2900));
  EXPECT_LE(proxy_.peak(), 2 * kMiB);
  const auto middle = std::chrono::steady_clock::now();
  EXPECT_EQ(as_text(limited->load(pack_of(content), none_)), content);
  EXPECT_GE(std::chrono::steady_clock::now() - middle, std::chrono::milliseconds(700));
  EXPECT_EQ(waits_, 0);
}

}  // namespace
}  // namespace hikae::web
