// SPDX-License-Identifier: Apache-2.0
#include "net/http_transfer.h"

#include <algorithm>
#include <cstring>
#include <mutex>

#include <openssl/ssl.h>

#include "base/error.h"
#include "crypto/secret.h"

namespace hikae::net {
namespace {

// Amazon, Ceph, MinIO and nginx all offer one of these; what offers only CBC modes is refused.
constexpr const char* kAes256Tls12 =
    "ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384:DHE-RSA-AES256-GCM-SHA384";
constexpr const char* kAes256Tls13 = "TLS_AES_256_GCM_SHA384";

// How often a stall is looked for.
constexpr std::chrono::milliseconds kLook{500};
// Packs are megabytes: fewer, larger steps than libcurl's own.
constexpr long kBuffer = 512L * 1024;

[[noreturn]] void refuse(std::string_view what) {
  throw Error(ErrorCode::invalid_argument, text("net.bad_request", {{"what", std::string(what)}}));
}

bool has_control(std::string_view value) {
  return std::any_of(value.begin(), value.end(), [](char c) {
    return static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
  });
}

std::string lower(std::string_view text) {
  std::string result(text);
  for (char& c : result) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return result;
}

std::string_view trim(std::string_view text) {
  const std::string_view blank = " \t\r\n";
  const std::size_t first = text.find_first_not_of(blank);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(blank) - first + 1);
}

bool is_success(int status) {
  return status >= 200 && status < 300;
}

void initialise_curl() {
  static std::once_flag once;
  std::call_once(once, [] { curl_global_init(CURL_GLOBAL_DEFAULT); });
}

struct Wake {
  CURLM* multi;
  void operator()() const noexcept { curl_multi_wakeup(multi); }
};

}  // namespace

void ListFree::operator()(curl_slist* list) const noexcept {
  // One of them may be a password in Basic authorization.
  for (curl_slist* item = list; item != nullptr; item = item->next)
    wipe(item->data, std::strlen(item->data));
  curl_slist_free_all(list);
}

Connection::Connection() {
  initialise_curl();
  multi_.reset(curl_multi_init());
  easy_.reset(curl_easy_init());
  if (!multi_ || !easy_) throw std::bad_alloc();
  curl_multi_setopt(multi_.get(), CURLMOPT_MAXCONNECTS, 1L);
}

template <typename T>
void Transfer::set(CURLoption option, T value) {
  const CURLcode code = curl_easy_setopt(connection_.easy(), option, value);
  if (code != CURLE_OK)
    throw Error(ErrorCode::io, text("net.library_failed", {{"reason", curl_easy_strerror(code)}}));
}

Transfer::Transfer(Connection& connection, const HttpRequest& request, const HttpOptions& options)
    : connection_(connection), request_(request), options_(options) {
  curl_easy_reset(connection.easy());
  set_up();
  set_up_tls();
  set_up_headers();
  set_up_body();
}

Transfer::~Transfer() {
  // Nothing may point to this object when the connection serves the next exchange. An exchange that
  // has not ended loses its connection here, since it cannot be used for another.
  curl_multi_remove_handle(connection_.multi(), connection_.easy());
  curl_easy_reset(connection_.easy());
}

void Transfer::set_up() {
  const std::string& url = request_.url;
  if (has_control(url) || (!url.starts_with("http://") && !url.starts_with("https://")))
    refuse("URL");
  set(CURLOPT_URL, url.c_str());
  set(CURLOPT_PATH_AS_IS, 1L);
  set(CURLOPT_PROTOCOLS_STR, "http,https");
  set(CURLOPT_HTTP_VERSION, long{CURL_HTTP_VERSION_1_1});
  set(CURLOPT_PROXY, "");  // not even that of the environment
  set(CURLOPT_NETRC, long{CURL_NETRC_IGNORED});
  set(CURLOPT_FOLLOWLOCATION, 0L);
  set(CURLOPT_NOSIGNAL, 1L);
  // A name server that does not answer must not hold up a stop.
  set(CURLOPT_QUICK_EXIT, 1L);
  set(CURLOPT_TCP_KEEPALIVE, 1L);
  set(CURLOPT_USERAGENT, options_.user_agent.c_str());
  set(CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(options_.connect_timeout.count()));
  set(CURLOPT_TIMEOUT_MS, static_cast<long>(request_.time_limit.count()));
  if (!options_.unix_socket.empty()) set(CURLOPT_UNIX_SOCKET_PATH, options_.unix_socket.c_str());
  set(CURLOPT_BUFFERSIZE, kBuffer);
  set(CURLOPT_UPLOAD_BUFFERSIZE, kBuffer);
  set(CURLOPT_ERRORBUFFER, reason_.data());
  set(CURLOPT_HEADERFUNCTION, &Transfer::on_header);
  set(CURLOPT_HEADERDATA, this);
  set(CURLOPT_WRITEFUNCTION, &Transfer::on_body);
  set(CURLOPT_WRITEDATA, this);
}

