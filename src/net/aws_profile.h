// SPDX-License-Identifier: Apache-2.0
// ~/.aws/credentials and ~/.aws/config, as the AWS command line reads them. Pure.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "crypto/secret.h"

namespace hikae::net {

// Keys in lower case. Any value may be a secret.
using AwsSection = std::map<std::string, Secret>;
using AwsProfiles = std::map<std::string, AwsSection>;

// credentials: sections are [NAME]. config: [profile NAME] and [default]; other sections
// (sso-session …) are left out.
enum class AwsFile { credentials, config };

// Lines that mean nothing are passed over, as AWS's own programs do: their authors write more into
// these files than we know. Values that go on in indented lines are not taken.
AwsProfiles parse_aws_profiles(std::string_view text, AwsFile kind);

// The value; empty where there is none.
const std::string& value_of(const AwsSection& section, const std::string& key);

// A command line as credential_process has it, by the rules of a shell for blanks, ' " and \,
// without any expansion. Empty if a quote is left open.
std::vector<std::string> split_command(std::string_view line);

}  // namespace hikae::net
