// SPDX-License-Identifier: Apache-2.0
#include "cli/manual_page.h"

#include <algorithm>
#include <array>
#include <cctype>

#include "cli/roff.h"

namespace hikae::cli {
namespace {

using Entry = CommandLine::Entry;
using Described = CommandLine::Described;

std::string joined(const std::vector<std::string>& words, std::string_view between) {
  std::string all;
  for (const std::string& word : words) {
    if (!all.empty()) all += between;
    all += word;
  }
  return all;
}

std::string page_name(const Entry& entry) {
  return entry.path.empty() ? "hikae" : "hikae-" + joined(entry.path, "-");
}

std::string in_capitals(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) {
    return static_cast<char>(std::toupper(c));
  });
  return text;
}

// What the short line under NAME says: the first sentence, without its stop.
std::string summary_of(const std::string& help) {
  std::size_t end = std::min(help.find(". "), help.find("。"));
  std::string first = help.substr(0, end);
  if (first.ends_with('.')) first.pop_back();
  return first;
}

bool is_below(const Entry& entry, const Entry& above) {
  return entry.path.size() == above.path.size() + 1 &&
         std::equal(above.path.begin(), above.path.end(), entry.path.begin());
}

std::string synopsis(const Entry& entry, bool has_commands, const std::string& options_word) {
  std::string line = joined(entry.path, " ");
  line = (line.empty() ? "hikae" : "hikae " + line) + " [" + options_word + "]";
  for (const Described& argument : entry.arguments) {
    const std::string many = argument.times == Described::Times::many ? "…" : "";
    line += argument.need == Described::Need::required ? " " + argument.names + many
                                                       : " [" + argument.names + many + "]";
  }
  return has_commands ? line + " COMMAND" : line;
}

struct Fact {
  const char* name;
  const char* key;
};
constexpr std::array<Fact, 7> kExitCodes = {{{"0", "cli_man_pages.exit.0"},
                                             {"1", "cli_man_pages.exit.1"},
                                             {"3", "cli_man_pages.exit.3"},
                                             {"10", "cli_man_pages.exit.10"},
                                             {"11", "cli_man_pages.exit.11"},
                                             {"12", "cli_man_pages.exit.12"},
                                             {"130", "cli_man_pages.exit.130"}}};
constexpr std::array<Fact, 7> kVariables = {
    {{"HIKAE_POLICY", "cli_man_pages.variable.policy"},
     {"HIKAE_STATE_DIR", "cli_man_pages.variable.state"},
     {"HIKAE_CACHE_DIR", "cli_man_pages.variable.cache"},
     {"HIKAE_LANGUAGE", "cli_man_pages.variable.language"},
     {"RESTIC_REPOSITORY", "cli_man_pages.variable.repository"},
     {"RESTIC_PASSWORD_FILE", "cli_man_pages.variable.password_file"},
     {"RESTIC_PASSWORD", "cli_man_pages.variable.password"}}};
constexpr std::array<Fact, 4> kFiles = {{{"/etc/hikae/policy.yaml", "cli_man_pages.file.policy"},
                                         {"/etc/hikae/password", "cli_man_pages.file.password"},
                                         {"/var/lib/hikae", "cli_man_pages.file.state"},
                                         {"/var/cache/hikae", "cli_man_pages.file.cache"}}};

class PageWriter {
 public:
  PageWriter(const std::vector<Entry>& entries, const std::string& version, Language language)
      : entries_(entries), version_(version), language_(language) {}

  ManualPage write(const Entry& entry) const {
    const std::string name = page_name(entry);
    Roff page(in_capitals(name), 1, version_, say("cli_man_pages.manual"));
    page.heading(say("cli_man_pages.heading.name"));
    page.paragraph(name + " - " + summary_of(entry.help));
    const std::vector<const Entry*> below = commands_below(entry);
    page.heading(say("cli_man_pages.heading.synopsis"));
    page.paragraph(synopsis(entry, !below.empty(), say("cli.heading_any_options")));
    page.heading(say("cli_man_pages.heading.description")).paragraph(entry.help);
    if (entry.path.empty()) page.paragraph(say("cli_man_pages.about"));
    commands(page, below);
    items(page, "cli.heading_arguments", entry.arguments);
    items(page, "cli.heading_options", entry.described);
    if (!entry.path.empty()) page.paragraph(say("cli_man_pages.see_global_options"));
    facts(page, "cli_man_pages.heading.exit_status", kExitCodes);
    if (entry.path.empty()) {
      facts(page, "cli_man_pages.heading.environment", kVariables);
      facts(page, "cli_man_pages.heading.files", kFiles);
    }
    see_also(page, entry);
    return {name, 1, std::move(page).take()};
  }

 private:
  std::string say(std::string_view key) const { return render(text(key), language_); }

  std::vector<const Entry*> commands_below(const Entry& entry) const {
    std::vector<const Entry*> below;
    for (const Entry& other : entries_) {
      if (is_below(other, entry)) below.push_back(&other);
    }
    return below;
  }

  void commands(Roff& page, const std::vector<const Entry*>& below) const {
    if (below.empty()) return;
    page.heading(in_capitals(say("cli.heading_commands")));
    for (const Entry* entry : below) {
      page.item(page_name(*entry) + "(1)", "", entry->help);
    }
  }

  void items(Roff& page, std::string_view heading, const std::vector<Described>& items) const {
    if (items.empty()) return;
    page.heading(in_capitals(say(heading)));
    for (const Described& item : items) page.item(item.names, item.value_name, item.help);
  }

  template <std::size_t N>
  void facts(Roff& page, std::string_view heading, const std::array<Fact, N>& facts) const {
    page.heading(say(heading));
    for (const Fact& fact : facts) {
      page.item(fact.name, "", say(fact.key));
    }
  }

  void see_also(Roff& page, const Entry& entry) const {
    page.heading(say("cli_man_pages.heading.see_also"));
    if (!entry.path.empty()) page.reference("hikae", 1, Roff::More::yes);
    page.reference("hikae-policy", 5, Roff::More::yes);
    page.reference("restic", 1, Roff::More::no);
    page.paragraph(say("cli_man_pages.documents"));
  }

  const std::vector<Entry>& entries_;
  const std::string& version_;
  Language language_;
};

}  // namespace

std::vector<ManualPage> command_pages(const std::vector<Entry>& entries,
                                      const std::string& version,
                                      Language language) {
  const PageWriter writer(entries, version, language);
  std::vector<ManualPage> pages;
  for (const Entry& entry : entries) pages.push_back(writer.write(entry));
  return pages;
}

}  // namespace hikae::cli
