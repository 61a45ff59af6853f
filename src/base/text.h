// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace hikae {

enum class Language { en, ja };

// A sentence for a person: a key of the catalogue (src/catalogue/*.txt) and the values of its
// {placeholders}; "{count|file|files}" is the first form beside a count of 1, else the second. It
// becomes words only at the edge, in the reader's language, so that errors and
// reports carry no language.
struct Text {
  using Arguments = std::vector<std::pair<std::string, std::string>>;
  std::string key;
  Arguments arguments;
  // What {reason} stands for where it is no argument: sentences that are joined as those of an
  // Error are, so that it is in the reader's language too. See because().
  std::vector<Text> reason = {};

  bool operator==(const Text&) const = default;
};

// The key must stand in the catalogue; scripts/check_texts.py finds a literal key that does not.
inline Text text(std::string_view key, Text::Arguments arguments = {}) {
  return {std::string(key), std::move(arguments)};
}

// The sentence in the given language. An unknown key renders as the key with its arguments, so that
// a message is never lost. Thread-safe.
std::string render(const Text& text, Language language);

// The language that the environment asks for: HIKAE_LANGUAGE, then LC_ALL, LC_MESSAGES, LANG ("ja…"
// is Japanese). The values are passed in, since only cli reads the environment.
Language choose_language(std::initializer_list<std::optional<std::string>> values);

// The catalogue itself, for the test that compares both languages.
struct CatalogueEntry {
  std::string_view key;
  std::string_view en;
  std::string_view ja;
};
const std::vector<CatalogueEntry>& catalogue();

}  // namespace hikae
