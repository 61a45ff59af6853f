// SPDX-License-Identifier: Apache-2.0
#include "service/secrets.h"

#include <sys/stat.h>

#include "os/files.h"
#include "os/process.h"

namespace hikae {
namespace {

using policy::SecretReference;

constexpr std::size_t kLongestSecret = std::size_t{64} * 1024;

Secret without_line_break(std::string text) {
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) text.pop_back();
  return Secret(std::move(text));
}

Secret read_file_secret(const std::string& path) {
  struct stat status {};
  if (stat(path.c_str(), &status) == 0 && (status.st_mode & S_IRWXO) != 0) {
    throw Error(ErrorCode::permission, text("service.secret_readable_by_others", {{"path", path}}))
        .with_hint(text("service.secret_readable_hint", {{"path", path}}));
  }
  return read_password_file(path);
}

Secret run_command(const std::string& command, const StopToken& stop) {
  os::ProcessRequest request;
  request.argv = {"/bin/sh", "-c", command};
  request.timeout = std::chrono::minutes(1);
  request.output_limit = kLongestSecret;
  os::ProcessResult result = os::run_process(request, stop);
  if (result.exit_code != 0) {
    // Neither its output nor its arguments: both may hold secrets.
    throw Error(
        ErrorCode::io,
        text("service.secret_command_failed", {{"code", std::to_string(result.exit_code)}}));
  }
  Secret secret = without_line_break(result.output.substr(0, result.output.find('\n')));
  wipe(result.output.data(), result.output.size());
  return secret;
}

}  // namespace

Secret read_password_file(const std::string& path) {
  try {
    Bytes content = os::read_file(path, kLongestSecret);
    Secret secret = without_line_break(std::string(as_text(content)));
    wipe(content.data(), content.size());
    return secret;
  } catch (Error& error) {
    error.add_context(text("service.reading_password_file", {{"path", path}}));
    error.set_hint(text("service.reading_password_file_hint"));
    throw;
  }
}

Secret resolve_secret(const SecretReference& reference,
                      const Environment& environment,
                      const StopToken& stop) {
  switch (reference.kind) {
    case SecretReference::Kind::file:
      return read_file_secret(reference.value);
    case SecretReference::Kind::command:
      return run_command(reference.value, stop);
    case SecretReference::Kind::env: {
      auto value = environment.variable(reference.value);
      if (!value)
        throw Error(ErrorCode::not_found,
                    text("service.secret_no_variable", {{"name", reference.value}}));
      return Secret(std::move(*value));
    }
    case SecretReference::Kind::credential: {
      const auto folder = environment.variable("CREDENTIALS_DIRECTORY");
      if (!folder) {
        throw Error(ErrorCode::not_found,
                    text("service.secret_no_credential", {{"name", reference.value}}))
            .with_hint(text("service.secret_no_credential_hint", {{"name", reference.value}}));
      }
      return read_password_file(*folder + "/" + reference.value);
    }
  }
  throw Error(ErrorCode::unsupported,
              text("service.secret_no_variable", {{"name", reference.value}}));
}

}  // namespace hikae
