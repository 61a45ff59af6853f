// SPDX-License-Identifier: Apache-2.0
#include "storage/s3_client.h"

#include <algorithm>
#include <charconv>

#include "base/error.h"
#include "crypto/hash.h"
#include "net/web_time.h"
#include "storage/retry.h"
#include "storage/s3_errors.h"

namespace hikae {
namespace {

// Where the bucket lies is learned from the refusal, so the first guess may be any region.
constexpr const char* kFirstRegion = "us-east-1";
// Stores accept signatures within 15 minutes; nothing smaller is worth correcting.
constexpr std::chrono::minutes kSkew{10};
// One for each thing that may be learned: region, time, keys.
constexpr int kRepetitions = 3;

const std::string& hash_of_nothing() {
  static const std::string kHash = sha256(ByteView()).hex();
  return kHash;
}

// A busy store may say when it wants to be asked again. That is waited for here, before the waits
// of whoever tries again; not for ever, since a store may say anything.
void wait_as_told(const net::HttpResponse& response, const StopToken& stop) {
  constexpr int kMostSeconds = 30;
  const std::string_view told = net::header(response, "retry-after").value_or("");
  int seconds = 0;
  const auto [end, error] = std::from_chars(told.data(), told.data() + told.size(), seconds);
  if (error != std::errc() || end != told.data() + told.size() || seconds <= 0) return;
  wait_unless_stopped(std::chrono::seconds(std::min(seconds, kMostSeconds)), stop);
}

S3Question question_for(const S3Request& request, const std::string& access_key_id) {
  const bool locked =
      std::any_of(request.headers.begin(), request.headers.end(), [](const auto& header) {
        return header.first.starts_with("x-amz-object-lock");
      });
  return {request.method, request.key.value_or(""), access_key_id, locked};
}

}  // namespace

S3ClientOptions s3_client_options(const Location& location,
                                  OpenOptions& options,
                                  std::size_t connections,
                                  const std::shared_ptr<const Clock>& clock) {
  S3ClientOptions made;
  made.place = s3_place(location, options.s3);
  made.http.connections = connections;
  made.http.ca_file = options.ca_file;
  if (options.ciphers == TransportCiphers::any) made.http.ciphers = net::TlsCiphers::any;
  net::AwsCredentialOptions credentials;
  credentials.given.access_key_id = options.credentials.access_key_id;
  credentials.given.secret_access_key = std::move(options.credentials.secret_access_key);
  credentials.given.session_token = std::move(options.credentials.session_token);
  credentials.profile = options.credentials.profile;
  credentials.variable = options.variable;
  credentials.clock = clock;
  // A store of one's own hardly ever has regions; where it has, it says which.
  if (made.place.region.empty() && made.place.host.empty())
    made.place.region = net::aws_region(credentials);
  made.credentials = std::make_shared<net::AwsCredentials>(std::move(credentials));
  made.clock = clock;
  made.log = options.log;
  return made;
}

S3Client::S3Client(S3ClientOptions options)
    : options_(std::move(options)), http_(options_.http), region_(options_.place.region) {}

Instant S3Client::now() const {
  return options_.clock->now() + std::chrono::nanoseconds(clock_offset_.load());
}

std::optional<Transport> S3Client::transport() {
  return *transport_.lock();
}

RequestCounts S3Client::requests() {
  return *requests_.lock();
}

// As Amazon's price list has them: a listing is a GET of the bucket.
void S3Client::count(const S3Request& request, std::size_t received) {
  const bool list = request.method == "GET" && !request.key;
  auto requests = requests_.lock();
  RequestCount& kind = (*requests)[list ? "LIST" : request.method];
  ++kind.requests;
  for (const ByteView piece : request.body) kind.bytes_sent += piece.size();
  if (!list) kind.bytes_received += received;
}

net::HttpResponse S3Client::send(const S3Request& request,
                                 const std::vector<int>& expected,
                                 const StopToken& stop) {
  for (int repeated = 0;; ++repeated) {
    const Attempt attempt{options_.credentials->get(stop), *region_.lock()};
    net::HttpResponse response = send_once(request, attempt, stop);
    const int status = response.status;
    if (status >= 200 && status < 300) return response;
    const S3Failure failure = parse_s3_failure(response.body);
    const bool again = repeated < kRepetitions && learn(response, failure, attempt);
    if (again) continue;
    if (std::find(expected.begin(), expected.end(), status) != expected.end() &&
        failure.code != "NoSuchBucket")
      return response;
    if (status == 503 || status == 429) {
      tell_throttling(failure);
      wait_as_told(response, stop);
    }
    throw s3_error(
        status, failure, question_for(request, attempt.keys->access_key_id), options_.place);
  }
}

void S3Client::tell_throttling(const S3Failure& failure) {
  if (options_.log == nullptr || has_told_throttling_.exchange(true)) return;
  options_.log->warning(text(
      "storage.s3_slowed_down",
      {{"bucket", options_.place.bucket}, {"code", failure.code.empty() ? "503" : failure.code}}));
}

net::HttpResponse S3Client::send_once(const S3Request& request,
                                      const Attempt& attempt,
                                      const StopToken& stop) {
  const S3Place& place = options_.place;
  const std::string host = s3_host(place, attempt.region);
  const std::string path = request.key ? s3_path(place, *request.key) : s3_bucket_path(place);
  const std::string& hash = request.payload_hash.empty() ? hash_of_nothing() : request.payload_hash;

  net::AwsRequest to_sign;
  to_sign.method = request.method;
  to_sign.path = path;
  to_sign.query = request.query;
  to_sign.headers = request.headers;
  to_sign.headers.emplace_back("host", host);
  to_sign.headers.emplace_back("x-amz-content-sha256", hash);
  to_sign.payload_hash = hash;
  to_sign.region = attempt.region.empty() ? kFirstRegion : attempt.region;
  to_sign.service = "s3";

  net::HttpRequest sent;
  sent.method = request.method;
  sent.url = place.scheme + "://" + host + path;
  if (!request.query.empty()) sent.url += "?" + net::query_string(request.query);
  sent.headers = request.headers;
  sent.headers.emplace_back("x-amz-content-sha256", hash);
  for (auto& added : net::sign_aws(to_sign, *attempt.keys, now()))
    sent.headers.push_back(std::move(added));
  sent.body = request.body;
  sent.into = request.into;
  sent.answer_limit = request.answer_limit;
  sent.time_limit = request.time_limit;
  if (request.file) {
    sent.next_sent = next_part(paces_.upload, *request.file, stop);
    sent.next_received = next_part(paces_.download, *request.file, stop);
  }
  net::HttpResponse response = http_.send(sent, stop);
  count(request, response.status / 100 == 2 ? response.body_size : 0);
  if (response.tls) {
    const bool aes_256 = response.tls->cipher.find("AES_256") != std::string::npos;
    *transport_.lock() = Transport{response.tls->version, response.tls->cipher, aes_256};
  }
  return response;
}

bool S3Client::learn(const net::HttpResponse& response,
                     const S3Failure& failure,
                     const Attempt& attempt) {
  if (learn_region(response, failure, attempt) || learn_time(response, failure)) return true;
  const bool expired = failure.code == "ExpiredToken" || failure.code == "ExpiredTokenException" ||
                       failure.code == "TokenRefreshRequired";
  return expired && options_.credentials->renew(attempt.keys);
}

bool S3Client::learn_region(const net::HttpResponse& response,
                            const S3Failure& failure,
                            const Attempt& attempt) {
  if (response.status != 301 && response.status != 307 && response.status != 400) return false;
  std::string region = failure.region;
  // The answer to HEAD has this header only.
  if (const auto header = net::header(response, "x-amz-bucket-region"); region.empty() && header)
    region = *header;
  // What another thread learned meanwhile is just as good.
  auto known = region_.lock();
  if (*known != attempt.region) return true;
  if (region.empty() || region == (attempt.region.empty() ? kFirstRegion : attempt.region))
    return false;
  *known = region;
  return true;
}

bool S3Client::learn_time(const net::HttpResponse& response, const S3Failure& failure) {
  if (response.status != 403) return false;
  // The answer to HEAD has no code: then the date alone tells.
  const bool about_time = failure.code == "RequestTimeTooSkewed" ||
                          failure.code == "RequestExpired" || failure.code.empty();
  const auto date = net::header(response, "date");
  const auto theirs = date ? net::parse_http_date(*date) : std::nullopt;
  if (!about_time || !theirs) return false;
  const auto off = *theirs - now();
  if (off < kSkew && off > -kSkew) return false;
  clock_offset_ = (*theirs - options_.clock->now()).count();
  if (options_.log != nullptr) {
    const auto minutes = std::chrono::duration_cast<std::chrono::minutes>(off).count();
    options_.log->warning(text(minutes > 0 ? "storage.s3_clock_behind" : "storage.s3_clock_ahead",
                               {{"minutes", std::to_string(minutes > 0 ? minutes : -minutes)}}));
  }
  return true;
}

}  // namespace hikae
