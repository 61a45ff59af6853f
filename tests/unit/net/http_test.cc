// SPDX-License-Identifier: Apache-2.0
#include "net/http.h"

#include <sys/stat.h>

#include <thread>

#include <gmock/gmock.h>

#include "base/error.h"
#include "concurrency/task_group.h"
#include "support/free_port.h"
#include "support/http_server.h"

namespace hikae::net {
namespace {

using hikae::testing::HttpServer;
using std::chrono::milliseconds;

Bytes pattern(std::size_t size) {
  Bytes bytes(size);
  for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<std::uint8_t>(i % 251);
  return bytes;
}

class HttpTest : public ::testing::Test {
 protected:
  HttpRequest request(const std::string& path, const std::string& method = "GET") const {
    HttpRequest request;
    request.method = method;
    request.url = server_.url(path);
    return request;
  }
  HttpResponse get(const std::string& path) { return client_.send(request(path), none_); }

  template <typename Call>
  static Error error_of(Call call) {
    try {
      call();
    } catch (const Error& error) {
      return error;
    }
    ADD_FAILURE() << "no error";
    return {ErrorCode::locked, text("net.broke")};
  }

  static HttpOptions quick() {
    HttpOptions options;
    options.stall_timeout = milliseconds(300);
    return options;
  }

