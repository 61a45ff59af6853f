// SPDX-License-Identifier: Apache-2.0
// Keys that a profile of ~/.aws leads to.
#include <set>

#include "base/error.h"
#include "net/aws_answers.h"
#include "net/aws_providers.h"
#include "os/files.h"
#include "os/process.h"
#include "os/users.h"

namespace hikae::net {
namespace {

constexpr std::size_t kLargestFile = std::size_t{1} << 20U;

[[noreturn]] void refuse(const char* key, const std::string& profile) {
  throw Error(ErrorCode::permission, text(key, {{"profile", profile}}))
      .with_hint(text("net.aws_profile_hint"));
}

void merge_file(AwsProfiles& into, const std::string& path, AwsFile kind) {
  Bytes content;
  try {
    content = os::read_file(path, kLargestFile);
  } catch (Error& error) {
    if (error.code() == ErrorCode::not_found) return;
    error.add_context(text("net.aws_reading", {{"path", path}}));
    throw;
  }
  for (auto& [name, section] : parse_aws_profiles(as_text(content), kind)) {
    AwsSection& joined = into[name];
    for (auto& [key, value] : section) joined[key] = std::move(value);
  }
  wipe(content.data(), content.size());
}

AwsKeys keys_of_process(const std::string& profile,
                        const std::string& line,
                        const StopToken& stop) {
  os::ProcessRequest request;
  request.argv = split_command(line);
  request.timeout = std::chrono::minutes(1);
  request.output_limit = kLargestFile;
  if (request.argv.empty()) refuse("net.aws_process_failed", profile);
  os::ProcessResult result = os::run_process(request, stop);
  // Neither its arguments nor what it printed: both may hold secrets.
  if (result.exit_code != 0) refuse("net.aws_process_failed", profile);
  AwsKeys keys = parse_aws_json_keys(as_bytes(result.output));
  wipe(result.output.data(), result.output.size());
  return keys;
}

class ProfileKeys {
 public:
  ProfileKeys(const AwsProfiles& profiles,
              const AwsCredentialOptions& options,
              const StopToken& stop)
      : profiles_(profiles), options_(options), stop_(stop) {}

  AwsKeys of(const std::string& name) {
    const auto found = profiles_.find(name);
    if (found == profiles_.end()) refuse("net.aws_no_profile", name);
    const AwsSection& section = found->second;
    // A role may name its own profile as the source of the keys that assume it: those are meant.
    const bool first = visited_.insert(name).second;
    if (first && !value_of(section, "role_arn").empty()) return of_role(name, section);
    if (auto keys = own(section)) return std::move(*keys);
    const std::string& process = value_of(section, "credential_process");
    if (!process.empty()) return keys_of_process(name, process, stop_);
    refuse("net.aws_empty_profile", name);
  }

 private:
  static std::optional<AwsKeys> own(const AwsSection& section) {
    AwsKeys keys;
    keys.access_key_id = value_of(section, "aws_access_key_id");
    keys.secret_access_key = Secret(value_of(section, "aws_secret_access_key"));
    keys.session_token = Secret(value_of(section, "aws_session_token"));
    if (keys.access_key_id.empty() || keys.secret_access_key.empty()) return std::nullopt;
    return keys;
  }

  AwsKeys of_role(const std::string& name, const AwsSection& section) {
    const AwsRole role = {value_of(section, "role_arn"),
                          value_of(section, "role_session_name"),
                          value_of(section, "external_id"),
                          value_of(section, "region")};
    const std::string& token_file = value_of(section, "web_identity_token_file");
    if (!token_file.empty()) return assume_role_with_token(role, token_file, options_, stop_);
    const std::string& source = value_of(section, "source_profile");
    if (!source.empty()) return assume_role(role, of(source), options_, stop_);
    const std::string& place = value_of(section, "credential_source");
    std::optional<AwsKeys> keys;
    if (place == "Environment") keys = keys_from_environment(options_);
    if (place == "EcsContainer") keys = keys_from_container(options_, stop_);
    if (place == "Ec2InstanceMetadata") keys = keys_from_instance(options_, stop_);
    if (!keys) refuse("net.aws_empty_profile", name);
    return assume_role(role, *keys, options_, stop_);
  }

  const AwsProfiles& profiles_;
  const AwsCredentialOptions& options_;
  const StopToken& stop_;
  std::set<std::string> visited_;  // so that a circle of source_profile ends
};

}  // namespace

AwsProfiles load_aws_profiles(const AwsCredentialOptions& options) {
  std::string home = variable(options, "HOME");
  if (home.empty()) home = os::current_user_home();
  std::string config = variable(options, "AWS_CONFIG_FILE");
  std::string credentials = variable(options, "AWS_SHARED_CREDENTIALS_FILE");
  if (config.empty()) config = home + "/.aws/config";
  if (credentials.empty()) credentials = home + "/.aws/credentials";
  AwsProfiles profiles;
  merge_file(profiles, config, AwsFile::config);
  // What stands in both is taken from here, as AWS has it.
  merge_file(profiles, credentials, AwsFile::credentials);
  return profiles;
}

std::optional<AwsKeys> keys_from_profile(const AwsCredentialOptions& options,
                                         const StopToken& stop) {
  std::string name = options.profile;
  if (name.empty()) name = variable(options, "AWS_PROFILE");
  const AwsProfiles profiles = load_aws_profiles(options);
  if (name.empty()) {
    // Nobody asked for it: a default profile that only sets a region gives no keys and no error.
    const auto found = profiles.find("default");
    if (found == profiles.end()) return std::nullopt;
    const AwsSection& section = found->second;
    const bool gives_keys = !value_of(section, "aws_access_key_id").empty() ||
                            !value_of(section, "role_arn").empty() ||
                            !value_of(section, "credential_process").empty();
    if (!gives_keys) return std::nullopt;
    name = "default";
  }
  return ProfileKeys(profiles, options, stop).of(name);
}

}  // namespace hikae::net
