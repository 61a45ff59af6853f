// SPDX-License-Identifier: Apache-2.0
#include "base/text.h"

#include <optional>
#include <unordered_map>

namespace hikae {
namespace {

const CatalogueEntry* find_entry(std::string_view key) {
  static const auto kByKey = [] {
    std::unordered_map<std::string_view, const CatalogueEntry*> by_key;
    for (const CatalogueEntry& entry : catalogue()) by_key.emplace(entry.key, &entry);
    return by_key;
  }();
  const auto found = kByKey.find(key);
  return found == kByKey.end() ? nullptr : found->second;
}

std::string render_unknown(const Text& text) {
  std::string result = text.key;
  for (const auto& [name, value] : text.arguments) result += " " + name + "=" + value;
  for (const Text& sentence : text.reason) result += ": " + render(sentence, Language::en);
  return result;
}

const std::string* find_argument(const Text& text, std::string_view name) {
  for (const auto& [argument, value] : text.arguments) {
    if (argument == name) return &value;
  }
  return nullptr;
}

std::string join_reason(const Text& text, Language language) {
  std::string result;
  for (const Text& sentence : text.reason)
    result += (&sentence == text.reason.data() ? "" : ": ") + render(sentence, language);
  return result;
}

// "count|file|files": the first form beside a count of 1, else the second.
std::optional<std::string> choose_form(const Text& text, std::string_view placeholder) {
  const std::size_t first = placeholder.find('|');
  const std::size_t second = placeholder.find('|', first + 1);
  const std::string* count = find_argument(text, placeholder.substr(0, first));
  if (count == nullptr || second == std::string_view::npos) return std::nullopt;
  return std::string(*count == "1" ? placeholder.substr(first + 1, second - first - 1)
                                   : placeholder.substr(second + 1));
}

std::optional<std::string> replacement(const Text& text,
                                       std::string_view placeholder,
                                       Language language) {
  if (placeholder.find('|') != std::string_view::npos) return choose_form(text, placeholder);
  if (const std::string* value = find_argument(text, placeholder)) return *value;
  if (placeholder == "reason" && !text.reason.empty()) return join_reason(text, language);
  return std::nullopt;
}

}  // namespace

std::string render(const Text& text, Language language) {
  const CatalogueEntry* entry = find_entry(text.key);
  if (entry == nullptr) return render_unknown(text);
  const std::string_view pattern = language == Language::ja ? entry->ja : entry->en;
  std::string result;
  for (std::size_t at = 0; at < pattern.size();) {
    const std::size_t open = pattern.find('{', at);
    const std::size_t close = open == std::string_view::npos ? open : pattern.find('}', open);
    if (close == std::string_view::npos) {
      result += pattern.substr(at);
      break;
    }
    result += pattern.substr(at, open - at);
    const auto value = replacement(text, pattern.substr(open + 1, close - open - 1), language);
    result += value ? *value : std::string(pattern.substr(open, close - open + 1));
    at = close + 1;
  }
  return result;
}

Language choose_language(std::initializer_list<std::optional<std::string>> values) {
  for (const auto& value : values) {
    if (value && !value->empty()) return value->starts_with("ja") ? Language::ja : Language::en;
  }
  return Language::en;
}

}  // namespace hikae
