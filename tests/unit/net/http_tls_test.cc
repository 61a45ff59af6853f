// SPDX-License-Identifier: Apache-2.0
// The HTTP client against real TLS: openssl's and Python's servers, with an authority of our own.
#include <gmock/gmock.h>

#include "base/error.h"
#include "net/http.h"
#include "support/http_server.h"

namespace hikae::net {
namespace {

using hikae::testing::HttpServer;
using hikae::testing::ServerProcess;
using hikae::testing::TestAuthority;
using ::testing::HasSubstr;

constexpr const char* kNames = "DNS:localhost,IP:127.0.0.1";

HttpResponse get(const std::string& url, const HttpOptions& options) {
  HttpRequest request;
  request.url = url;
  return HttpClient(options).send(request, {});
}

HttpOptions trusting(const TestAuthority& authority,
                     TlsCiphers ciphers = TlsCiphers::aes_256_only) {
  HttpOptions options;
  options.ca_file = authority.file();
  options.ciphers = ciphers;
  return options;
}

Error error_of(const std::string& url, const HttpOptions& options) {
  try {
    get(url, options);
  } catch (const Error& error) {
    return error;
  }
  ADD_FAILURE() << "no error";
  return {ErrorCode::locked, text("net.broke")};
}

// openssl s_server on a port of its own choice, with exactly these protocol options.
class OpensslServer {
 public:
  OpensslServer(const TestAuthority::Certificate& certificate, std::vector<std::string> options)
      : process_(command(certificate, std::move(options))) {
    // "ACCEPT 0.0.0.0:40123"
    std::string line = process_.read_line();
    while (!line.starts_with("ACCEPT")) line = process_.read_line();
    port_ = line.substr(line.rfind(':') + 1);
  }
  std::string url() const { return "https://localhost:" + port_ + "/"; }

