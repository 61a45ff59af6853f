// SPDX-License-Identifier: Apache-2.0
#include "base/text.h"

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
    const std::string_view name = pattern.substr(open + 1, close - open - 1);
    bool found = false;
    for (const auto& [argument, value] : text.arguments) {
      if (argument != name) continue;
      result += value;
      found = true;
      break;
    }
    if (!found && name == "reason" && !text.reason.empty()) {
      for (const Text& sentence : text.reason)
        result += (&sentence == text.reason.data() ? "" : ": ") + render(sentence, language);
      found = true;
    }
    if (!found) result += pattern.substr(open, close - open + 1);
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
