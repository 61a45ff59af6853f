// SPDX-License-Identifier: Apache-2.0
// The parsers of ~/.aws on any text: they never throw, no profile has an empty name, no key or
// value holds a line break, and no word of a command line is longer than the line.
#include "net/aws_profile.h"

#include <cstdint>
#include <cstdlib>
#include <string_view>

namespace {

void require(bool condition) {
  if (!condition) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using hikae::net::AwsFile;
  using hikae::net::parse_aws_profiles;
  using hikae::net::split_command;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  for (const AwsFile kind : {AwsFile::credentials, AwsFile::config}) {
    for (const auto& [name, section] : parse_aws_profiles(text, kind)) {
      require(!name.empty() && name.find('\n') == std::string::npos);
      for (const auto& [key, value] : section) {
        require(!key.empty() && key.find('\n') == std::string::npos);
        require(value.reveal().find('\n') == std::string::npos);
      }
    }
  }
  for (const std::string& word : split_command(text)) require(word.size() <= size);
  return 0;
}
