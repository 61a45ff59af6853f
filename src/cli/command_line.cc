// SPDX-License-Identifier: Apache-2.0
#include "cli/command_line.h"

#include <algorithm>

#include <CLI/CLI.hpp>

#include "base/error.h"
#include "policy/values.h"

namespace hikae::cli {
namespace {

// Shared by all commands of one command line.
struct Shared {
  Language language = Language::en;
  std::function<int()> chosen;
};

std::string joined(const std::vector<std::string>& words) {
  std::string all;
  for (const std::string& word : words) all += (all.empty() ? "" : "|") + word;
  return all;
}

class Cli11Command : public CommandLine {
 public:
  Cli11Command(CLI::App& app, Shared& shared) : app_(app), shared_(shared) {}

  Command& add_command(const std::string& name,
                       const Text& help,
                       std::function<int()> run) override {
    CLI::App* sub = add_subcommand(name, help);
    sub->callback([this, action = std::move(run)] { shared_.chosen = action; });
    return adopt(*sub);
  }
  Command& add_group(const std::string& name, const Text& help) override {
    CLI::App* sub = add_subcommand(name, help);
    sub->require_subcommand(1);
    return adopt(*sub);
  }

  void flag(const std::string& names, bool& value, const Text& help) override {
    app_.add_flag(names, value, say(help));
  }
  void count(const std::string& names, int& value, const Text& help) override {
    app_.add_flag(names, value, say(help));
  }
  void option(const std::string& names,
              std::string& value,
              const std::string& value_name,
              const Text& help) override {
    app_.add_option(names, value, say(help))->type_name(value_name);
  }
  void option(const std::string& names,
              std::optional<std::string>& value,
              const std::string& value_name,
              const Text& help) override {
    app_.add_option_function<std::string>(
            names, [&value](const std::string& given) { value = given; }, say(help))
        ->type_name(value_name);
  }
  void option(const std::string& names,
              int& value,
              const std::string& value_name,
              const Text& help) override {
    app_.add_option(names, value, say(help))->type_name(value_name);
  }
  void option(const std::string& names,
              double& value,
              const std::string& value_name,
              const Text& help) override {
    app_.add_option(names, value, say(help))->type_name(value_name);
  }
  void list(const std::string& names,
            std::vector<std::string>& values,
            const std::string& value_name,
            const Text& help) override {
    // One value per occurrence, so that a file name behind it is not swallowed.
    app_.add_option(names, values, say(help))
        ->type_name(value_name)
        ->expected(1)
        ->allow_extra_args(false)
        ->take_all();
  }
  void choice(const std::string& names,
              std::string& value,
              const std::vector<std::string>& choices,
              const Text& help) override {
    app_.add_option(names, value, say(help))
        ->type_name(joined(choices))
        ->check(CLI::IsMember(choices).description(""));  // the choices stand in the type's name
  }
  void argument(const std::string& name, std::string& value, const Text& help) override {
    app_.add_option(name, value, say(help))->required()->type_name("");
  }
  void optional_argument(const std::string& name, std::string& value, const Text& help) override {
    app_.add_option(name, value, say(help))->type_name("");
  }
  void arguments(const std::string& name,
                 std::vector<std::string>& values,
                 const Text& help) override {
    app_.add_option(name, values, say(help))->type_name("");
  }

  int run(int, const char* const*) override { return 1; }  // only the root runs

  std::vector<Entry> entries() const override {
    std::vector<Entry> found;
    collect(app_, {}, found);
    return found;
  }

 protected:
  CLI::App& app() { return app_; }
  Shared& shared() { return shared_; }

 private:
  std::string say(const Text& help) const { return render(help, shared_.language); }

  CLI::App* add_subcommand(const std::string& name, const Text& help) {
    CLI::App* sub = app_.add_subcommand(name, say(help));
    sub->group(say(text("cli.heading_commands")));
    sub->get_help_ptr()->group(say(text("cli.heading_options")));
    return sub;
  }

  Command& adopt(CLI::App& sub) {
    children_.push_back(std::make_unique<Cli11Command>(sub, shared_));
    return *children_.back();
  }

  static Described described(const CLI::Option& option) {
    Described result;
    for (const std::string& name : option.get_snames())
      result.names += (result.names.empty() ? "-" : ", -") + name;
    for (const std::string& name : option.get_lnames())
      result.names += (result.names.empty() ? "--" : ", --") + name;
    if (option.get_positional()) result.names = option.get_name(true);
    if (option.get_items_expected_max() > 0 && !option.get_positional())
      result.value_name = option.get_type_name();
    result.help = option.get_description();
    if (option.get_required()) result.need = Described::Need::required;
    const bool many = option.get_items_expected_max() > 1 ||
                      option.get_multi_option_policy() == CLI::MultiOptionPolicy::TakeAll;
    if (many) result.times = Described::Times::many;
    return result;
  }

  static void collect(const CLI::App& app,
                      const std::vector<std::string>& path,
                      std::vector<Entry>& found) {
    Entry entry;
    entry.path = path;
    entry.help = app.get_description();
    for (const CLI::Option* option : app.get_options()) {
      (option->get_positional() ? entry.arguments : entry.described).push_back(described(*option));
      for (const std::string& name : option->get_lnames()) entry.options.push_back("--" + name);
      for (const std::string& name : option->get_snames()) entry.options.push_back("-" + name);
    }
    found.push_back(std::move(entry));
    for (const CLI::App* sub : app.get_subcommands([](const CLI::App*) { return true; })) {
      std::vector<std::string> deeper = path;
      deeper.push_back(sub->get_name());
      collect(*sub, deeper, found);
    }
  }