void Transfer::set_up_tls() {
  set(CURLOPT_SSL_VERIFYPEER, 1L);
  set(CURLOPT_SSL_VERIFYHOST, 2L);
  set(CURLOPT_SSLVERSION, long{CURL_SSLVERSION_TLSv1_2});
  if (options_.ciphers == TlsCiphers::aes_256_only) {
    set(CURLOPT_SSL_CIPHER_LIST, kAes256Tls12);
    set(CURLOPT_TLS13_CIPHERS, kAes256Tls13);
  }
  if (options_.ca_file.empty()) return;
  set(CURLOPT_CAINFO, options_.ca_file.c_str());
  // The folder of the system's authorities would count beside the file.
  set(CURLOPT_CAPATH, static_cast<const char*>(nullptr));
}

void Transfer::set_up_headers() {
  const auto add = [&](const std::string& line) {
    curl_slist* longer = curl_slist_append(headers_.get(), line.c_str());
    if (longer == nullptr) throw std::bad_alloc();
    (void)headers_.release();
    headers_.reset(longer);
  };
  // Waiting for "100 Continue" costs a round trip, or a second where the server does not know it.
  add("Expect:");
  add("Accept:");
  for (const auto& [name, value] : request_.headers) {
    if (name.empty() || has_control(name) || has_control(value) ||
        name.find(':') != std::string::npos)
      refuse("header");
    // libcurl's way to say that a header is to be sent without a value, rather than left out.
    std::string line = value.empty() ? name + ";" : name + ": " + value;
    add(line);
    wipe(line.data(), line.size());
  }
  set(CURLOPT_HTTPHEADER, headers_.get());
}

void Transfer::set_up_body() {
  std::size_t size = 0;
  for (const ByteView piece : request_.body) size += piece.size();
  const std::string& method = request_.method;
  if (method == "HEAD") {
    set(CURLOPT_NOBODY, 1L);
  } else if (size > 0 || method == "PUT" || method == "POST") {
    set(CURLOPT_UPLOAD, 1L);
    set(CURLOPT_INFILESIZE_LARGE, static_cast<curl_off_t>(size));
    set(CURLOPT_READFUNCTION, &Transfer::on_read);
    set(CURLOPT_READDATA, this);
    // For a kept connection that turns out to be closed: libcurl then sends again on a new one.
    set(CURLOPT_SEEKFUNCTION, &Transfer::on_seek);
    set(CURLOPT_SEEKDATA, this);
  }
  if (method.empty() || has_control(method) || method.find(' ') != std::string::npos)
    refuse("method");
  if (method != "HEAD") set(CURLOPT_CUSTOMREQUEST, method.c_str());
}

HttpResponse Transfer::run(const StopToken& stop) {
  const CURLcode code = drive(stop);
  if (failure_) std::rethrow_exception(failure_);
  if (code != CURLE_OK)
    throw transfer_error(code, reason_.data(), request_, options_, connection_.easy());
  long status = 0;
  curl_easy_getinfo(connection_.easy(), CURLINFO_RESPONSE_CODE, &status);
  response_.status = static_cast<int>(status);
  return std::move(response_);
}

CURLcode Transfer::drive(const StopToken& stop) {
  CURLM* multi = connection_.multi();
  const std::stop_callback<Wake> wake(stop, Wake{multi});
  const CURLMcode added = curl_multi_add_handle(multi, connection_.easy());
  if (added != CURLM_OK) return CURLE_FAILED_INIT;
  auto last_move = options_.clock->steady_now();
  for (;;) {
    int running = 0;
    if (curl_multi_perform(multi, &running) != CURLM_OK) return CURLE_FAILED_INIT;
    throw_if_stopped(stop);
    if (running == 0) break;
    const auto now = options_.clock->steady_now();
    if (has_moved()) last_move = now;
    if (now - last_move > options_.stall_timeout) {
      throw Error(ErrorCode::timeout,
                  text("net.stalled",
                       {{"host", host_of(request_.url)},
                        {"seconds", std::to_string(options_.stall_timeout.count() / 1000)}}),
                  Retry::after_backoff);
    }
    const auto wait = std::min(kLook, options_.stall_timeout);
    curl_multi_poll(multi, nullptr, 0, static_cast<int>(wait.count()), nullptr);
  }
  int left = 0;
  const CURLMsg* message = curl_multi_info_read(multi, &left);
  return message != nullptr ? message->data.result : CURLE_FAILED_INIT;
}

bool Transfer::has_moved() {
  curl_off_t up = 0;
  curl_off_t down = 0;
  long headers = 0;
  curl_easy_getinfo(connection_.easy(), CURLINFO_SIZE_UPLOAD_T, &up);
  curl_easy_getinfo(connection_.easy(), CURLINFO_SIZE_DOWNLOAD_T, &down);
  curl_easy_getinfo(connection_.easy(), CURLINFO_HEADER_SIZE, &headers);
  return std::exchange(moved_, up + down + headers) != moved_;
}

std::size_t Transfer::on_read(char* to, std::size_t size, std::size_t count, void* self) noexcept {
  auto& transfer = *static_cast<Transfer*>(self);
  try {
    return transfer.give_body(to, size * count);
  } catch (...) {  // libcurl is C: the exception travels in failure_ to run()
    transfer.failure_ = std::current_exception();
    return CURL_READFUNC_ABORT;
  }
}

