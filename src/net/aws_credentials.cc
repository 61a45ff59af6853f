// SPDX-License-Identifier: Apache-2.0
#include "net/aws_credentials.h"

#include "base/error.h"
#include "net/aws_providers.h"

namespace hikae::net {
namespace {

// Temporary keys are replaced this long before they expire, so that an upload that begins now ends
// in time.
constexpr std::chrono::minutes kMargin{5};

}  // namespace

AwsCredentials::AwsCredentials(AwsCredentialOptions options) : options_(std::move(options)) {}

AwsKeys AwsCredentials::find(const StopToken& stop) const {
  if (!options_.given.access_key_id.empty()) {
    return {options_.given.access_key_id,
            options_.given.secret_access_key.clone(),
            options_.given.session_token.clone(),
            std::nullopt};
  }
  std::optional<AwsKeys> keys;
  if (options_.profile.empty()) {
    keys = keys_from_environment(options_);
    if (!keys) keys = keys_from_web_identity(options_, stop);
  }
  if (!keys) keys = keys_from_profile(options_, stop);
  if (!keys) keys = keys_from_container(options_, stop);
  if (!keys) keys = keys_from_instance(options_, stop);
  if (keys) return std::move(*keys);
  throw Error(ErrorCode::permission, text("net.aws_no_credentials"))
      .with_hint(text("net.aws_no_credentials_hint"));
}

AwsCredentials::Keys AwsCredentials::get(const StopToken& stop) {
  auto current = current_.lock();
  Keys keys = *current;
  const Instant now = options_.clock->now();
  if (keys && (!keys->expires || *keys->expires - now > kMargin)) return keys;
  try {
    *current = std::make_shared<const AwsKeys>(find(stop));
  } catch (const Error&) {
    // They are good for some minutes more, and the next call tries again.
    if (!keys || *keys->expires <= now) throw;
    return keys;
  }
  return *current;
}

bool AwsCredentials::renew(const Keys& refused) {
  auto current = current_.lock();
  if (*current != refused) return true;  // another thread has renewed them
  if (!refused->expires) return false;
  current->reset();
  return true;
}

std::string aws_region(const AwsCredentialOptions& options) {
  for (const char* name : {"AWS_REGION", "AWS_DEFAULT_REGION"}) {
    std::string region = variable(options, name);
    if (!region.empty()) return region;
  }
  std::string profile = options.profile;
  if (profile.empty()) profile = variable(options, "AWS_PROFILE");
  try {
    const AwsProfiles profiles = load_aws_profiles(options);
    const auto found = profiles.find(profile.empty() ? "default" : profile);
    return found == profiles.end() ? "" : value_of(found->second, "region");
  } catch (const Error&) {
    return "";  // a file that cannot be read is told when its keys are needed
  }
}

}  // namespace hikae::net
