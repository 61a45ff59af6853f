// SPDX-License-Identifier: Apache-2.0
#include "cli/command_line.h"

#include <cstdio>

#include <CLI/CLI.hpp>

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
    CLI::App* sub = app_.add_subcommand(name, say(help));
    sub->callback([this, action = std::move(run)] { shared_.chosen = action; });
    return adopt(*sub);
  }
  Command& add_group(const std::string& name, const Text& help) override {
    CLI::App* sub = app_.add_subcommand(name, say(help));
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
        ->check(CLI::IsMember(choices));
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

  Command& adopt(CLI::App& sub) {
    children_.push_back(std::make_unique<Cli11Command>(sub, shared_));
    return *children_.back();
  }

  static void collect(const CLI::App& app,
                      std::vector<std::string> path,
                      std::vector<Entry>& found) {
    Entry entry;
    entry.path = path;
    for (const CLI::Option* option : app.get_options()) {
      for (const std::string& name : option->get_lnames()) entry.options.push_back("--" + name);
      for (const std::string& name : option->get_snames()) entry.options.push_back("-" + name);
    }
    found.push_back(std::move(entry));
    for (const CLI::App* sub : app.get_subcommands([](const CLI::App*) { return true; })) {
      std::vector<std::string> deeper = path;
      deeper.push_back(sub->get_name());
      collect(*sub, std::move(deeper), found);
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
      std::fprintf(stderr,
                   "%s\n%s\n",
                   error.what(),
                   render(text("cli.see_help"), own_shared_->language).c_str());
      return 1;
    }
    return own_shared_->chosen ? own_shared_->chosen() : 1;
  }

 private:
  Root(std::unique_ptr<CLI::App> own_app, std::unique_ptr<Shared> own_shared)
      : Cli11Command(*own_app, *own_shared),
        own_app_(std::move(own_app)),
        own_shared_(std::move(own_shared)) {}

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
