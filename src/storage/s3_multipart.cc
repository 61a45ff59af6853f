// SPDX-License-Identifier: Apache-2.0
// Files that are uploaded in parts, and what is left of such uploads.
#include "base/error.h"
#include "net/web_time.h"
#include "storage/layout.h"
#include "storage/s3.h"
#include "storage/s3_body.h"
#include "storage/s3_client.h"
#include "storage/s3_errors.h"

namespace hikae {
namespace {

// An abort is a courtesy to the bill: it must not hold up a stop.
constexpr std::chrono::seconds kAbortLimit{10};

const std::vector<int> kNoOther;

void set_body(S3Request& request, const std::vector<ByteView>& pieces, const BodySums& sums) {
  request.headers.emplace_back("content-md5", sums.md5_base64);
  request.body = pieces;
  request.payload_hash = sums.sha256_hex;
}

std::string completion_body(const std::vector<std::string>& etags) {
  std::string body = "<CompleteMultipartUpload>";
  for (std::size_t i = 0; i < etags.size(); ++i) {
    body += "<Part><PartNumber>" + std::to_string(i + 1) + "</PartNumber><ETag>" + etags[i] +
            "</ETag></Part>";
  }
  return body + "</CompleteMultipartUpload>";
}

// ETags go into XML unescaped, so only what they may consist of.
std::string checked_etag(const net::HttpResponse& response) {
  std::string etag(net::header(response, "etag").value_or(""));
  const bool odd = etag.empty() || etag.find_first_of("<>&") != std::string::npos;
  if (odd) throw Error(ErrorCode::corrupt, text("storage.s3_answer", {{"what", "ETag"}}));
  return etag;
}

}  // namespace

void S3Backend::put_in_parts(const FileHandle& file,
                             const std::vector<ByteView>& pieces,
                             const StopToken& stop) {
  S3Request begin;
  begin.method = "POST";
  begin.key = path_of(file);
  begin.query = {{"uploads", ""}};
  begin.headers = object_headers(file);
  const std::string upload = parse_s3_upload_id(client_->send(begin, kNoOther, stop).body);
  try {
    std::uint64_t size = 0;
    for (const ByteView piece : pieces) size += piece.size();
    std::vector<std::string> etags;
    for (std::uint64_t at = 0; at < size; at += tuning_.part_size) {
      const auto part = part_of(pieces, at, tuning_.part_size);
      etags.push_back(put_part(file, upload, etags.size() + 1, part, stop));
    }
    complete(file, upload, etags, stop);
    confirm_size(file, size, stop);
  } catch (...) {
    abort_upload(path_of(file), upload);
    throw;
  }
}

std::string S3Backend::put_part(const FileHandle& file,
                                const std::string& upload,
                                std::size_t number,
                                const std::vector<ByteView>& pieces,
                                const StopToken& stop) {
  S3Request request;
  request.method = "PUT";
  request.key = path_of(file);
  request.query = {{"partNumber", std::to_string(number)}, {"uploadId", upload}};
  request.file = file.type;
  set_body(request, pieces, sums_of(pieces));
  return checked_etag(client_->send(request, kNoOther, stop));
}

void S3Backend::complete(const FileHandle& file,
                         const std::string& upload,
                         const std::vector<std::string>& etags,
                         const StopToken& stop) {
  const std::string body = completion_body(etags);
  S3Request request;
  request.method = "POST";
  request.key = path_of(file);
  request.query = {{"uploadId", upload}};
  if (knows_conditions_) {
    request.headers.emplace_back("if-none-match", "*");
  }
  // Not every store honours the condition here.
  if (size(file, stop))
    throw Error(ErrorCode::already_exists, text("storage.file_exists", {{"file", path_of(file)}}));
  const std::vector<ByteView> pieces = {as_bytes(body)};
  request.body = pieces;
  request.payload_hash = sums_of(pieces).sha256_hex;
  const net::HttpResponse response = client_->send(request, kNoOther, stop);
  if (const auto failure = parse_s3_completion(response.body)) {
    // Amazon answers 200 as soon as it begins, and tells of the failure in the body.
    const int status = failure->code == "InternalError" || failure->code == "SlowDown" ? 503 : 400;
    throw s3_error(status, *failure, {"POST", path_of(file), "", false}, client_->place());
  }
}

void S3Backend::abort_upload(const std::string& key, const std::string& upload) noexcept {
  try {
    S3Request request;
    request.method = "DELETE";
    request.key = key;
    request.query = {{"uploadId", upload}};
    request.time_limit = kAbortLimit;
    client_->send(request, {404}, StopToken());
  } catch (...) {  // the failure that led here is told; remove_leftovers() tries again later
  }
}

std::size_t S3Backend::remove_leftovers(std::chrono::seconds age, const StopToken& stop) {
  throw_if_stopped(stop);
  refuse_if_read_only();
  const std::string& prefix = client_->place().prefix;
  const Instant newest = client_->now() - age;
  std::size_t removed = 0;
  std::string next_key;
  std::string next_id;
  do {
    S3Request request;
    request.query = {{"uploads", ""}, {"encoding-type", "url"}, {"prefix", prefix}};
    if (!next_key.empty()) request.query.emplace_back("key-marker", next_key);
    if (!next_id.empty()) request.query.emplace_back("upload-id-marker", next_id);
    const S3Uploads page = parse_s3_uploads(client_->send(request, kNoOther, stop).body);
    for (const S3Upload& upload : page.uploads) {
      if (!upload.key.starts_with(prefix) || !upload.initiated || *upload.initiated > newest)
        continue;
      S3Request abort;
      abort.method = "DELETE";
      abort.key = upload.key.substr(prefix.size());
      abort.query = {{"uploadId", upload.id}};
      client_->send(abort, {404}, stop);
      ++removed;
    }
    next_key = page.next_key;
    next_id = page.next_id;
  } while (!next_key.empty());
  return removed;
}

void S3Backend::extend_lock(const FileHandle& file, Instant until, const StopToken& stop) {
  throw_if_stopped(stop);
  check_name(file);
  refuse_if_read_only();
  if (!options_.object_lock)
    throw Error(ErrorCode::invalid_argument, text("storage.s3_no_lock_mode"));
  const std::string mode = options_.object_lock->mode == S3Options::ObjectLock::Mode::governance
                               ? "GOVERNANCE"
                               : "COMPLIANCE";
  const std::string body = "<Retention><Mode>" + mode + "</Mode><RetainUntilDate>" +
                           net::iso_time(until) + "</RetainUntilDate></Retention>";
  S3Request request;
  request.method = "PUT";
  request.key = path_of(file);
  request.query = {{"retention", ""}};
  const std::vector<ByteView> pieces = {as_bytes(body)};
  set_body(request, pieces, sums_of(pieces));
  try {
    client_->send(request, kNoOther, stop);
  } catch (const Error& error) {
    if (error.code() != ErrorCode::permission || !is_locked_until(file, until, stop)) throw;
  }
}

// Nobody may shorten a lock, and need not: another machine has moved the end further already.
bool S3Backend::is_locked_until(const FileHandle& file, Instant until, const StopToken& stop) {
  S3Request request;
  request.method = "HEAD";
  request.key = path_of(file);
  const net::HttpResponse response = client_->send(request, {403, 404}, stop);
  const auto end = net::parse_iso_time(
      std::string(net::header(response, "x-amz-object-lock-retain-until-date").value_or("")));
  return end && *end >= std::chrono::floor<std::chrono::seconds>(until);
}

}  // namespace hikae
