// SPDX-License-Identifier: Apache-2.0
#include "storage/s3_errors.h"

#include <algorithm>
#include <array>
#include <string_view>

namespace hikae {
namespace {

template <std::size_t N>
bool is_one_of(const std::string& code, const std::array<std::string_view, N>& codes) {
  return std::find(codes.begin(), codes.end(), code) != codes.end();
}

constexpr std::array<std::string_view, 2> kWrongSecret = {"SignatureDoesNotMatch",
                                                          "InvalidSignature"};
constexpr std::array<std::string_view, 2> kUnknownKey = {"InvalidAccessKeyId",
                                                         "UnrecognizedClient"};
constexpr std::array<std::string_view, 4> kExpired = {
    "ExpiredToken", "ExpiredTokenException", "TokenRefreshRequired", "InvalidToken"};
constexpr std::array<std::string_view, 5> kFull = {"QuotaExceeded",
                                                   "XMinioStorageFull",
                                                   "XMinioAdminBucketQuotaExceeded",
                                                   "InsufficientStorage",
                                                   "StorageFull"};
constexpr std::array<std::string_view, 2> kClock = {"RequestTimeTooSkewed", "RequestExpired"};
// Refused by the store's own comparison of what arrived with what was signed.
constexpr std::array<std::string_view, 4> kDamaged = {
    "BadDigest", "XAmzContentSHA256Mismatch", "IncompleteBody", "InvalidDigest"};
constexpr std::array<std::string_view, 7> kBusy = {"SlowDown",
                                                   "ServiceUnavailable",
                                                   "InternalError",
                                                   "RequestTimeout",
                                                   "OperationAborted",
                                                   "ConditionalRequestConflict",
                                                   "RequestLimitExceeded"};

// Which right of the bucket's policy the request needs; for the hint.
std::string right_for(const S3Question& question) {
  if (question.method == "PUT" || question.method == "POST") return "s3:PutObject";
  if (question.method == "DELETE") return "s3:DeleteObject";
  return question.key.empty() ? "s3:ListBucket" : "s3:GetObject";
}

Error denied(const S3Failure& failure, const S3Question& question, const S3Place& place) {
  return Error(ErrorCode::permission,
               text("storage.s3_denied",
                    {{"bucket", place.bucket},
                     {"key", place.prefix + question.key},
                     {"method", question.method},
                     {"code", failure.code.empty() ? "403" : failure.code}}))
      .with_hint(text("storage.s3_denied_hint",
                      {{"id", question.access_key_id}, {"right", right_for(question)}}));
}

// The refusals of who we are; nullopt for others.
std::optional<Error> identity_error(const S3Failure& failure, const S3Question& question) {
  const Text::Arguments id = {{"id", question.access_key_id}};
  if (is_one_of(failure.code, kWrongSecret))
    return Error(ErrorCode::permission, text("storage.s3_wrong_secret", id))
        .with_hint(text("storage.s3_wrong_secret_hint"));
  if (is_one_of(failure.code, kUnknownKey))
    return Error(ErrorCode::permission, text("storage.s3_unknown_key", id))
        .with_hint(text("storage.s3_unknown_key_hint"));
  if (is_one_of(failure.code, kExpired))
    return Error(ErrorCode::permission, text("storage.s3_expired", id))
        .with_hint(text("storage.s3_expired_hint"));
  if (is_one_of(failure.code, kClock))
    return Error(ErrorCode::permission, text("storage.s3_clock"))
        .with_hint(text("storage.s3_clock_hint"));
  return std::nullopt;
}

// A store that wants fewer requests, rather than one that is broken.
constexpr std::array<std::string_view, 4> kThrottled = {
    "SlowDown", "RequestLimitExceeded", "TooManyRequests", "ThrottlingException"};

Error other(int status, const S3Failure& failure, const S3Place& place) {
  const bool later =
      (status >= 500 && status != 501) || status == 429 || is_one_of(failure.code, kBusy);
  const bool is_throttled = status == 429 || is_one_of(failure.code, kThrottled);
  Text message = text(is_throttled ? "storage.s3_throttled" : "storage.s3_failed",
                      {{"bucket", place.bucket},
                       {"status", std::to_string(status)},
                       {"code", failure.code.empty() ? "-" : failure.code},
                       {"message", failure.message.empty() ? "-" : failure.message}});
  if (is_throttled)
    return Error(ErrorCode::io, std::move(message), Retry::after_backoff)
        .with_hint(text("storage.s3_throttled_hint"));
  if (later) return {ErrorCode::io, std::move(message), Retry::after_backoff};
  return {status == 501 ? ErrorCode::unsupported : ErrorCode::io, std::move(message)};
}

}  // namespace

Error s3_error(int status,
               const S3Failure& failure,
               const S3Question& question,
               const S3Place& place) {
  const Text::Arguments bucket = {{"bucket", place.bucket}};
  if (auto error = identity_error(failure, question)) return std::move(*error);
  if (failure.code == "NoSuchBucket")
    return Error(ErrorCode::no_repository, text("storage.s3_no_bucket", bucket))
        .with_hint(text("storage.s3_no_bucket_hint", bucket));
  if (status == 507 || is_one_of(failure.code, kFull))
    return Error(ErrorCode::no_space, text("storage.s3_full", bucket))
        .with_hint(text("storage.s3_full_hint", bucket));
  if (is_one_of(failure.code, kDamaged))
    return {ErrorCode::io,
            text("storage.s3_damaged", {{"bucket", place.bucket}, {"code", failure.code}}),
            Retry::after_backoff};
  if (status == 403 || status == 401) return denied(failure, question, place);
  if (status == 404)
    return {ErrorCode::not_found, text("storage.no_such_file", {{"file", question.key}})};
  if (status == 412)
    return {ErrorCode::already_exists, text("storage.file_exists", {{"file", question.key}})};
  if (status == 400 && question.with_object_lock)
    return Error(ErrorCode::unsupported,
                 text("storage.s3_no_object_lock",
                      {{"bucket", place.bucket},
                       {"message", failure.message.empty() ? failure.code : failure.message}}))
        .with_hint(text("storage.s3_no_object_lock_hint"));
  return other(status, failure, place);
}

}  // namespace hikae
