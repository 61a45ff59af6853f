// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "policy/schema.h"
#include "policy/table.h"
#include "policy/values.h"

namespace hikae::policy {
namespace {

// A section and the paths where it may stand.
struct Chapter {
  const Section* section;
  std::vector<std::string> paths;
};

std::string inner_path(const std::string& path, const Field& field) {
  const std::string inner = (path.empty() ? "" : path + ".") + std::string(field.key);
  return field.shape == Shape::named_sections ? inner + ".NAME" : inner;
}

void collect(const Section& section, const std::string& path, std::vector<Chapter>& chapters) {
  for (const Field& field : section.fields) {
    if (field.section == nullptr) continue;
    const Section& part = field.section();
    const std::string inner = inner_path(path, field);
    const auto known = std::find_if(chapters.begin(), chapters.end(), [&](const Chapter& chapter) {
      return chapter.section->name == part.name;
    });
    if (known == chapters.end()) {
      chapters.push_back({&part, {inner}});
    } else {
      known->paths.push_back(inner);
    }
    collect(part, inner, chapters);
  }
}

// A vertical bar would end the cell.
std::string cell(std::string_view content) {
  std::string result;
  for (const char character : content) {
    if (character == '|') result += '\\';
    result += character;
  }
  return result;
}

std::string code(std::string_view content) {
  return "`" + cell(content) + "`";
}

std::string default_of(const Field& field, Language language) {
  if (field.presence == Presence::required)
    return render(text("policy.reference.required"), language);
  if (!field.initial) return "";
  return code(write_values(*field.initial, field.shape, field.kind));
}

std::string meaning_of(const Section& section, const Field& field, Language language) {
  std::string meaning = cell(render(text(description_key(section, field)), language));
  if (field.words.size() < 2) return meaning;
  std::string words;
  for (const auto word : field.words) words += (words.empty() ? "" : ", ") + code(word);
  return meaning + " " + render(text("policy.reference.words", {{"words", words}}), language);
}

std::string table_of(const Section& section, Language language) {
  std::string result = render(text("policy.reference.head"), language) + "\n|---|---|---|---|\n";
  for (const Field& field : section.fields) {
    result += "| " + code(field.key) + " | " + meaning_of(section, field, language) + " | " +
              code(field.example) + " | " + default_of(field, language) + " |\n";
  }
  if (!section.one_of.empty()) {
    std::string keys;
    for (const auto key : section.one_of) keys += (keys.empty() ? "" : ", ") + code(key);
    result += "\n" + render(text("policy.reference.one_of", {{"keys", keys}}), language) + "\n";
  }
  return result;
}

}  // namespace

std::string policy_reference(Language language) {
  std::vector<Chapter> chapters;
  collect(root_section(), "", chapters);
  std::string result = "### " + render(text("policy.reference.root"), language) + "\n\n" +
                       table_of(root_section(), language);
  for (const Chapter& chapter : chapters) {
    result += "\n### " + code(chapter.paths.front()) + "\n\n";
    if (chapter.paths.size() > 1) {
      std::string others;
      for (auto path = chapter.paths.begin() + 1; path != chapter.paths.end(); ++path) {
        others += (others.empty() ? "" : ", ") + code(*path);
      }
      result += render(text("policy.reference.also", {{"paths", others}}), language) + "\n\n";
    }
    result += table_of(*chapter.section, language);
  }
  return result;
}

}  // namespace hikae::policy
