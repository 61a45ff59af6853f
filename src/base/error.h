// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <exception>
#include <optional>
#include <string>
#include <vector>

#include "base/text.h"

namespace hikae {

enum class ErrorCode {
  invalid_argument,  // the caller or the policy file asks for something that makes no sense
  not_found,
  already_exists,
  corrupt,  // stored bytes are not what they must be; never used for a failed read
  wrong_password,
  no_repository,
  locked,
  permission,
  no_space,
  read_only,
  not_mounted,
  empty_source,
  timeout,
  unsupported,
  lock_lost,    // our own lock vanished: somebody may be deleting what we rely on
  hook_failed,  // a command of the administrator's
  skipped,      // left out because such a command asked for it; no failure
  io,
};

// Whether doing the same again later can help.
enum class Retry { no, after_backoff };

// The one error type. Message, contexts and hint are catalogue texts, rendered only where they are
// shown. Contexts are added on the way up, innermost first: "saving pack 3f9a…", "writing to nas".
class Error : public std::exception {
 public:
  Error(ErrorCode code, Text message, Retry retry = Retry::no);

  ErrorCode code() const { return code_; }
  Retry retry() const { return retry_; }
  const Text& message() const { return message_; }
  const std::vector<Text>& contexts() const { return contexts_; }
  const std::optional<Text>& hint() const { return hint_; }

  Error& add_context(Text context);
  // What the administrator should do next. The first hint wins: who knew most, spoke first.
  Error& set_hint(Text hint);
  Error&& with_context(Text context) &&;
  Error&& with_hint(Text hint) &&;

  // English, for debuggers and for exceptions that nobody renders.
  const char* what() const noexcept override { return what_.c_str(); }

 private:
  ErrorCode code_;
  Retry retry_;
  Text message_;
  std::vector<Text> contexts_;
  std::optional<Text> hint_;
  std::string what_;
};

// "writing to nas: saving pack 3f9a…: No space left on device", outermost context first; without
// the hint.
std::string render(const Error& error, Language language);

// Raised when somebody asked the work to stop. Not an Error: no handler of errors may swallow,
// retry or count it.
class Cancelled : public std::exception {
 public:
  const char* what() const noexcept override { return "cancelled"; }
};

// The text with the error's sentences for its {reason}: for a warning that tells what failed.
Text because(Text text, const Error& error);

// An Error for a failed system call. The code follows errno (ENOSPC and EDQUOT: no_space, EROFS:
// read_only, ENOENT: not_found, EACCES and EPERM: permission, …); {reason} is added to the text's
// arguments.
Error system_error(int error_number, Text message);

std::string_view to_string(ErrorCode code);

}  // namespace hikae
