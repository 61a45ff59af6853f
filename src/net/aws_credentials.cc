// SPDX-License-Identifier: Apache-2.0
#include "net/aws_credentials.h"

#include "base/error.h"

namespace hikae::net {
namespace {

// Temporary keys are replaced this long before they expire, so that an upload that begins now ends
// in time.
constexpr std::chrono::minutes kMargin{5};

std::string value_of(const Variables& variable, const std::string& name) {
  return variable ? variable(name).value_or("") : "";
}

std::optional<AwsKeys> from_environment(const Variables& variable) {
  AwsKeys keys;
  keys.access_key_id = value_of(variable, "AWS_ACCESS_KEY_ID");
  keys.secret_access_key = Secret(value_of(variable, "AWS_SECRET_ACCESS_KEY"));
  keys.session_token = Secret(value_of(variable, "AWS_SESSION_TOKEN"));
  if (keys.access_key_id.empty() || keys.secret_access_key.empty()) return std::nullopt;
  return keys;
}

}  // namespace

AwsCredentials::AwsCredentials(AwsCredentialOptions options) : options_(std::move(options)) {}

AwsKeys AwsCredentials::find(const StopToken&) const {
  if (!options_.given.access_key_id.empty()) {
    return {options_.given.access_key_id,
            options_.given.secret_access_key.clone(),
            options_.given.session_token.clone(),
            std::nullopt};
  }
  if (auto keys = from_environment(options_.variable)) return std::move(*keys);
  throw Error(ErrorCode::permission, text("net.aws_no_credentials"))
      .with_hint(text("net.aws_no_credentials_hint"));
}

AwsCredentials::Keys AwsCredentials::get(const StopToken& stop) {
  auto current = current_.lock();
  const Keys& keys = *current;
  if (keys && (!keys->expires || *keys->expires - options_.clock->now() > kMargin)) return keys;
  *current = std::make_shared<const AwsKeys>(find(stop));
  return *current;
}

bool AwsCredentials::renew(const Keys& refused) {
  auto current = current_.lock();
  if (*current != refused) return true;  // another thread has renewed them
  if (!refused->expires) return false;
  current->reset();
  return true;
}

}  // namespace hikae::net
