// SPDX-License-Identifier: Apache-2.0
// hikae-policy(5), from the one table of the policy's keys.
#include <set>

#include "cli/manual_page.h"
#include "cli/roff.h"
#include "policy/table.h"
#include "policy/values.h"

namespace hikae::cli {
namespace {

using policy::Field;
using policy::Section;
using policy::Shape;

class PolicyPage {
 public:
  PolicyPage(const std::string& version, Language language)
      : language_(language),
        page_("HIKAE-POLICY", 5, version, render(text("cli_man_pages.manual"), language)) {}

  ManualPage write() && {
    page_.heading(say("cli_man_pages.heading.name"));
    page_.paragraph("hikae-policy - " + say("cli_man_pages.policy.summary"));
    page_.heading(say("cli_man_pages.heading.description"));
    page_.paragraph(say("cli_man_pages.policy.about"));
    page_.paragraph(say("cli_man_pages.policy.secrets"));
    page_.heading(say("cli_man_pages.heading.keys"));
    keys_of(policy::root_section());
    sections_below(policy::root_section());
    page_.heading(say("cli_man_pages.heading.example"));
    page_.example(
        "version: 1\n"
        "name: internal-systems\n"
        "timezone: Asia/Tokyo\n"
        "sources:\n"
        "  config: {files: [/etc]}\n"
        "destinations:\n"
        "  nas: {url: \"sftp://backupuser@backup01/backup/hikae\"}\n"
        "encryption:\n"
        "  password: {file: /etc/hikae/password}\n"
        "schedule: {backup: daily 02:00, check: weekly}\n"
        "retention: {daily: 3, weekly: 4}");
    page_.heading(say("cli_man_pages.heading.files"));
    page_.item("/etc/hikae/policy.yaml", "", say("cli_man_pages.file.policy"));
    page_.item("/usr/share/doc/hikae/examples/policy.yaml, policy.ja.yaml",
               "",
               say("cli_man_pages.file.example_policy"));
    page_.item("/usr/share/doc/hikae/examples/company-policy.yaml",
               "",
               say("cli_man_pages.file.company_policy"));
    page_.heading(say("cli_man_pages.heading.see_also"));
    page_.reference("hikae", 1, Roff::More::yes);
    page_.reference("hikae-policy", 1, Roff::More::yes);
    page_.reference("hikae-policy-check", 1, Roff::More::no);
    return {"hikae-policy", 5, std::move(page_).take()};
  }

 private:
  std::string say(std::string_view key, Text::Arguments arguments = {}) const {
    return render(text(key, std::move(arguments)), language_);
  }

  // Each section once, in the order in which the file's keys lead to it.
  void sections_below(const Section& section) {
    for (const Field& field : section.fields) {
      if (field.section == nullptr) continue;
      const Section& part = field.section();
      if (!written_.insert(part.name).second) continue;
      page_.heading(say("cli_man_pages.policy.section", {{"name", std::string(part.name)}}));
      if (!part.one_of.empty())
        page_.paragraph(say("cli_man_pages.policy.one_of", {{"keys", joined(part.one_of)}}));
      keys_of(part);
      sections_below(part);
    }
  }

  static std::string joined(const std::vector<std::string_view>& words) {
    std::string all;
    for (const std::string_view word : words) {
      if (!all.empty()) all += ", ";
      all += word;
    }
    return all;
  }

  void keys_of(const Section& section) {
    for (const Field& field : section.fields) {
      page_.item(std::string(field.key) + ":", field.example, meaning_of(section, field));
    }
  }

  std::string meaning_of(const Section& section, const Field& field) const {
    std::string meaning = say(policy::description_key(section, field));
    const auto add = [&](const std::string& sentence) { meaning += "\n" + sentence; };
    if (field.presence == policy::Presence::required) add(say("cli_man_pages.policy.required"));
    if (!field.words.empty())
      add(say("cli_man_pages.policy.words", {{"words", joined(field.words)}}));
    if (field.initial) {
      const std::string value = policy::write_values(*field.initial, field.shape, field.kind);
      add(say("cli_man_pages.policy.default", {{"value", value}}));
    }
    if (field.section != nullptr) {
      const bool named = field.shape == Shape::named_sections;
      const Text where = named ? text("cli_man_pages.policy.named_sections",
                                      {{"name", std::string(field.section().name)}})
                               : text("cli_man_pages.policy.keys_below",
                                      {{"name", std::string(field.section().name)}});
      add(render(where, language_));
    }
    return meaning;
  }

  Language language_;
  Roff page_;
  std::set<std::string_view> written_;
};

}  // namespace

ManualPage policy_page(const std::string& version, Language language) {
  return PolicyPage(version, language).write();
}

}  // namespace hikae::cli