  HttpServer server_;
  HttpClient client_{quick()};
  StopToken none_;
};

TEST_F(HttpTest, AnyStatusIsAResult) {
  for (const int status : {200, 204, 301, 404, 412, 500, 503}) {
    const HttpResponse response = get("/status/" + std::to_string(status));
    EXPECT_EQ(response.status, status);
    EXPECT_FALSE(response.tls);
  }
  EXPECT_EQ(as_text(get("/status/404").body), "status 404");
}

TEST_F(HttpTest, SendsTheBodyPieceByPieceWithItsLength) {
  const Bytes large = pattern(3 << 20);
  HttpRequest put = request("/echo", "PUT");
  put.body = {as_bytes("head "), ByteView(), large, as_bytes(" tail")};
  const HttpResponse response = client_.send(put, none_);
  EXPECT_EQ(header(response, "x-method"), "PUT");
  EXPECT_EQ(header(response, "x-got-content-length"), std::to_string(large.size() + 10));
  EXPECT_EQ(header(response, "x-got-expect"), std::nullopt);
  ASSERT_EQ(response.body.size(), large.size() + 10);
  EXPECT_TRUE(std::equal(large.begin(), large.end(), response.body.begin() + 5));
}

TEST_F(HttpTest, EmptyBodiesOfPutAndPostHaveALength) {
  for (const char* method : {"PUT", "POST"}) {
    const HttpResponse response = client_.send(request("/echo", method), none_);
    EXPECT_EQ(header(response, "x-method"), method);
    EXPECT_EQ(header(response, "x-got-content-length"), "0");
  }
  EXPECT_EQ(header(client_.send(request("/echo", "DELETE"), none_), "x-method"), "DELETE");
}

TEST_F(HttpTest, HeadHasHeadersOnly) {
  const HttpResponse response = client_.send(request("/bytes/1000", "HEAD"), none_);
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(header(response, "content-length"), "1000");
  EXPECT_EQ(response.body_size, 0U);
}

TEST_F(HttpTest, SendsHeadersAndPathAsGiven) {
  HttpRequest one = request("/echo/a%2Fb/../c?x=%20&y=");
  one.headers = {{"X-Text", "a b;c"}, {"X-Empty", ""}};
  const HttpResponse response = client_.send(one, none_);
  EXPECT_EQ(header(response, "x-path"), "/echo/a%2Fb/../c?x=%20&y=");
  EXPECT_EQ(header(response, "x-got-x-text"), "a b;c");
  EXPECT_EQ(header(response, "x-got-x-empty"), "");
  EXPECT_EQ(header(response, "x-got-user-agent"), "hikae");
}

TEST_F(HttpTest, RefusesLineBreaksInHeadersAndUrls) {
  HttpRequest one = request("/echo");
  one.headers = {{"X-Text", "a\r\nX-Injected: b"}};
  EXPECT_EQ(error_of([&] { client_.send(one, none_); }).code(), ErrorCode::invalid_argument);
  one = request("/echo\r\nX-Injected: b");
  EXPECT_EQ(error_of([&] { client_.send(one, none_); }).code(), ErrorCode::invalid_argument);
  one.url = "file:///etc/passwd";
  EXPECT_EQ(error_of([&] { client_.send(one, none_); }).code(), ErrorCode::invalid_argument);
}

TEST_F(HttpTest, ReceivesIntoTheCallersBuffer) {
  for (const char* path : {"/bytes/1000000", "/chunked/1000000"}) {
    Bytes place(1000000);
    HttpRequest one = request(path);
    one.into = place;
    const HttpResponse response = client_.send(one, none_);
    EXPECT_TRUE(response.body.empty());
    EXPECT_EQ(response.body_size, place.size());
    EXPECT_TRUE(place == pattern(place.size())) << path;
  }
}

TEST_F(HttpTest, ABodyThatDoesNotFitIsAnError) {
  Bytes place(999);
  HttpRequest one = request("/bytes/1000");
  one.into = place;
  EXPECT_EQ(error_of([&] { client_.send(one, none_); }).code(), ErrorCode::corrupt);
  one = request("/bytes/1000");
  one.answer_limit = 999;
  EXPECT_EQ(error_of([&] { client_.send(one, none_); }).code(), ErrorCode::corrupt);
}

TEST_F(HttpTest, TheBodyOfAFailureIsKeptApartFromTheBuffer) {
  Bytes place(4, 0);
  HttpRequest one = request("/status/404");
  one.into = place;
  const HttpResponse response = client_.send(one, none_);
  EXPECT_EQ(as_text(response.body), "status 404");
  EXPECT_EQ(place, Bytes(4, 0));
}

TEST_F(HttpTest, AnAnswerThatIsCutOffCanBeRetried) {
  const Error error = error_of([&] { get("/cut"); });
  EXPECT_EQ(error.code(), ErrorCode::io);
  EXPECT_EQ(error.retry(), Retry::after_backoff);
  EXPECT_EQ(get("/status/200").status, 200) << "good again";
}

// The server may have carried it out: whoever repeats it must know that it was sent before.
TEST_F(HttpTest, AnUploadWhoseAnswerIsLostIsNotSentAgainInSilence) {
  const Bytes content = pattern(100000);
  for (const char* method : {"PUT", "POST"}) {
    get("/status/200");  // the upload finds a connection that was kept
    HttpRequest upload = request("/lost", method);
    upload.body = {content};
    const Error error = error_of([&] { client_.send(upload, none_); });
    EXPECT_EQ(error.code(), ErrorCode::io);
    EXPECT_EQ(error.retry(), Retry::after_backoff);
  }
  EXPECT_EQ(as_text(get("/lost-count").body), "2");
}

TEST_F(HttpTest, AStallEndsWithATimeout) {
  for (const char* path : {"/stall", "/stall-body"}) {
    const Error error = error_of([&] { get(path); });
    EXPECT_EQ(error.code(), ErrorCode::timeout) << path;
    EXPECT_EQ(error.retry(), Retry::after_backoff);
  }
}

TEST_F(HttpTest, ATimeLimitEndsTheExchange) {
  HttpClient patient{HttpOptions{}};
  HttpRequest one = request("/stall-body");
  one.time_limit = milliseconds(200);
  EXPECT_EQ(error_of([&] { patient.send(one, none_); }).code(), ErrorCode::timeout);
}

TEST_F(HttpTest, NoServerIsAnErrorThatCanBeRetried) {
  HttpRequest one;
  one.url = "http://127.0.0.1:" + std::to_string(hikae::testing::free_port()) + "/";
  const Error error = error_of([&] { client_.send(one, none_); });
  EXPECT_EQ(error.code(), ErrorCode::io);
  EXPECT_EQ(error.retry(), Retry::after_backoff);
  EXPECT_TRUE(error.hint());
}

TEST_F(HttpTest, AStopEndsTheExchangeAtOnce) {
  HttpClient patient{HttpOptions{}};
  std::stop_source source;
  TaskGroup tasks{StopToken()};
  tasks.spawn("stopper", [&](const StopToken&) {
    // Not before the exchange has begun: then it would not be tried at all.
    while (server_.connections() < 1) std::this_thread::yield();
    source.request_stop();
  });
  const auto start = std::chrono::steady_clock::now();
  EXPECT_THROW(patient.send(request("/stall"), source.get_token()), Cancelled);
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(20));
  EXPECT_THROW(patient.send(request("/status/200"), source.get_token()), Cancelled);
  tasks.join();
}

TEST_F(HttpTest, KeepsConnectionsAndReplacesThoseThatTheServerClosed) {
  for (int i = 0; i < 5; ++i) get("/status/200");
  EXPECT_EQ(as_text(get("/connections").body), "1");
  EXPECT_EQ(as_text(get("/close").body), "good");
  HttpClient other{HttpOptions{}};
  while (as_text(other.send(request("/closed"), none_).body) != "1") std::this_thread::yield();
  HttpRequest put = request("/echo", "PUT");
  const Bytes content = pattern(1 << 20);
  put.body = {content};
  EXPECT_TRUE(client_.send(put, none_).body == content);
  EXPECT_EQ(as_text(get("/connections").body), "3") << "and that of the other client";
}

TEST_F(HttpTest, ServesManyThreadsOverAFewConnections) {
  HttpOptions options;
  options.connections = 3;
  HttpClient client(options);
  TaskGroup tasks{StopToken()};
  for (int thread = 0; thread < 8; ++thread) {
    tasks.spawn("caller", [&, thread](const StopToken& stop) {
      for (int i = 0; i < 20; ++i) {
        HttpRequest put = request("/echo", "PUT");
        const std::string content = std::to_string(thread) + ":" + std::to_string(i);
        put.body = {as_bytes(content)};
        if (as_text(client.send(put, stop).body) != content)
          throw Error(ErrorCode::corrupt, text("net.broke"));
      }
    });
  }
  tasks.join();
  EXPECT_LE(server_.connections(), 3);
}

TEST_F(HttpTest, TakesNoProxyFromTheEnvironment) {
  // NOLINTNEXTLINE(concurrency-mt-unsafe): no other thread runs here
  setenv("http_proxy", "http://127.0.0.1:1/", 1);
  HttpClient client{HttpOptions{}};
  EXPECT_EQ(client.send(request("/status/200"), none_).status, 200);
  unsetenv("http_proxy");  // NOLINT(concurrency-mt-unsafe)
}

}  // namespace
}  // namespace hikae::net