  CLI::App& app_;
  Shared& shared_;
  std::vector<std::unique_ptr<Cli11Command>> children_;
};

class Root final : public Cli11Command {
 public:
  Root(const Text& description, const std::string& version, Language language)
      : Root(std::make_unique<CLI::App>(render(description, language), "hikae"),
             std::make_unique<Shared>()) {
    own_shared_->language = language;
    translate_headings();
    app().set_version_flag("--version", version, render(text("cli.help_version"), language));
    app().require_subcommand(1);
    // An option of the program may stand behind the command, as in restic.
    app().fallthrough();
    app().set_help_flag("-h,--help", render(text("cli.help_help"), language));
  }

  int run(int count, const char* const* arguments) override {
    try {
      app().parse(count, arguments);
    } catch (const CLI::ParseError& error) {
      if (error.get_exit_code() == 0) return app().exit(error);
      throw Error(ErrorCode::invalid_argument, mistake(error)).with_hint(text("cli.see_help"));
    }
    return own_shared_->chosen ? own_shared_->chosen() : 1;
  }

 private:
  Root(std::unique_ptr<CLI::App> own_app, std::unique_ptr<Shared> own_shared)
      : Cli11Command(*own_app, *own_shared),
        own_app_(std::move(own_app)),
        own_shared_(std::move(own_shared)) {}

  // The words that the library itself puts into a help page. Commands inherit them.
  void translate_headings() {
    const auto say = [&](const Text& heading) { return render(heading, own_shared_->language); };
    app().option_defaults()->group(say(text("cli.heading_options")));
    const auto formatter = app().get_formatter();
    formatter->label("Usage", say(text("cli.heading_usage")));
    formatter->label("Positionals", say(text("cli.heading_arguments")));
    formatter->label("OPTIONS", say(text("cli.heading_any_options")));
    formatter->label("SUBCOMMAND", say(text("cli.heading_any_command")));
    formatter->label("REQUIRED", say(text("cli.heading_required")));
  }

  // The library's messages are English; what they name is taken out of them.
  Text mistake(const CLI::ParseError& error) {
    const std::string message = error.what();
    const std::string subject = message.substr(0, std::min(message.find(": "), message.find(' ')));
    const std::vector<std::string> unexpected = app().remaining(true);
    if (!unexpected.empty()) return unexpected_argument(unexpected.front());
    const std::string kind = error.get_name();
    if (kind == "RequiredError") {
      return subject == "A" ? text("cli.no_command")
                            : text("cli.missing_argument", {{"name", subject}});
    }
    if (kind == "ArgumentMismatch") return text("cli.missing_value", {{"option", subject}});
    if (kind == "ValidationError") return bad_choice(subject, message);
    if (kind == "ConversionError") {
      const std::size_t name = message.find(": ");
      if (name != std::string::npos)
        return text("cli.bad_number", {{"option_and_value", message.substr(name + 2)}});
    }
    return text("cli.bad_usage", {{"reason", message}});
  }

  // The deepest command that was given: what it cannot place is named beside it.
  const CLI::App& innermost() {
    const CLI::App* at = &app();
    for (auto below = at->get_subcommands(); !below.empty(); below = at->get_subcommands()) {
      at = below.front();
    }
    return *at;
  }

  Text unexpected_argument(const std::string& word) {
    const CLI::App& at = innermost();
    if (word.starts_with('-')) return unknown_option(at, word.substr(0, word.find('=')));
    std::vector<std::string> names;
    for (const CLI::App* sub : at.get_subcommands([](const CLI::App*) { return true; })) {
      names.push_back(sub->get_name());
    }
    if (names.empty()) return text("cli.unknown_argument", {{"word", word}});
    const auto near = policy::closest(word, {names.begin(), names.end()});
    return near ? text("cli.unknown_command_near", {{"word", word}, {"near", *near}})
                : text("cli.unknown_command", {{"word", word}});
  }

  static Text unknown_option(const CLI::App& at, const std::string& word) {
    std::vector<std::string> names;
    for (const CLI::App* app = &at; app != nullptr; app = app->get_parent()) {
      for (const CLI::Option* option : app->get_options()) {
        for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
      }
    }
    const auto near = policy::closest(word, {names.begin(), names.end()});
    return near ? text("cli.unknown_option_near", {{"word", word}, {"near", *near}})
                : text("cli.unknown_option", {{"word", word}});
  }

  // "--overwrite: sometimes not in {always,never}"
  static Text bad_choice(const std::string& option, const std::string& message) {
    const std::size_t open = message.rfind('{');
    const std::size_t close = message.rfind('}');
    if (open == std::string::npos || close == std::string::npos || close < open)
      return text("cli.bad_usage", {{"reason", message}});
    std::string choices = message.substr(open + 1, close - open - 1);
    for (std::size_t at = choices.find(','); at != std::string::npos;
         at = choices.find(',', at + 1))
      choices.insert(at + 1, " ");
    const std::size_t value = message.find(' ') + 1;
    return text("cli.bad_choice",
                {{"option", option},
                 {"value", message.substr(value, message.rfind(" not in ") - value)},
                 {"choices", std::move(choices)}});
  }

  std::unique_ptr<CLI::App> own_app_;
  std::unique_ptr<Shared> own_shared_;
};

}  // namespace

std::unique_ptr<CommandLine> CommandLine::make(const Text& description,
                                               const std::string& version,
                                               Language language) {
  return std::make_unique<Root>(description, version, language);
}

}  // namespace hikae::cli
