// SPDX-License-Identifier: Apache-2.0
// Keys of a role, from AWS's Security Token Service.
#include "base/error.h"
#include "crypto/hash.h"
#include "net/aws_answers.h"
#include "net/aws_providers.h"
#include "net/http.h"
#include "os/files.h"

namespace hikae::net {
namespace {

constexpr std::size_t kLongestToken = std::size_t{64} * 1024;
constexpr std::chrono::milliseconds kLimit{30000};

struct Endpoint {
  std::string url;  // without a path
  std::string host;
  std::string region;
};

Endpoint endpoint(const AwsRole& role, const AwsCredentialOptions& options) {
  Endpoint sts;
  sts.region = role.region;
  if (sts.region.empty()) sts.region = variable(options, "AWS_REGION");
  if (sts.region.empty()) sts.region = variable(options, "AWS_DEFAULT_REGION");
  sts.url = variable(options, "AWS_ENDPOINT_URL_STS");
  if (sts.url.empty()) {
    sts.url = sts.region.empty() ? "https://sts.amazonaws.com"
                                 : "https://sts." + sts.region + ".amazonaws.com";
    if (sts.region.starts_with("cn-")) sts.url += ".cn";
  }
  while (sts.url.ends_with('/')) sts.url.pop_back();
  sts.host = sts.url.substr(sts.url.find("//") + 2);
  if (sts.region.empty()) sts.region = "us-east-1";
  return sts;
}

using Form = std::vector<std::pair<std::string, std::string>>;

Form form_for(const char* action, const AwsRole& role) {
  Form form = {{"Action", action},
               {"Version", "2011-06-15"},
               {"RoleArn", role.arn},
               {"RoleSessionName", role.session_name.empty() ? "hikae" : role.session_name}};
  if (!role.external_id.empty()) form.emplace_back("ExternalId", role.external_id);
  return form;
}

// `keys` may be null: a web identity signs nothing.
AwsKeys ask(const Form& form,
            const AwsRole& role,
            const AwsKeys* keys,
            const AwsCredentialOptions& options,
            const StopToken& stop) {
  const Endpoint sts = endpoint(role, options);
  std::string body = query_string(form);
  HttpRequest request;
  request.method = "POST";
  request.url = sts.url + "/";
  request.time_limit = kLimit;
  request.headers = {{"content-type", "application/x-www-form-urlencoded"}};
  request.body = {as_bytes(body)};
  if (keys != nullptr) {
    AwsRequest signed_request;
    signed_request.method = "POST";
    signed_request.path = "/";
    signed_request.headers = request.headers;
    signed_request.headers.emplace_back("host", sts.host);
    signed_request.payload_hash = sha256(as_bytes(body)).hex();
    signed_request.region = sts.region;
    signed_request.service = "sts";
    for (auto& header : sign_aws(signed_request, *keys, options.clock->now()))
      request.headers.push_back(std::move(header));
  }
  HttpOptions http;
  http.ca_file = variable(options, "AWS_CA_BUNDLE");
  const HttpResponse response = HttpClient(http).send(request, stop);
  wipe(body.data(), body.size());
  if (response.status == 200) return parse_sts_keys(response.body);
  const std::string reason = parse_sts_failure(response.body);
  throw Error(ErrorCode::permission,
              text("net.aws_role",
                   {{"role", role.arn},
                    {"reason", reason.empty() ? std::to_string(response.status) : reason}}),
              response.status >= 500 ? Retry::after_backoff : Retry::no)
      .with_hint(text("net.aws_role_hint"));
}

}  // namespace

AwsKeys assume_role(const AwsRole& role,
                    const AwsKeys& keys,
                    const AwsCredentialOptions& options,
                    const StopToken& stop) {
  return ask(form_for("AssumeRole", role), role, &keys, options, stop);
}

AwsKeys assume_role_with_token(const AwsRole& role,
                               const std::string& token_file,
                               const AwsCredentialOptions& options,
                               const StopToken& stop) {
  // Read each time: whoever runs this machine replaces it before it expires.
  std::string token(as_text(os::read_file(token_file, kLongestToken)));
  while (token.ends_with('\n') || token.ends_with('\r')) token.pop_back();
  Form form = form_for("AssumeRoleWithWebIdentity", role);
  form.emplace_back("WebIdentityToken", token);
  return ask(form, role, nullptr, options, stop);
}

}  // namespace hikae::net