std::size_t Transfer::give_body(char* to, std::size_t room) {
  const std::vector<ByteView>& body = request_.body;
  while (piece_ < body.size() && offset_ == body[piece_].size()) {
    ++piece_;
    offset_ = 0;
  }
  if (piece_ == body.size()) return 0;
  if (request_.next_sent) {
    std::size_t left = body[piece_].size() - offset_;
    for (std::size_t i = piece_ + 1; i < body.size(); ++i) left += body[i].size();
    room = request_.next_sent(std::min(room, left));
  }
  char* const start = to;
  while (room > 0 && piece_ < body.size()) {
    const ByteView rest = body[piece_].subspan(offset_);
    const std::size_t step = std::min(room, rest.size());
    if (step > 0) std::memcpy(to, rest.data(), step);
    to += step;
    room -= step;
    offset_ += step;
    if (step < rest.size()) break;
    ++piece_;
    offset_ = 0;
  }
  return static_cast<std::size_t>(to - start);
}

int Transfer::on_seek(void* self, curl_off_t offset, int origin) noexcept {
  if (offset != 0 || origin != SEEK_SET) return CURL_SEEKFUNC_CANTSEEK;
  // libcurl would send the body once more over a new connection, where a kept one broke before any
  // answer. The server may have carried out what it got: only who knows that can tell "exists
  // already" from a name that somebody else took.
  const auto& transfer = *static_cast<const Transfer*>(self);
  return transfer.piece_ == 0 && transfer.offset_ == 0 ? CURL_SEEKFUNC_OK : CURL_SEEKFUNC_FAIL;
}

std::size_t Transfer::on_header(char* data, std::size_t size, std::size_t n, void* self) noexcept {
  auto& transfer = *static_cast<Transfer*>(self);
  try {
    transfer.take_header({data, size * n});
    return size * n;
  } catch (...) {  // libcurl is C: the exception travels in failure_ to run()
    transfer.failure_ = std::current_exception();
    return 0;
  }
}

void Transfer::take_header(std::string_view line) {
  if (line.starts_with("HTTP/")) {
    // An answer before the answer ("100 Continue") does not count.
    response_.headers.clear();
    note_tls();
    return;
  }
  const std::size_t colon = line.find(':');
  if (colon == std::string_view::npos) return;
  response_.headers.emplace_back(lower(trim(line.substr(0, colon))),
                                 std::string(trim(line.substr(colon + 1))));
}

// libcurl tells only while the exchange lasts.
void Transfer::note_tls() {
  const curl_tlssessioninfo* info = nullptr;
  curl_easy_getinfo(connection_.easy(), CURLINFO_TLS_SSL_PTR, &info);
  if (info == nullptr || info->backend != CURLSSLBACKEND_OPENSSL || info->internals == nullptr)
    return;
  const SSL* ssl = static_cast<SSL*>(info->internals);
  const SSL_CIPHER* cipher = SSL_get_current_cipher(ssl);
  if (cipher == nullptr) return;
  const char* name = SSL_CIPHER_standard_name(cipher);
  response_.tls = {SSL_get_version(ssl), name != nullptr ? name : SSL_CIPHER_get_name(cipher)};
}

std::size_t Transfer::on_body(char* data, std::size_t size, std::size_t n, void* self) noexcept {
  auto& transfer = *static_cast<Transfer*>(self);
  try {
    ByteView bytes = as_bytes({data, size * n});
    const HttpRequest::NextPart& next = transfer.request_.next_received;
    for (std::size_t left = next ? bytes.size() : 0; left > 0;) left -= next(left);
    transfer.take_body(bytes);
    return size * n;
  } catch (...) {  // libcurl is C: the exception travels in failure_ to run()
    transfer.failure_ = std::current_exception();
    return 0;
  }
}

void Transfer::take_body(ByteView bytes) {
  long status = 0;
  curl_easy_getinfo(connection_.easy(), CURLINFO_RESPONSE_CODE, &status);
  const bool direct = !request_.into.empty() && is_success(static_cast<int>(status));
  const std::size_t limit = direct ? request_.into.size() : request_.answer_limit;
  if (bytes.size() > limit - response_.body_size) {
    throw Error(ErrorCode::corrupt,
                text("net.answer_too_large",
                     {{"host", host_of(request_.url)}, {"limit", std::to_string(limit)}}));
  }
  if (direct) {
    std::copy(bytes.begin(),
              bytes.end(),
              request_.into.begin() + static_cast<std::ptrdiff_t>(response_.body_size));
  } else {
    if (response_.body.empty()) {
      curl_off_t length = 0;
      curl_easy_getinfo(connection_.easy(), CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &length);
      if (length > 0) response_.body.reserve(std::min(limit, static_cast<std::size_t>(length)));
    }
    append(response_.body, bytes);
  }
  response_.body_size += bytes.size();
}

}  // namespace hikae::net
