// SPDX-License-Identifier: Apache-2.0
#include "notify/post.h"

#include <algorithm>
#include <charconv>

#include "base/utf8.h"
#include "net/web_time.h"
#include "notify/render.h"

namespace hikae::notify {
namespace {

constexpr std::size_t kLongestAnswer = 300;

std::string host_in(std::string_view url) {
  const std::size_t scheme = url.find("://");
  std::string_view rest = scheme == std::string_view::npos ? url : url.substr(scheme + 3);
  rest = rest.substr(0, rest.find_first_of("/?#"));
  const std::size_t at = rest.rfind('@');
  return std::string(at == std::string_view::npos ? rest : rest.substr(at + 1));
}

bool is_this_machine(const std::string& host) {
  const std::string name = host.substr(0, host.rfind(':'));
  return host.starts_with("[::1]") || name == "localhost" || name == "127.0.0.1";
}

// What is no address at all must not be shown either: it may be a password in the wrong file.
std::optional<Error> find_unusable(const PostRequest& request) {
  const std::string& url = request.url;
  const bool is_plain_text = std::all_of(
      url.begin(), url.end(), [](char c) { return c > 0x20 && c < 0x7f && c != '"' && c != '\\'; });
  const bool secure = url.starts_with("https://");
  if (!is_plain_text || (!secure && !url.starts_with("http://")) || host_in(url).empty()) {
    return Error(ErrorCode::invalid_argument, text("notify.no_address"))
        .with_hint(text("notify.no_address_hint"));
  }
  if (secure || request.in_transit == policy::TransportCipher::any || is_this_machine(host_in(url)))
    return std::nullopt;
  return Error(ErrorCode::invalid_argument, text("notify.plain_http", {{"host", host_in(url)}}))
      .with_hint(text("notify.plain_http_hint"));
}

void hide(std::string& text, std::string_view secret) {
  constexpr std::string_view kHidden = "***";
  for (std::size_t at = text.find(secret); at != std::string::npos;
       at = text.find(secret, at + kHidden.size()))
    text.replace(at, secret.size(), kHidden);
}

bool looks_secret(std::string_view part) {
  const bool has_digit =
      std::any_of(part.begin(), part.end(), [](char c) { return c >= '0' && c <= '9'; });
  return part.size() >= 16 || (part.size() >= 6 && has_digit);
}

// Many servers repeat in "not found" what they were asked for, which is the secret here.
std::string without_address(std::string text, std::string_view url) {
  constexpr std::size_t kShortest = 4;
  const std::size_t path = url.find('/', url.find("://") + 3);
  if (path == std::string_view::npos) return text;
  std::string_view rest = url.substr(path);
  for (const std::string_view whole : {rest, rest.substr(0, rest.find('?'))}) {
    if (whole.size() >= kShortest) hide(text, whole);
  }
  while (!rest.empty()) {
    const std::string_view part = rest.substr(0, rest.find_first_of("/?&="));
    if (looks_secret(part)) hide(text, part);
    rest.remove_prefix(std::min(part.size() + 1, rest.size()));
  }
  return text;
}

std::string answer_of(const net::HttpResponse& response, std::string_view url) {
  std::string text = redacted(without_address(std::string(as_text(response.body)), url));
  std::replace(text.begin(), text.end(), '\n', ' ');
  if (text.size() > kLongestAnswer) {
    std::size_t end = kLongestAnswer;
    while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0U) == 0x80U) --end;
    text = text.substr(0, end) + "…";
  }
  return std::to_string(response.status) + (text.empty() ? "" : " " + text);
}

// Seconds, or a date (RFC 9110 §10.2.3).
std::optional<std::chrono::seconds> retry_after(const net::HttpResponse& response,
                                                const Clock& clock) {
  const auto value = net::header(response, "retry-after");
  if (!value) return std::nullopt;
  constexpr std::chrono::seconds kLongest = std::chrono::hours(24);
  std::int64_t seconds = 0;
  const auto [end, error] = std::from_chars(value->data(), value->data() + value->size(), seconds);
  if (error != std::errc() || end != value->data() + value->size()) {
    const auto date = net::parse_http_date(*value);
    if (!date) return std::nullopt;
    seconds = std::chrono::duration_cast<std::chrono::seconds>(*date - clock.now()).count();
  }
  return std::clamp(std::chrono::seconds(seconds), std::chrono::seconds(0), kLongest);
}

Error refusal(const net::HttpResponse& response, const std::string& url) {
  const Text::Arguments arguments = {{"host", host_in(url)}, {"answer", answer_of(response, url)}};
  const int status = response.status;
  if (status == 429 || status == 408 || status >= 500)
    return {ErrorCode::io, text("notify.refused_for_now", arguments), Retry::after_backoff};
  Error error(ErrorCode::invalid_argument, text("notify.refused", arguments));
  if (status >= 300 && status < 400)
    return std::move(error).with_hint(text("notify.refused_moved_hint"));
  if (status == 401 || status == 403 || status == 404 || status == 410)
    return std::move(error).with_hint(text("notify.refused_address_hint"));
  return std::move(error).with_hint(text("notify.refused_hint"));
}

net::HttpResponse send(const PostRequest& request, const StopToken& stop) {
  net::HttpOptions options;
  options.connections = 1;
  // The policy's in_transit is about the backup; these services choose their own suites.
  options.ciphers = net::TlsCiphers::any;
  options.ca_file = request.ca_file;
  options.connect_timeout = std::chrono::seconds(10);
  net::HttpRequest http;
  http.method = "POST";
  http.url = request.url;
  http.headers = request.headers;
  http.body = {as_bytes(request.body)};
  http.answer_limit = std::size_t{64} << 10U;
  http.time_limit = std::chrono::seconds(20);
  return net::HttpClient(std::move(options)).send(http, stop);
}

}  // namespace

Delivery post(const PostRequest& request, const Clock& clock, const StopToken& stop) {
  Delivery delivery;
  delivery.failure = find_unusable(request);
  if (delivery.failure) return delivery;
  try {
    const net::HttpResponse response = send(request, stop);
    delivery.answer = answer_of(response, request.url);
    if (response.status >= 200 && response.status < 300) return delivery;
    delivery.failure = refusal(response, request.url);
    delivery.retry_after = retry_after(response, clock);
  } catch (const Error& error) {
    delivery.failure = error;
  }
  return delivery;
}

}  // namespace hikae::notify