 private:
  static std::vector<std::string> command(const TestAuthority::Certificate& certificate,
                                          std::vector<std::string> options) {
    std::vector<std::string> argv = {"openssl",
                                     "s_server",
                                     "-accept",
                                     "0",
                                     "-www",
                                     "-cert",
                                     certificate.certificate,
                                     "-key",
                                     certificate.key};
    argv.insert(argv.end(), options.begin(), options.end());
    return argv;
  }
  ServerProcess process_;
  std::string port_;
};

TEST(HttpTls, RightAuthorityAndNameGiveAConnectionWithAes256) {
  TestAuthority authority;
  const HttpServer server(authority.issue(kNames));
  for (const char* host : {"localhost", "127.0.0.1"}) {
    const HttpResponse response = get(server.url("/status/200", host), trusting(authority));
    ASSERT_TRUE(response.tls);
    EXPECT_EQ(response.tls->version, "TLSv1.3");
    EXPECT_EQ(response.tls->cipher, "TLS_AES_256_GCM_SHA384");
  }
}

TEST(HttpTls, AnotherAuthorityIsRefused) {
  TestAuthority authority;
  const TestAuthority other;
  const HttpServer server(authority.issue(kNames));
  const Error error = error_of(server.url("/status/200", "localhost"), trusting(other));
  EXPECT_EQ(error.code(), ErrorCode::permission);
  EXPECT_EQ(error.retry(), Retry::no);
  ASSERT_TRUE(error.hint());
  EXPECT_THAT(render(*error.hint(), Language::en), HasSubstr(other.file()));
}

TEST(HttpTls, TheSystemsAuthoritiesDoNotKnowOurs) {
  TestAuthority authority;
  const HttpServer server(authority.issue(kNames));
  // What the environment names for other programs must not count for ours.
  setenv("SSL_CERT_FILE", authority.file().c_str(), 1);   // NOLINT(concurrency-mt-unsafe)
  setenv("CURL_CA_BUNDLE", authority.file().c_str(), 1);  // NOLINT(concurrency-mt-unsafe)
  const Error error = error_of(server.url("/status/200", "localhost"), HttpOptions{});
  unsetenv("SSL_CERT_FILE");   // NOLINT(concurrency-mt-unsafe)
  unsetenv("CURL_CA_BUNDLE");  // NOLINT(concurrency-mt-unsafe)
  EXPECT_EQ(error.code(), ErrorCode::permission);
  ASSERT_TRUE(error.hint());
  EXPECT_THAT(render(*error.hint(), Language::en), HasSubstr("ca_file"));
}

TEST(HttpTls, AnotherHostsCertificateIsRefused) {
  TestAuthority authority;
  const HttpServer server(authority.issue("DNS:other.example"));
  const Error error = error_of(server.url("/status/200", "localhost"), trusting(authority));
  EXPECT_EQ(error.code(), ErrorCode::permission);
  EXPECT_THAT(render(error, Language::en), HasSubstr("localhost"));
}

TEST(HttpTls, AServerWithAes128OnlyIsRefusedUnlessAsked) {
  TestAuthority authority;
  const auto certificate = authority.issue(kNames);
  const std::vector<std::vector<std::string>> kinds = {
      {"-tls1_3", "-ciphersuites", "TLS_AES_128_GCM_SHA256"},
      {"-tls1_2", "-cipher", "ECDHE-ECDSA-AES128-GCM-SHA256"}};
  const std::string ciphers[] = {"TLS_AES_128_GCM_SHA256",
                                 "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256"};
  for (std::size_t i = 0; i < kinds.size(); ++i) {
    const OpensslServer server(certificate, kinds[i]);
    const Error error = error_of(server.url(), trusting(authority));
    EXPECT_EQ(error.code(), ErrorCode::unsupported) << render(error, Language::en);
    EXPECT_EQ(error.retry(), Retry::no);
    EXPECT_TRUE(error.hint());
    const HttpResponse response = get(server.url(), trusting(authority, TlsCiphers::any));
    EXPECT_EQ(response.tls->cipher, ciphers[i]);
  }
}

TEST(HttpTls, Tls12WithAes256IsGoodEnough) {
  TestAuthority authority;
  const OpensslServer server(authority.issue(kNames), {"-tls1_2"});
  const HttpResponse response = get(server.url(), trusting(authority));
  EXPECT_EQ(response.tls->version, "TLSv1.2");
  EXPECT_EQ(response.tls->cipher, "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384");
}

TEST(HttpTls, Tls11IsRefusedWhateverTheCiphers) {
  TestAuthority authority;
  const OpensslServer server(authority.issue(kNames), {"-tls1_1", "-cipher", "ALL:@SECLEVEL=0"});
  EXPECT_EQ(error_of(server.url(), trusting(authority, TlsCiphers::any)).code(),
            ErrorCode::unsupported);
}

TEST(HttpTls, AMissingAuthorityFileIsNamed) {
  HttpOptions options;
  options.ca_file = "/nonexistent/ca.pem";
  const Error error = error_of("https://127.0.0.1:1/", options);
  EXPECT_NE(error.retry(), Retry::no) << "nobody listens there";
  TestAuthority authority;
  const HttpServer server(authority.issue(kNames));
  const Error named = error_of(server.url("/status/200"), options);
  EXPECT_EQ(named.code(), ErrorCode::invalid_argument);
  EXPECT_THAT(render(named, Language::en), HasSubstr("/nonexistent/ca.pem"));
}

TEST(HttpTls, AServerWithoutTlsIsNotTriedAgain) {
  const HttpServer plain;
  const Error error = error_of("https://localhost:" + plain.port() + "/", HttpOptions{});
  EXPECT_EQ(error.code(), ErrorCode::unsupported);
}

// Also shows that SIGPIPE does not end the program.
TEST(HttpTls, AResetWithinAnUploadCanBeRetried) {
  TestAuthority authority;
  const HttpServer server(authority.issue(kNames));
  const Bytes content(8 << 20, 7);
  HttpRequest put;
  put.method = "PUT";
  put.url = server.url("/reset");
  put.body = {content};
  HttpClient client(trusting(authority));
  try {
    client.send(put, {});
    ADD_FAILURE() << "no error";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::io);
    EXPECT_EQ(error.retry(), Retry::after_backoff) << render(error, Language::en);
  }
}

}  // namespace
}  // namespace hikae::net
