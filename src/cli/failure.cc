// SPDX-License-Identifier: Apache-2.0
#include "cli/failure.h"

#include "base/json.h"
#include "base/utf8.h"
#include "policy/load.h"

namespace hikae::cli {
namespace {

std::string object(int code, const std::string& message, const std::optional<Text>& hint) {
  std::string out;
  JsonWriter json(out);
  json.begin_object().member("message_type", "exit_error").member("code", code);
  json.member("message", message);
  if (hint) json.member("hint", render(*hint, Language::en));
  json.end_object();
  return out;
}

std::string without_last_break(std::string lines) {
  if (lines.ends_with('\n')) lines.pop_back();
  return lines;
}

}  // namespace

std::string exit_error_json(const Error& error, int code) {
  if (const auto* mistakes = dynamic_cast<const policy::PolicyError*>(&error)) {
    // Each line has its own hint.
    return object(
        code, without_last_break(policy::render_problems(*mistakes, Language::en)), std::nullopt);
  }
  return object(code, render(error, Language::en), error.hint());
}

int report_failure(Console& console, FailureForm form, const Error& error, int code) {
  if (form == FailureForm::json) {
    console.print_error(exit_error_json(error, code) + "\n");
  } else if (const auto* mistakes = dynamic_cast<const policy::PolicyError*>(&error)) {
    console.print_error(printable_lines(policy::render_problems(*mistakes, console.language())));
  } else {
    console.error(error);
  }
  return code;
}

int report_interruption(Console& console, FailureForm form) {
  constexpr int kInterrupted = 130;
  if (form == FailureForm::json) {
    const std::string message = render(text("base.cancelled"), Language::en);
    console.print_error(object(kInterrupted, message, std::nullopt) + "\n");
  } else {
    console.say_error(text("base.cancelled"));
  }
  return kInterrupted;
}

}  // namespace hikae::cli
