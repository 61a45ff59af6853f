// SPDX-License-Identifier: Apache-2.0
#include "storage/s3.h"

#include <algorithm>
#include <charconv>
#include <limits>

#include "base/error.h"
#include "net/web_time.h"
#include "storage/layout.h"
#include "storage/pieces.h"
#include "storage/s3_body.h"
#include "storage/s3_client.h"

namespace hikae {
namespace {

constexpr std::size_t kConnections = 5;

S3ClientOptions client_options(const Location& location,
                               OpenOptions& options,
                               std::size_t connections,
                               const S3Backend::Tuning& tuning) {
  S3ClientOptions made = s3_client_options(location, options, connections, tuning.clock);
  made.http.stall_timeout = tuning.stall_timeout;
  return made;
}

S3Request request_for(const std::string& method, const FileHandle& file) {
  S3Request request;
  request.method = method;
  request.key = path_of(file);
  request.file = file.type;
  return request;
}

Error no_such_file(const FileHandle& file) {
  return {ErrorCode::not_found, text("storage.no_such_file", {{"file", path_of(file)}})};
}

Error exists(const FileHandle& file) {
  return {ErrorCode::already_exists, text("storage.file_exists", {{"file", path_of(file)}})};
}

Error too_short(const FileHandle& file) {
  return {ErrorCode::corrupt, text("storage.file_too_short", {{"file", path_of(file)}})};
}

std::optional<std::uint64_t> parse_size(std::optional<std::string_view> digits) {
  std::uint64_t size = 0;
  if (!digits) return std::nullopt;
  const auto [end, error] = std::from_chars(digits->data(), digits->data() + digits->size(), size);
  if (error != std::errc() || end != digits->data() + digits->size()) return std::nullopt;
  return size;
}

// Kinds that object lock protects: what a restore needs. Locks must go away.
bool is_locked_kind(FileType type) {
  return type == FileType::config || type == FileType::key || type == FileType::snapshot ||
         type == FileType::index || type == FileType::pack;
}

std::string lock_mode(const S3Options::ObjectLock& lock) {
  return lock.mode == S3Options::ObjectLock::Mode::governance ? "GOVERNANCE" : "COMPLIANCE";
}

// Tidying up must not hold up a stop.
constexpr std::chrono::seconds kDiscardLimit{10};

// Some stores write it in capitals.
bool is_etag_of(const std::string& md5, std::optional<std::string_view> etag) {
  std::string digits(etag.value_or(""));
  std::erase(digits, '"');
  for (char& c : digits) {
    if (c >= 'A' && c <= 'F') c = static_cast<char>(c - 'A' + 'a');
  }
  return digits == md5;
}

std::uint64_t size_of(const std::vector<ByteView>& pieces) {
  std::uint64_t size = 0;
  for (const ByteView piece : pieces) size += piece.size();
  return size;
}

// Where nothing but a success is expected.
const std::vector<int> kNoOther;

}  // namespace

S3Backend::S3Backend(const Location& location, OpenOptions options, Tuning tuning)
    : mode_(options.mode),
      display_(location.display),
      connections_(std::max<std::size_t>(options.connections.value_or(kConnections), 1)),
      options_(options.s3),
      tuning_(std::move(tuning)),
      client_(
          std::make_unique<S3Client>(client_options(location, options, connections_, tuning_))) {}

S3Backend::S3Backend(const Location& location, OpenOptions options)
    : S3Backend(location, std::move(options), Tuning{}) {}

S3Backend::~S3Backend() = default;

void S3Backend::refuse_if_read_only() const {
  if (mode_ == AccessMode::read_only)
    throw Error(ErrorCode::read_only, text("storage.opened_read_only", {{"path", display_}}));
}

std::optional<Transport> S3Backend::transport() {
  return client_->transport();
}

Backend::Pacing S3Backend::keep_pace(const Paces& paces) {
  client_->keep_pace(paces);
  return Pacing::kept;
}

RequestCounts S3Backend::requests() {
  return client_->requests();
}

// A store has no folders; but the bucket must be there and must let us in.
void S3Backend::create_layout(const StopToken& stop) {
  throw_if_stopped(stop);
  refuse_if_read_only();
  is_empty(stop);
}

bool S3Backend::is_empty(const StopToken& stop) {
  throw_if_stopped(stop);
  S3Request request;
  request.query = {{"list-type", "2"}, {"max-keys", "1"}, {"prefix", client_->place().prefix}};
  return parse_s3_listing(client_->send(request, kNoOther, stop).body).objects.empty();
}

Bytes S3Backend::load(const FileHandle& file, const StopToken& stop) {
  throw_if_stopped(stop);
  check_name(file);
  S3Request request = request_for("GET", file);
  request.answer_limit = std::numeric_limits<std::size_t>::max();
  return client_->send(request, kNoOther, stop).body;
}

void S3Backend::load_range(const FileHandle& file,
                           std::uint64_t offset,
                           MutableByteView out,
                           const StopToken& stop) {
  throw_if_stopped(stop);
  check_name(file);
  if (out.empty()) {
    // No range is empty in HTTP.
    const auto whole = size(file, stop);
    if (!whole) throw no_such_file(file);
    if (offset > *whole) throw too_short(file);
    return;
  }
  S3Request request = request_for("GET", file);
  request.headers = {
      {"range", "bytes=" + std::to_string(offset) + "-" + std::to_string(offset + out.size() - 1)}};
  request.into = out;
  const net::HttpResponse response = client_->send(request, {416}, stop);
  if (response.status == 416 || response.body_size < out.size()) throw too_short(file);
  // Some proxies drop "Range" and answer with the whole file.
  if (response.status != 206 && offset != 0) {
    throw Error(ErrorCode::unsupported,
                text("storage.s3_no_ranges", {{"bucket", client_->place().bucket}}));
  }
}

std::optional<std::uint64_t> S3Backend::size(const FileHandle& file, const StopToken& stop) {
  throw_if_stopped(stop);
  check_name(file);
  const net::HttpResponse response = client_->send(request_for("HEAD", file), {403, 404}, stop);
  // Neither says why: the bucket may be missing, or the keys be wrong.
  if (response.status == 403) return size_by_get(file, stop);
  if (response.status == 404) return std::nullopt;
  const auto size = parse_size(net::header(response, "content-length"));
  if (!size)
    throw Error(ErrorCode::corrupt, text("storage.s3_answer", {{"what", "Content-Length"}}));
  return size;
}

std::optional<std::uint64_t> S3Backend::size_by_get(const FileHandle& file, const StopToken& stop) {
  S3Request request = request_for("GET", file);
  request.headers = {{"range", "bytes=0-0"}};
  const net::HttpResponse response = client_->send(request, {404, 416}, stop);
  if (response.status == 404) return std::nullopt;
  const std::string_view range = net::header(response, "content-range").value_or("");
  const auto size = parse_size(range.substr(std::min(range.find('/') + 1, range.size())));
  if (!size)
    throw Error(ErrorCode::corrupt, text("storage.s3_answer", {{"what", "Content-Range"}}));
  return size;
}

void S3Backend::list(FileType type,
                     const std::function<void(const FileInfo&)>& visit,
                     const StopToken& stop) {
  throw_if_stopped(stop);
  if (type == FileType::config) {
    const auto found = size({FileType::config, ""}, stop);
    if (found) visit({"", *found, std::nullopt});
    return;
  }
  const std::string& prefix = client_->place().prefix;
  const std::string folder = prefix + std::string(folder_of(type)) + "/";
  S3Request request;
  std::string next;
  do {
    request.query = {{"list-type", "2"}, {"encoding-type", "url"}, {"prefix", folder}};
    if (!next.empty()) request.query.emplace_back("continuation-token", next);
    const S3Listing page = parse_s3_listing(client_->send(request, kNoOther, stop).body);
    for (const S3Object& object : page.objects) {
      throw_if_stopped(stop);
      const std::string name = object.key.substr(object.key.rfind('/') + 1);
      // Also leaves out what lies in a wrong folder, or deeper.
      if (is_file_name(name) && object.key == prefix + path_of({type, name}))
        visit({name, object.size, object.modified});
    }
    next = page.next;
  } while (!next.empty());
}

void S3Backend::remove(const FileHandle& file, const StopToken& stop) {
  throw_if_stopped(stop);
  check_name(file);
  refuse_if_read_only();
  client_->send(request_for("DELETE", file), {404}, stop);
}

void S3Backend::save(const FileHandle& file,
                     const std::vector<ByteView>& pieces,
                     const StopToken& stop) {
  throw_if_stopped(stop);
  check_name(file);
  refuse_if_read_only();
  const bool ask_first = file.type != FileType::pack || !knows_conditions_;
  if (ask_first && size(file, stop)) throw exists(file);
  if (size_of(pieces) > tuning_.multipart_size) {
    put_in_parts(file, pieces, stop);
  } else {
    put(file, pieces, stop);
  }
}

S3Backend::Headers S3Backend::object_headers(const FileHandle& file) const {
  Headers headers;
  if (options_.encryption == S3Options::Encryption::aes256) {
    headers.emplace_back("x-amz-server-side-encryption", "AES256");
  } else if (options_.encryption == S3Options::Encryption::aws_kms) {
    headers.emplace_back("x-amz-server-side-encryption", "aws:kms");
    if (!options_.kms_key_id.empty())
      headers.emplace_back("x-amz-server-side-encryption-aws-kms-key-id", options_.kms_key_id);
  }
  if (file.type == FileType::pack && !options_.storage_class.empty())
    headers.emplace_back("x-amz-storage-class", options_.storage_class);
  if (options_.object_lock && is_locked_kind(file.type)) {
    headers.emplace_back("x-amz-object-lock-mode", lock_mode(*options_.object_lock));
    headers.emplace_back("x-amz-object-lock-retain-until-date",
                         net::iso_time(client_->now() + options_.object_lock->keep));
  }
  return headers;
}

void S3Backend::put(const FileHandle& file,
                    const std::vector<ByteView>& pieces,
                    const StopToken& stop) {
  const BodySums sums = sums_of(pieces);
  S3Request request = request_for("PUT", file);
  request.headers = object_headers(file);
  request.headers.emplace_back("content-md5", sums.md5_base64);
  const bool conditional = knows_conditions_;
  if (conditional) request.headers.emplace_back("if-none-match", "*");
  request.body = pieces;
  request.payload_hash = sums.sha256_hex;
  const net::HttpResponse response =
      client_->send(request, conditional ? std::vector<int>{501} : kNoOther, stop);
  if (response.status == 501) {
    // If it is something else that the store does not know, it says so again, as an error.
    knows_conditions_ = false;
    return save(file, pieces, stop);
  }
  confirm(file, pieces, sums.md5_hex, response, stop);
}

void S3Backend::confirm(const FileHandle& file,
                        const std::vector<ByteView>& pieces,
                        const std::string& md5,
                        const net::HttpResponse& response,
                        const StopToken& stop) {
  if (is_etag_of(md5, net::header(response, "etag"))) return;
  confirm_size(file, size_of(pieces), stop);
  const bool is_kms =
      net::header(response, "x-amz-server-side-encryption").value_or("").starts_with("aws:kms");
  if (is_kms || has_other_etags_) return;
  if (!are_all_of(pieces, load(file, stop))) {
    discard(file);
    throw Error(ErrorCode::io,
                text("storage.s3_stored_otherwise", {{"file", path_of(file)}}),
                Retry::after_backoff);
  }
  has_other_etags_ = true;
}

void S3Backend::confirm_size(const FileHandle& file,
                             std::uint64_t expected,
                             const StopToken& stop) {
  const auto stored = size(file, stop);
  if (stored == expected) return;
  discard(file);
  throw Error(ErrorCode::io,
              text("storage.s3_not_confirmed",
                   {{"file", path_of(file)},
                    {"size", std::to_string(expected)},
                    {"stored", stored ? std::to_string(*stored) : "-"}}),
              Retry::after_backoff);
}

// Nobody refers to it yet, and the next attempt must find its name free. Whose keys may not delete
// fails then, since nothing is replaced.
void S3Backend::discard(const FileHandle& file) noexcept {
  try {
    S3Request request = request_for("DELETE", file);
    request.time_limit = kDiscardLimit;
    client_->send(request, {404}, StopToken());
  } catch (...) {  // what led here is told
  }
}

}  // namespace hikae
