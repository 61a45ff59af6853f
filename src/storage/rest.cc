// SPDX-License-Identifier: Apache-2.0
#include "storage/rest.h"

#include <charconv>
#include <utility>

#include "base/error.h"
#include "base/units.h"
#include "storage/layout.h"
#include "storage/rest_list.h"

namespace hikae {
namespace {

// As restic has it: enough to fill a line, few enough for a small server.
constexpr std::size_t kConnections = 5;
constexpr const char* kVersion2 = "application/vnd.x.restic.rest.v2";
// Larger than any file of a repository, and than the list of some ten million packs.
constexpr std::size_t kAnswerLimit = std::size_t{1} << 30U;

net::HttpOptions http_options(const OpenOptions& options) {
  net::HttpOptions http;
  http.connections = options.connections.value_or(kConnections);
  http.ciphers = options.ciphers == TransportCiphers::any ? net::TlsCiphers::any
                                                          : net::TlsCiphers::aes_256_only;
  http.ca_file = options.ca_file;
  if (http.ca_file.empty() && options.variable)
    http.ca_file = options.variable("RESTIC_CACERT").value_or("");
  return http;
}

// The protocol's path. It knows no folders of packs: those are the server's matter.
std::string path_for(const FileHandle& file) {
  if (file.type == FileType::config) return "config";
  return std::string(folder_of(file.type)) + "/" + file.name;
}

bool is_ours_alone(FileType type) {
  return type == FileType::policy || type == FileType::evidence || type == FileType::forgotten;
}

// A server that knows no such path; what lies there can only be nothing.
bool is_no_such_place(int status) {
  return status == 404 || status == 405;
}

std::optional<std::uint64_t> content_length(const net::HttpResponse& response) {
  const auto value = net::header(response, "content-length");
  std::uint64_t length = 0;
  if (!value) return std::nullopt;
  const auto [end, error] = std::from_chars(value->data(), value->data() + value->size(), length);
  if (error != std::errc() || end != value->data() + value->size()) return std::nullopt;
  return length;
}

Error too_short(const FileHandle& file) {
  return {ErrorCode::corrupt, text("storage.file_too_short", {{"file", path_of(file)}})};
}

}  // namespace

RestBackend::RestBackend(const Location& location, const OpenOptions& options)
    : location_(location.display),
      mode_(options.mode),
      connections_(options.connections.value_or(kConnections)),
      place_(rest_place(location, options)),
      http_(http_options(options)) {}

net::HttpResponse RestBackend::send(net::HttpRequest request,
                                    const std::string& path,
                                    const StopToken& stop) {
  throw_if_stopped(stop);
  request.url = place_.url + path;
  request.answer_limit = kAnswerLimit;
  request.headers.emplace_back("Accept", kVersion2);
  if (request.method == "POST") request.headers.emplace_back("Content-Type", "binary/octet-stream");
  const bool with_login = !place_.authorization.empty();
  if (with_login) request.headers.emplace_back("Authorization", place_.authorization.reveal());
  net::HttpResponse response = http_.send(request, stop);
  if (with_login) wipe(request.headers.back().second.data(), request.headers.back().second.size());
  if (response.tls) {
    const bool aes_256 = response.tls->cipher.find("AES_256") != std::string::npos ||
                         response.tls->cipher.find("AES256") != std::string::npos;
    *transport_.lock() = Transport{response.tls->version, response.tls->cipher, aes_256};
  }
  return response;
}

Error RestBackend::unexpected(int status) const {
  const Text::Arguments where{{"location", location_}, {"status", std::to_string(status)}};
  switch (status) {
    case 401:
      return Error(ErrorCode::permission, text("storage.rest_login", where))
          .with_hint(text("storage.rest_login_hint"));
    case 403:
      return Error(ErrorCode::permission, text("storage.rest_refused", where))
          .with_hint(text("storage.rest_refused_hint"));
    case 404:
    case 405:
      return Error(ErrorCode::no_repository, text("storage.rest_no_repository", where))
          .with_hint(text("storage.rest_no_repository_hint"));
    case 413:
      return Error(ErrorCode::io, text("storage.rest_too_large", where))
          .with_hint(text("storage.rest_too_large_hint"));
    case 507:
      return Error(ErrorCode::no_space, text("storage.rest_full", where))
          .with_hint(text("storage.rest_full_hint"));
    default:
      break;
  }
  // 400 to an upload: what arrived is not what its name says; sent again it may be.
  const bool may_pass = status >= 500 || status == 408 || status == 429 || status == 400;
  return Error(ErrorCode::io,
               text("storage.rest_status", where),
               may_pass ? Retry::after_backoff : Retry::no)
      .with_hint(status >= 300 && status < 400 ? text("storage.rest_redirect_hint")
                                               : text("storage.rest_status_hint"));
}

Error RestBackend::absent(const FileHandle& file) const {
  return {ErrorCode::not_found, text("storage.no_such_file", {{"file", path_of(file)}})};
}

void RestBackend::refuse_if_read_only() const {
  if (mode_ == AccessMode::read_only)
    throw Error(ErrorCode::read_only, text("storage.opened_read_only", {{"path", location_}}));
}

void RestBackend::create_layout(const StopToken& stop) {
  throw_if_stopped(stop);
  refuse_if_read_only();
  net::HttpRequest request;
  request.method = "POST";
  const int status = send(std::move(request), "?create=true", stop).status;
  if (status != 200) throw unexpected(status);
}

bool RestBackend::is_empty(const StopToken& stop) {
  for (const FileType type : kAllFileTypes) {
    if (type == FileType::config) {
      if (size({type, ""}, stop)) return false;
      continue;
    }
    auto answer = try_list(type, stop);
    bool empty = true;
    if (answer) parse_rest_list(answer->body, [&](const RestListEntry&) { empty = false; });
    if (!empty) return false;
  }
  return true;
}

void RestBackend::save(const FileHandle& file,
                       const std::vector<ByteView>& pieces,
                       const StopToken& stop) {
  throw_if_stopped(stop);
  check_name(file);
  refuse_if_read_only();
  try {
    net::HttpRequest request = paced(file.type, stop);
    request.method = "POST";
    request.body = pieces;
    const int status = send(std::move(request), path_for(file), stop).status;
    if (status != 200) refuse_save(file, status, stop);
  } catch (Error& error) {
    throw std::move(error).with_context(text("storage.saving", {{"file", path_of(file)}}));
  }
}

net::HttpRequest RestBackend::paced(FileType type, const StopToken& stop) const {
  net::HttpRequest request;
  request.next_sent = next_part(paces_.upload, type, stop);
  request.next_received = next_part(paces_.download, type, stop);
  return request;
}

Backend::Pacing RestBackend::keep_pace(const Paces& paces) {
  paces_ = paces;
  return Pacing::kept;
}

void RestBackend::refuse_save(const FileHandle& file, int status, const StopToken& stop) {
  if (is_ours_alone(file.type) && is_no_such_place(status))
    throw Error(ErrorCode::unsupported,
                text("storage.rest_not_ours", {{"location", location_}, {"file", path_of(file)}}))
        .with_hint(text("storage.rest_not_ours_hint"));
  // The protocol has one status for "exists already" and for "not allowed".
  if (status == 403 && size(file, stop))
    throw Error(ErrorCode::already_exists, text("storage.file_exists", {{"file", path_of(file)}}));
  throw unexpected(status);
}

Bytes RestBackend::load(const FileHandle& file, const StopToken& stop) {
  throw_if_stopped(stop);
  check_name(file);
  try {
    net::HttpResponse response = send(paced(file.type, stop), path_for(file), stop);
    if (is_no_such_place(response.status)) throw absent(file);
    if (response.status != 200) throw unexpected(response.status);
    return std::move(response.body);
  } catch (Error& error) {
    throw std::move(error).with_context(text("storage.loading", {{"file", path_of(file)}}));
  }
}

void RestBackend::load_range(const FileHandle& file,
                             std::uint64_t offset,
                             MutableByteView out,
                             const StopToken& stop) {
  throw_if_stopped(stop);
  check_name(file);
  if (out.empty()) {
    // No Range header asks for nothing.
    const auto whole = size(file, stop);
    if (!whole) throw absent(file);
    if (offset > *whole) throw too_short(file);
    return;
  }
  try {
    net::HttpRequest request = paced(file.type, stop);
    request.headers.emplace_back(
        "Range", "bytes=" + std::to_string(offset) + "-" + std::to_string(offset + out.size() - 1));
    request.into = out;
    const net::HttpResponse response = send(std::move(request), path_for(file), stop);
    if (is_no_such_place(response.status)) throw absent(file);
    if (response.status == 416) throw too_short(file);
    // A server that ignores the header gives the whole file, which is right only from the start.
    const bool right = response.status == 206 || (response.status == 200 && offset == 0);
    if (!right) throw unexpected(response.status);
    if (response.body_size != out.size()) throw too_short(file);
  } catch (Error& error) {
    throw std::move(error).with_context(text("storage.loading", {{"file", path_of(file)}}));
  }
}

std::optional<std::uint64_t> RestBackend::size(const FileHandle& file, const StopToken& stop) {
  throw_if_stopped(stop);
  check_name(file);
  net::HttpRequest request;
  request.method = "HEAD";
  const net::HttpResponse response = send(std::move(request), path_for(file), stop);
  if (is_no_such_place(response.status)) return std::nullopt;
  const auto length = content_length(response);
  if (response.status != 200 || !length) throw unexpected(response.status);
  return length;
}

std::optional<net::HttpResponse> RestBackend::try_list(FileType type, const StopToken& stop) {
  net::HttpResponse response = send({}, std::string(folder_of(type)) + "/", stop);
  if (is_no_such_place(response.status)) return std::nullopt;
  if (response.status != 200) throw unexpected(response.status);
  return response;
}

void RestBackend::list(FileType type,
                       const std::function<void(const FileInfo&)>& visit,
                       const StopToken& stop) {
  throw_if_stopped(stop);
  if (type == FileType::config) {
    if (const auto config = size({type, ""}, stop)) visit({"", *config, std::nullopt});
    return;
  }
  auto answer = try_list(type, stop);
  if (!answer) {
    // rclone says 404 for an empty folder; and only our server has our own kinds.
    if (is_ours_alone(type) || size({FileType::config, ""}, stop)) return;
    throw unexpected(404);
  }
  parse_rest_list(answer->body, [&](const RestListEntry& entry) {
    throw_if_stopped(stop);
    // Version 1 tells no sizes; a file that is gone meanwhile is none.
    const auto bytes = entry.size ? entry.size : size({type, entry.name}, stop);
    if (bytes) visit({entry.name, *bytes, std::nullopt});
  });
}

void RestBackend::remove(const FileHandle& file, const StopToken& stop) {
  throw_if_stopped(stop);
  check_name(file);
  refuse_if_read_only();
  net::HttpRequest request;
  request.method = "DELETE";
  const int status = send(std::move(request), path_for(file), stop).status;
  if (status != 200 && !is_no_such_place(status)) throw unexpected(status);
}

// What an interrupted upload leaves is the server's to remove.
std::size_t RestBackend::remove_leftovers(std::chrono::seconds, const StopToken& stop) {
  throw_if_stopped(stop);
  refuse_if_read_only();
  return 0;
}

std::optional<Transport> RestBackend::transport() {
  return *transport_.lock();
}

}  // namespace hikae
