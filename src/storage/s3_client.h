// SPDX-License-Identifier: Apache-2.0
// Internal to storage. Signed exchanges with one bucket.
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/log.h"
#include "concurrency/guarded.h"
#include "net/aws_credentials.h"
#include "net/http.h"
#include "storage/backend.h"
#include "storage/pace.h"
#include "storage/s3_answer.h"
#include "storage/s3_place.h"

namespace hikae {

struct S3Request {
  std::string method = "GET";
  // Relative to the prefix; nullopt: the bucket itself.
  std::optional<std::string> key;
  std::vector<std::pair<std::string, std::string>> query;
  net::HttpHeaders headers;  // all are signed
  std::vector<ByteView> body;
  std::string payload_hash;  // hex SHA-256 of the body; empty for an empty body
  MutableByteView into;
  std::size_t answer_limit = std::size_t{16} << 20U;
  std::chrono::milliseconds time_limit{0};
  std::optional<FileType> file;  // whose content it carries, for the pace
};

struct S3ClientOptions {
  S3Place place;
  net::HttpOptions http;
  std::shared_ptr<net::AwsCredentials> credentials;
  std::shared_ptr<const Clock> clock;
  Log* log = nullptr;  // may be null; outlives the client
};

// From what the policy says. The secrets among `options` are taken over.
S3ClientOptions s3_client_options(const Location& location,
                                  OpenOptions& options,
                                  std::size_t connections,
                                  const std::shared_ptr<const Clock>& clock);

// Signs, sends, and learns what the store says about itself: the bucket's region, how far this
// machine's clock is off, that temporary keys have expired. Each of these costs one repetition.
// Thread-safe.
class S3Client {
 public:
  explicit S3Client(S3ClientOptions options);

  // A success, or one of the statuses that the caller expects. Throws Error for every other: its
  // code, text and hint follow the store's own error code (s3_errors.h).
  net::HttpResponse send(const S3Request& request,
                         const std::vector<int>& expected,
                         const StopToken& stop);

  // Before the first use.
  void keep_pace(const Paces& paces) { paces_ = paces; }
  const S3Place& place() const { return options_.place; }
  std::optional<Transport> transport();
  RequestCounts requests();
  // The store's time, as far as it is known.
  Instant now() const;

 private:
  struct Attempt {
    net::AwsCredentials::Keys keys;
    std::string region;
  };
  net::HttpResponse send_once(const S3Request& request,
                              const Attempt& attempt,
                              const StopToken& stop);
  void count(const S3Request& request, std::size_t received);
  // True when the exchange may succeed with what was just learned.
  bool learn(const net::HttpResponse& response, const S3Failure& failure, const Attempt& attempt);
  bool learn_region(const net::HttpResponse& response,
                    const S3Failure& failure,
                    const Attempt& attempt);
  bool learn_time(const net::HttpResponse& response, const S3Failure& failure);
  // Said once, so that a slow run is no riddle.
  void tell_throttling(const S3Failure& failure);

  const S3ClientOptions options_;
  net::HttpClient http_;
  Guarded<std::string> region_;
  std::atomic<bool> has_told_throttling_{false};
  std::atomic<std::int64_t> clock_offset_{0};  // nanoseconds to add to this machine's time
  Guarded<std::optional<Transport>> transport_;
  Guarded<RequestCounts> requests_;
  Paces paces_;
};

}  // namespace hikae
