// SPDX-License-Identifier: Apache-2.0
// Internal to net. The places that AWS keys come from. Each gives nullopt when the machine has no
// such place, and throws Error when it has one that does not give keys.
#pragma once

#include <optional>

#include "concurrency/stop.h"
#include "net/aws_credentials.h"
#include "net/aws_profile.h"

namespace hikae::net {

// AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN.
std::optional<AwsKeys> keys_from_environment(const AwsCredentialOptions& options);
// AWS_ROLE_ARN with AWS_WEB_IDENTITY_TOKEN_FILE (Kubernetes).
std::optional<AwsKeys> keys_from_web_identity(const AwsCredentialOptions& options,
                                              const StopToken& stop);
// ~/.aws: keys, credential_process, role_arn with source_profile, credential_source or
// web_identity_token_file.
std::optional<AwsKeys> keys_from_profile(const AwsCredentialOptions& options,
                                         const StopToken& stop);
// AWS_CONTAINER_CREDENTIALS_RELATIVE_URI or _FULL_URI (ECS, EKS).
std::optional<AwsKeys> keys_from_container(const AwsCredentialOptions& options,
                                           const StopToken& stop);
// The metadata service of an EC2 instance, version 2.
std::optional<AwsKeys> keys_from_instance(const AwsCredentialOptions& options,
                                          const StopToken& stop);

// AssumeRole with `keys`, or AssumeRoleWithWebIdentity with a token.
struct AwsRole {
  std::string arn;
  std::string session_name;
  std::string external_id;
  std::string region;
};
AwsKeys assume_role(const AwsRole& role,
                    const AwsKeys& keys,
                    const AwsCredentialOptions& options,
                    const StopToken& stop);
AwsKeys assume_role_with_token(const AwsRole& role,
                               const std::string& token_file,
                               const AwsCredentialOptions& options,
                               const StopToken& stop);

// The value of an environment variable; empty where it is not set.
std::string variable(const AwsCredentialOptions& options, const std::string& name);
// Both files, a profile's keys joined. Empty where there are no files.
AwsProfiles load_aws_profiles(const AwsCredentialOptions& options);

}  // namespace hikae::net
