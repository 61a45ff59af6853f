// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdlib>
#include <memory>
#include <sstream>
#include <string>

#include "base/error.h"
#include "crypto/hash.h"
#include "storage/open.h"
#include "storage/s3_client.h"
#include "support/server_process.h"
#include "support/temp_dir.h"
#include "support/test_authority.h"

namespace hikae::testing {

// A real S3 store of the test's own: Ceph's RADOS Gateway over TLS (tests/support/rgw.py), with an
// authority of the test's own. Stopped when the object goes.
class RadosGateway {
 public:
  static constexpr const char* kKeyId = "AKIDTEST0000000001";
  static constexpr const char* kSecret = "secretTEST0000000000000000000000000000001";

  // With its own STS such a gateway answers wrong keys with AccessDenied only; so not all have it.
  static std::vector<std::string> with_sts() {
    return {"rgw_s3_auth_use_sts=true", "rgw_sts_key=abcdefghijklmnop"};
  }

  // `more`: lines for its configuration.
  explicit RadosGateway(const std::vector<std::string>& more = {})
      : certificate_(authority_.issue("DNS:localhost,DNS:by-host.localhost,IP:127.0.0.1")),
        process_(command(more), folder_ / "rgw.err") {
    std::istringstream line(process_.read_line());
    line >> tls_port_ >> http_port_ >> configuration_;
  }

  // One for the whole test program, started with the first use.
  static RadosGateway& shared() {
    static RadosGateway gateway;
    return gateway;
  }

  std::string endpoint() const { return "https://localhost:" + tls_port_; }
  const std::string& tls_port() const { return tls_port_; }
  std::string authority_file() const { return authority_.file(); }
  const TestAuthority::Certificate& certificate() const { return certificate_; }
  const std::string& http_port() const { return http_port_; }
  // For "radosgw-admin -c" and "ceph -c".
  const std::string& configuration() const { return configuration_; }

  OpenOptions options() const {
    OpenOptions options;
    options.ca_file = authority_file();
    options.credentials.access_key_id = kKeyId;
    options.credentials.secret_access_key = Secret(kSecret);
    return options;
  }
  // "bucket/prefix"
  Location location(const std::string& path) const {
    return parse_location("s3:" + endpoint() + "/" + path, "/");
  }

  // A client of the bucket for what a backend does not do.
  std::unique_ptr<S3Client> client(const std::string& bucket) const {
    S3ClientOptions options;
    options.place = s3_place(location(bucket), {});
    options.http.ca_file = authority_file();
    net::AwsCredentialOptions keys;
    keys.given.access_key_id = kKeyId;
    keys.given.secret_access_key = Secret(kSecret);
    options.credentials = std::make_shared<net::AwsCredentials>(std::move(keys));
    options.clock = std::make_shared<SystemClock>();
    return std::make_unique<S3Client>(std::move(options));
  }
  void make_bucket(const std::string& name, bool with_object_lock = false) const {
    S3Request request;
    request.method = "PUT";
    if (with_object_lock) request.headers = {{"x-amz-bucket-object-lock-enabled", "true"}};
    client(name)->send(request, {}, {});
  }
  net::HttpResponse head(const std::string& bucket, const std::string& key) const {
    S3Request request;
    request.method = "HEAD";
    request.key = key;
    return client(bucket)->send(request, {404}, {});
  }

 private:
  std::vector<std::string> command(const std::vector<std::string>& more) const {
    // NOLINTNEXTLINE(concurrency-mt-unsafe): nobody sets variables meanwhile
    const std::string script = std::string(getenv("HIKAE_SOURCE_DIR")) + "/tests/support/rgw.py";
    std::vector<std::string> argv = {
        "python3", script, folder_ / "rgw", certificate_.certificate, certificate_.key};
    argv.insert(argv.end(), more.begin(), more.end());
    return argv;
  }

  TempDir folder_;
  TestAuthority authority_;
  TestAuthority::Certificate certificate_;
  ServerProcess process_;
  std::string tls_port_;
  std::string http_port_;
  std::string configuration_;
};

}  // namespace hikae::testing
