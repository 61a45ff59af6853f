// SPDX-License-Identifier: Apache-2.0
#include "web/monitor_pages.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "concurrency/task_group.h"
#include "unit/web/http_kit.h"
#include "web/http_server.h"

namespace hikae::web {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

class KeepingLog final : public Log {
 public:
  Guarded<std::vector<std::string>> texts;
  void write(LogLevel, const Text& message) override {
    texts.lock()->push_back(render(message, Language::en));
  }
};

class MonitorPagesTest : public ::testing::Test {
 protected:
  MonitorPagesTest() {
    HttpSite site;
    site.listen = "127.0.0.1:0";
    site.limits.workers = 2;
    site.limits.patience.head = std::chrono::milliseconds(300);
    const MonitorPages pages{[this] { return metrics(); }, [this] { return *health_.lock(); }};
    site.handle = [this, pages](Exchange& exchange, const StopToken&) {
      answer_monitor(exchange, pages, log_);
    };
    server_ = std::make_unique<HttpServer>(std::move(site), clock_, log_);
    group_.spawn("server", [this](const StopToken& stop) { server_->run(stop); });
  }
  ~MonitorPagesTest() override { group_.request_stop(); }

  int port() const {
    const std::string address = server_->listener().address();
    return std::stoi(address.substr(address.rfind(':') + 1));
  }
  RawResponse ask(const std::string& method, const std::string& target) const {
    RawConnection connection(port());
    return connection.ask(request(method, target), method == "HEAD").value_or(RawResponse{});
  }
  std::string metrics() {
    if (broken_) throw Error(ErrorCode::io, text("web.connection_broken", {{"reason", "secret"}}));
    return "hikae_x 1\n";
  }

  SystemClock clock_;
  KeepingLog log_;
  std::atomic<bool> broken_ = false;
  Guarded<MonitorPages::Health> health_{MonitorPages::Health{200, "alive"}};
  std::unique_ptr<HttpServer> server_;
  TaskGroup group_{StopToken()};
};

TEST_F(MonitorPagesTest, ShowsMetrics) {
  const RawResponse got = ask("GET", "/metrics?name=x");
  EXPECT_EQ(got.status, 200);
  EXPECT_EQ(got.body, "hikae_x 1\n");
  EXPECT_THAT(got.fields.at("Content-Type"), HasSubstr("version=0.0.4"));
  const RawResponse head = ask("HEAD", "/metrics");
  EXPECT_EQ(head.status, 200);
  EXPECT_EQ(head.fields.at("Content-Length"), "10");
}

TEST_F(MonitorPagesTest, SaysWhatAils) {
  EXPECT_EQ(ask("GET", "/healthz").body, "alive\n");
  *health_.lock() = {503, "It hangs."};
  const RawResponse ill = ask("GET", "/healthz");
  EXPECT_EQ(ill.status, 503);
  EXPECT_EQ(ill.body, "It hangs.\n");
  EXPECT_EQ(ask("HEAD", "/healthz").status, 503);
}

TEST_F(MonitorPagesTest, KeepsTheReasonOfAFailureToItself) {
  broken_ = true;
  const RawResponse got = ask("GET", "/metrics");
  EXPECT_EQ(got.status, 503);
  EXPECT_THAT(got.body, Not(HasSubstr("secret")));
  EXPECT_THAT(*log_.texts.lock(), ElementsAre(HasSubstr("secret")));
  broken_ = false;
  EXPECT_EQ(ask("GET", "/metrics").status, 200);
}

TEST_F(MonitorPagesTest, AnswersNothingElse) {
  EXPECT_EQ(ask("GET", "/").status, 404);
  EXPECT_EQ(ask("GET", "/metrics/").status, 404);
  EXPECT_EQ(ask("DELETE", "/healthz").status, 405);
  RawConnection connection(port());
  const auto posted = connection.ask(
      "POST /metrics HTTP/1.1\r\nHost: test\r\nContent-Length: 1000000\r\n\r\n", false);
  ASSERT_TRUE(posted);
  EXPECT_EQ(posted->status, 405);
  EXPECT_EQ(posted->fields.at("Allow"), "GET, HEAD");
}

TEST_F(MonitorPagesTest, OutlivesPeersThatSayTooMuchOrTooLittle) {
  RawConnection silent(port());
  silent.send("GET /metrics HTTP/1.1\r\n");
  RawConnection long_winded(port());
  long_winded.send("GET /metrics HTTP/1.1\r\nX: " + std::string(20'000, 'x'));
  const auto refused = long_winded.receive();
  ASSERT_TRUE(refused);
  EXPECT_EQ(refused->status, 431);
  EXPECT_FALSE(silent.receive()) << "given up after its time";
  EXPECT_EQ(ask("GET", "/metrics").status, 200);
}

}  // namespace
}  // namespace hikae::web
