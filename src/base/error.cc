// SPDX-License-Identifier: Apache-2.0
#include "base/error.h"

#include <cerrno>
#include <system_error>

namespace hikae {
namespace {

ErrorCode code_of(int error_number) {
  switch (error_number) {
    case ENOENT:
    case ENOTDIR:
      return ErrorCode::not_found;
    case EEXIST:
    case ENOTEMPTY:
      return ErrorCode::already_exists;
    case EACCES:
    case EPERM:
      return ErrorCode::permission;
    case ENOSPC:
    case EDQUOT:
    case EFBIG:
      return ErrorCode::no_space;
    case EROFS:
      return ErrorCode::read_only;
    case ETIMEDOUT:
      return ErrorCode::timeout;
    case ENOTSUP:
    case ENOSYS:
      return ErrorCode::unsupported;
    case EINVAL:
    case ENAMETOOLONG:
      return ErrorCode::invalid_argument;
    default:
      return ErrorCode::io;
  }
}

bool passes_by_itself(int error_number) {
  return error_number == EINTR || error_number == EAGAIN || error_number == ETIMEDOUT ||
         error_number == EBUSY || error_number == ESTALE || error_number == ECONNRESET ||
         error_number == EIO;
}

}  // namespace

Error::Error(ErrorCode code, Text message, Retry retry)
    : code_(code),
      retry_(retry),
      message_(std::move(message)),
      what_(hikae::render(message_, Language::en)) {}

Error& Error::add_context(Text context) {
  what_ = hikae::render(context, Language::en) + ": " + what_;
  contexts_.push_back(std::move(context));
  return *this;
}

Error& Error::set_hint(Text hint) {
  if (!hint_) hint_ = std::move(hint);
  return *this;
}

Error&& Error::with_context(Text context) && {
  return std::move(add_context(std::move(context)));
}
Error&& Error::with_hint(Text hint) && {
  return std::move(set_hint(std::move(hint)));
}

std::string render(const Error& error, Language language) {
  std::string result;
  for (auto context = error.contexts().rbegin(); context != error.contexts().rend(); ++context) {
    result += render(*context, language) + ": ";
  }
  return result + render(error.message(), language);
}

Text because(Text text, const Error& error) {
  text.reason.assign(error.contexts().rbegin(), error.contexts().rend());
  text.reason.push_back(error.message());
  return text;
}

Error system_error(int error_number, Text message) {
  message.arguments.emplace_back("reason", std::generic_category().message(error_number));
  return {code_of(error_number),
          std::move(message),
          passes_by_itself(error_number) ? Retry::after_backoff : Retry::no};
}

std::string_view to_string(ErrorCode code) {
  switch (code) {
    case ErrorCode::invalid_argument:
      return "invalid_argument";
    case ErrorCode::not_found:
      return "not_found";
    case ErrorCode::already_exists:
      return "already_exists";
    case ErrorCode::corrupt:
      return "corrupt";
    case ErrorCode::wrong_password:
      return "wrong_password";
    case ErrorCode::no_repository:
      return "no_repository";
    case ErrorCode::locked:
      return "locked";
    case ErrorCode::permission:
      return "permission";
    case ErrorCode::no_space:
      return "no_space";
    case ErrorCode::read_only:
      return "read_only";
    case ErrorCode::not_mounted:
      return "not_mounted";
    case ErrorCode::empty_source:
      return "empty_source";
    case ErrorCode::timeout:
      return "timeout";
    case ErrorCode::unsupported:
      return "unsupported";
    case ErrorCode::lock_lost:
      return "lock_lost";
    case ErrorCode::hook_failed:
      return "hook_failed";
    case ErrorCode::skipped:
      return "skipped";
    case ErrorCode::io:
      return "io";
  }
  return "unknown";
}

}  // namespace hikae
