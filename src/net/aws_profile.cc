// SPDX-License-Identifier: Apache-2.0
#include "net/aws_profile.h"

#include <algorithm>

namespace hikae::net {
namespace {

constexpr std::string_view kBlank = " \t\r";

std::string_view trim(std::string_view text) {
  const std::size_t first = text.find_first_not_of(kBlank);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kBlank) - first + 1);
}

// The profile that a section's head names; empty for sections of another kind.
std::string profile_named(std::string_view head, AwsFile kind) {
  head = trim(head);
  if (kind == AwsFile::credentials || head == "default") return std::string(head);
  constexpr std::string_view kWord = "profile";
  if (!head.starts_with(kWord) || head.size() == kWord.size()) return "";
  if (kBlank.find(head[kWord.size()]) == std::string_view::npos) return "";
  head = trim(head.substr(kWord.size()));
  const bool quoted = head.size() >= 2 && head.front() == head.back() &&
                      (head.front() == '"' || head.front() == '\'');
  return std::string(quoted ? head.substr(1, head.size() - 2) : head);
}

std::string lower(std::string_view text) {
  std::string result(text);
  for (char& c : result) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return result;
}

void take_value(AwsSection& section, std::string_view line) {
  const std::size_t equals = line.find('=');
  if (equals == std::string_view::npos) return;
  const std::string key = lower(trim(line.substr(0, equals)));
  if (!key.empty()) section[key] = Secret(std::string(trim(line.substr(equals + 1))));
}

}  // namespace

AwsProfiles parse_aws_profiles(std::string_view text, AwsFile kind) {
  AwsProfiles profiles;
  AwsSection* section = nullptr;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    const bool indented = !line.empty() && kBlank.find(line.front()) != std::string_view::npos;
    const std::string_view content = trim(line);
    if (content.empty() || content.front() == '#' || content.front() == ';') continue;
    if (content.front() == '[' && !indented) {
      const std::size_t close = content.find(']');
      const std::string name =
          close == std::string_view::npos ? "" : profile_named(content.substr(1, close - 1), kind);
      section = name.empty() ? nullptr : &profiles[name];
    } else if (section != nullptr && !indented) {
      take_value(*section, content);
    }
  }
  return profiles;
}

const std::string& value_of(const AwsSection& section, const std::string& key) {
  static const std::string kNothing;
  const auto found = section.find(key);
  return found == section.end() ? kNothing : found->second.reveal();
}

std::vector<std::string> split_command(std::string_view line) {
  std::vector<std::string> words;
  char quote = 0;
  bool within_word = false;
  for (std::size_t i = 0; i < line.size(); ++i) {
    const char c = line[i];
    if (quote == 0 && kBlank.find(c) != std::string_view::npos) {
      within_word = false;
      continue;
    }
    if (!within_word) words.emplace_back();
    within_word = true;
    if (quote != 0 && c == quote) {
      quote = 0;
    } else if (quote == 0 && (c == '"' || c == '\'')) {
      quote = c;
    } else if (c == '\\' && quote != '\'' && i + 1 < line.size()) {
      words.back() += line[++i];
    } else {
      words.back() += c;
    }
  }
  if (quote != 0) words.clear();
  return words;
}

}  // namespace hikae::net
