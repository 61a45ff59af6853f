// SPDX-License-Identifier: Apache-2.0
#include "base/error.h"
#include "net/http_transfer.h"

namespace hikae::net {
namespace {

Error certificate_error(Text::Arguments arguments, const HttpOptions& options) {
  Error error(ErrorCode::permission, text("net.certificate", std::move(arguments)));
  if (options.ca_file.empty()) return std::move(error).with_hint(text("net.certificate_hint"));
  return std::move(error).with_hint(text("net.certificate_own_hint", {{"file", options.ca_file}}));
}

// A handshake fails in two ways: the connection broke, or both sides have nothing in common.
Error handshake_error(Text::Arguments arguments, const HttpOptions& options, CURL* easy) {
  long system_reason = 0;
  curl_easy_getinfo(easy, CURLINFO_OS_ERRNO, &system_reason);
  const std::string& reason = arguments.back().second;
  const bool broke = system_reason != 0 || reason.find("SYSCALL") != std::string::npos ||
                     reason.find("reset") != std::string::npos ||
                     reason.find("unexpected eof") != std::string::npos;
  if (broke)
    return {ErrorCode::io, text("net.handshake", std::move(arguments)), Retry::after_backoff};
  Error error(ErrorCode::unsupported, text("net.handshake", std::move(arguments)));
  if (options.ciphers == TlsCiphers::any) return error;
  return std::move(error).with_hint(text("net.handshake_hint"));
}

}  // namespace

std::string host_of(std::string_view url) {
  const std::size_t scheme = url.find("://");
  std::string_view rest = scheme == std::string_view::npos ? url : url.substr(scheme + 3);
  rest = rest.substr(0, rest.find_first_of("/?#"));
  const std::size_t at = rest.rfind('@');
  return std::string(at == std::string_view::npos ? rest : rest.substr(at + 1));
}

Error transfer_error(CURLcode code,
                     const std::string& reason,
                     const HttpRequest& request,
                     const HttpOptions& options,
                     CURL* easy) {
  Text::Arguments arguments = {{"host", host_of(request.url)},
                               {"reason", reason.empty() ? curl_easy_strerror(code) : reason}};
  constexpr Retry kLater = Retry::after_backoff;
  switch (code) {
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_ISSUER_ERROR:
      return certificate_error(std::move(arguments), options);
    case CURLE_SSL_CONNECT_ERROR:
      return handshake_error(std::move(arguments), options, easy);
    case CURLE_SSL_CACERT_BADFILE:
      return {
          ErrorCode::invalid_argument,
          text("net.ca_file", {{"file", options.ca_file}, {"reason", arguments.back().second}})};
    case CURLE_COULDNT_RESOLVE_HOST:
      return Error(ErrorCode::io, text("net.no_such_host", std::move(arguments)), kLater)
          .with_hint(text("net.no_such_host_hint"));
    case CURLE_COULDNT_CONNECT:
      return Error(ErrorCode::io, text("net.connect", std::move(arguments)), kLater)
          .with_hint(text("net.connect_hint"));
    case CURLE_OPERATION_TIMEDOUT:
      return Error(ErrorCode::timeout, text("net.connect", std::move(arguments)), kLater)
          .with_hint(text("net.connect_hint"));
    case CURLE_SEND_ERROR:
    case CURLE_SEND_FAIL_REWIND:
    case CURLE_RECV_ERROR:
    case CURLE_GOT_NOTHING:
    case CURLE_PARTIAL_FILE:
    case CURLE_WEIRD_SERVER_REPLY:
      return {ErrorCode::io, text("net.broke", std::move(arguments)), kLater};
    case CURLE_URL_MALFORMAT:
      return {ErrorCode::invalid_argument, text("net.bad_request", {{"what", "URL"}})};
    default:
      return {ErrorCode::io, text("net.broke", std::move(arguments))};
  }
}

}  // namespace hikae::net
