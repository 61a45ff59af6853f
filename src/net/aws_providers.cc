// SPDX-License-Identifier: Apache-2.0
// Keys from the environment and from the metadata services of containers and instances.
#include "net/aws_providers.h"

#include "base/error.h"
#include "net/aws_answers.h"
#include "net/http.h"
#include "os/files.h"

namespace hikae::net {
namespace {

// Such services are on the same machine; where there is none, nobody should wait for it.
constexpr std::chrono::milliseconds kMetadataLimit{2000};
constexpr std::size_t kLongestToken = std::size_t{64} * 1024;

HttpResponse ask(const HttpRequest& request, const StopToken& stop) {
  HttpOptions options;
  options.connect_timeout = std::chrono::milliseconds(1000);
  HttpRequest limited = request;
  limited.time_limit = kMetadataLimit;
  return HttpClient(options).send(limited, stop);
}

[[noreturn]] void refuse(const std::string& place, const std::string& reason) {
  throw Error(ErrorCode::permission,
              text("net.aws_place_failed", {{"place", place}, {"reason", reason}}));
}

// Plain HTTP only to addresses that do not leave the machine, as AWS's SDKs have it.
bool is_own_address(const std::string& url) {
  for (const char* host :
       {"169.254.170.2", "169.254.170.23", "127.0.0.1", "localhost", "[::1]", "[fd00:ec2::23]"}) {
    const std::string start = std::string("http://") + host;
    if (!url.starts_with(start)) continue;
    const char next = url.size() > start.size() ? url[start.size()] : '/';
    if (next == '/' || next == ':' || next == '?') return true;
  }
  return url.starts_with("https://");
}

}  // namespace

std::string variable(const AwsCredentialOptions& options, const std::string& name) {
  return options.variable ? options.variable(name).value_or("") : "";
}

std::optional<AwsKeys> keys_from_environment(const AwsCredentialOptions& options) {
  AwsKeys keys;
  keys.access_key_id = variable(options, "AWS_ACCESS_KEY_ID");
  keys.secret_access_key = Secret(variable(options, "AWS_SECRET_ACCESS_KEY"));
  keys.session_token = Secret(variable(options, "AWS_SESSION_TOKEN"));
  if (keys.access_key_id.empty() || keys.secret_access_key.empty()) return std::nullopt;
  return keys;
}

std::optional<AwsKeys> keys_from_web_identity(const AwsCredentialOptions& options,
                                              const StopToken& stop) {
  const std::string token_file = variable(options, "AWS_WEB_IDENTITY_TOKEN_FILE");
  AwsRole role;
  role.arn = variable(options, "AWS_ROLE_ARN");
  role.session_name = variable(options, "AWS_ROLE_SESSION_NAME");
  if (token_file.empty() || role.arn.empty()) return std::nullopt;
  return assume_role_with_token(role, token_file, options, stop);
}

std::optional<AwsKeys> keys_from_container(const AwsCredentialOptions& options,
                                           const StopToken& stop) {
  const std::string relative = variable(options, "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI");
  HttpRequest request;
  request.url = relative.empty() ? variable(options, "AWS_CONTAINER_CREDENTIALS_FULL_URI")
                                 : "http://169.254.170.2" + relative;
  if (request.url.empty()) return std::nullopt;
  if (!is_own_address(request.url)) refuse(request.url, "http");
  std::string token = variable(options, "AWS_CONTAINER_AUTHORIZATION_TOKEN");
  const std::string file = variable(options, "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE");
  if (!file.empty()) token = std::string(as_text(os::read_file(file, kLongestToken)));
  while (token.ends_with('\n') || token.ends_with('\r')) token.pop_back();
  if (!token.empty()) request.headers.emplace_back("Authorization", token);
  const HttpResponse response = ask(request, stop);
  if (response.status != 200) refuse(request.url, std::to_string(response.status));
  return parse_aws_json_keys(response.body);
}

std::optional<AwsKeys> keys_from_instance(const AwsCredentialOptions& options,
                                          const StopToken& stop) {
  if (variable(options, "AWS_EC2_METADATA_DISABLED") == "true") return std::nullopt;
  std::string base = variable(options, "AWS_EC2_METADATA_SERVICE_ENDPOINT");
  if (base.empty()) base = "http://169.254.169.254";
  while (base.ends_with('/')) base.pop_back();
  HttpRequest request;
  request.method = "PUT";
  request.url = base + "/latest/api/token";
  request.headers = {{"X-aws-ec2-metadata-token-ttl-seconds", "21600"}};
  std::string token;
  try {
    const HttpResponse response = ask(request, stop);
    if (response.status != 200) return std::nullopt;
    token = as_text(response.body);
  } catch (const Error&) {
    return std::nullopt;  // no instance of Amazon's: nobody answers there
  }
  request.method = "GET";
  request.headers = {{"X-aws-ec2-metadata-token", token}};
  request.url = base + "/latest/meta-data/iam/security-credentials/";
  const HttpResponse roles = ask(request, stop);
  if (roles.status == 404) return std::nullopt;  // an instance without a role
  const std::string_view names = as_text(roles.body);
  const std::string name(names.substr(0, names.find_first_of("\r\n")));
  if (roles.status != 200 || name.empty()) refuse(request.url, std::to_string(roles.status));
  request.url += uri_encoded(name);
  const HttpResponse response = ask(request, stop);
  if (response.status != 200) refuse(request.url, std::to_string(response.status));
  return parse_aws_json_keys(response.body);
}

}  // namespace hikae::net
