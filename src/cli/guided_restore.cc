// SPDX-License-Identifier: Apache-2.0
#include "cli/guided_restore.h"

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <map>

#include "base/units.h"
#include "cli/console.h"
#include "repository/snapshots.h"

namespace hikae::cli {
namespace {

// Longer lists are cut; the rest can be typed.
constexpr std::size_t kMostListed = 40;

enum class Step { source, generation, path, target, confirm, done, quit };

struct SourceChoice {
  std::string title;
  std::vector<SnapshotRecord> generations;  // newest first
};

std::string joined(const std::vector<std::string>& parts) {
  std::string all;
  for (const std::string& part : parts) all += (all.empty() ? "" : ", ") + part;
  return all;
}

std::optional<std::size_t> parse_number(const std::string& answer, std::size_t most) {
  std::size_t number = 0;
  const char* end = answer.data() + answer.size();
  const auto [stop, error] = std::from_chars(answer.data(), end, number);
  if (error != std::errc() || stop != end || number < 1 || number > most) return std::nullopt;
  return number - 1;
}

std::string trim(const std::string& line) {
  const std::size_t begin = line.find_first_not_of(" \t\r\n");
  if (begin == std::string::npos) return "";
  return line.substr(begin, line.find_last_not_of(" \t\r\n") - begin + 1);
}

// A path that a pattern matches literally.
std::string escape_pattern(const std::string& path) {
  std::string escaped;
  for (const char c : path) {
    if (c == '*' || c == '?' || c == '[' || c == ']' || c == '\\') escaped += '\\';
    escaped += c;
  }
  return escaped;
}

class Guide {
 public:
  Guide(const Dialogue& dialogue, const GuidedWorld& world) : dialogue_(dialogue), world_(world) {
    group_sources();
  }

  std::optional<GuidedChoice> run() {
    if (sources_.empty()) {
      say(text("cli_restore.guided_no_snapshots"));
      return std::nullopt;
    }
    say(text("cli_restore.guided_welcome"));
    Step step = Step::source;
    while (step != Step::done && step != Step::quit) step = take(step);
    if (step == Step::quit) return std::nullopt;
    return GuidedChoice{record(), options_};
  }

 private:
  Step take(Step step) {
    switch (step) {
      case Step::source:
        return choose_source();
      case Step::generation:
        return choose_generation();
      case Step::path:
        return choose_path();
      case Step::target:
        return choose_target();
      default:
        return confirm();
    }
  }

  // Generations of one source of a policy, or of the same paths of one host.
  void group_sources() {
    std::map<std::string, SourceChoice> groups;
    for (const SnapshotRecord& record : world_.snapshots) {
      const auto source = tag_value(record.snapshot, kSourceTag);
      const std::string what = source ? *source : joined(record.snapshot.paths);
      const std::string title = printable(what + "  (" + record.snapshot.hostname + ")");
      SourceChoice& group = groups.try_emplace(title, SourceChoice{title, {}}).first->second;
      group.generations.insert(group.generations.begin(), record);
    }
    for (auto& [title, group] : groups) sources_.push_back(std::move(group));
  }

  void say(const Text& sentence) const {
    dialogue_.print(render(sentence, dialogue_.language) + "\n");
  }
  // The answer without spaces around it; nullopt to quit.
  std::optional<std::string> ask(const Text& question) const {
    dialogue_.print("\n" + render(question, dialogue_.language) + " ");
    const auto line = dialogue_.read_line();
    if (!line) return std::nullopt;
    const std::string answer = trim(*line);
    if (answer == "q" || answer == "Q") return std::nullopt;
    return answer;
  }
  static bool is_back(const std::string& answer) { return answer == "b" || answer == "B"; }

  void list(const std::vector<std::string>& lines) const {
    for (std::size_t i = 0; i < lines.size() && i < kMostListed; ++i) {
      const std::string number = std::to_string(i + 1);
      dialogue_.print(std::string(number.size() < 3 ? 3 - number.size() : 0, ' ') + number + ") " +
                      lines[i] + "\n");
    }
    if (lines.size() > kMostListed) {
      say(text("cli_restore.guided_more", {{"count", std::to_string(lines.size() - kMostListed)}}));
    }
  }

  Step choose_source() {
    say(text("cli_restore.guided_sources"));
    std::vector<std::string> lines;
    for (const SourceChoice& source : sources_) {
      lines.push_back(
          render(text("cli_restore.guided_source_line",
                      {{"source", source.title},
                       {"count", std::to_string(source.generations.size())},
                       {"newest", world_.local_time(source.generations.front().snapshot.time)}}),
                 dialogue_.language));
    }
    list(lines);
    while (true) {
      const auto answer = ask(text("cli_restore.guided_ask_source"));
      if (!answer) return Step::quit;
      const auto number = answer->empty() ? 0 : parse_number(*answer, sources_.size());
      if (number) {
        source_ = *number;
        return Step::generation;
      }
      say(text("cli_restore.guided_not_understood"));
    }
  }

  Step choose_generation() {
    const auto& generations = sources_[source_].generations;
    say(text("cli_restore.guided_generations", {{"source", sources_[source_].title}}));
    std::vector<std::string> lines;
    for (const SnapshotRecord& generation : generations) {
      std::string line =
          world_.local_time(generation.snapshot.time) + "  " + generation.id.short_hex();
      if (generation.snapshot.summary)
        line += "  " + format_bytes(generation.snapshot.summary->total_bytes_processed);
      lines.push_back(line);
    }
    list(lines);
    while (true) {
      const auto answer = ask(text("cli_restore.guided_ask_generation"));
      if (!answer) return Step::quit;
      if (is_back(*answer)) return Step::source;
      const auto number = answer->empty() ? 0 : parse_number(*answer, generations.size());
      if (number) {
        generation_ = *number;
        return Step::path;
      }
      say(text("cli_restore.guided_not_understood"));
    }
  }

  // Browses from the root; a folder or file is chosen by ".", Enter or by typing its path.
  Step choose_path() {
    std::string folder = "/";
    while (true) {
      const auto node = world_.find(record().snapshot.tree, folder);
      std::vector<format::Node> entries;
      if (node && node->subtree) entries = world_.list(*node->subtree);
      show_folder(folder, entries);
      const auto answer = ask(text("cli_restore.guided_ask_path", {{"path", printable(folder)}}));
      if (!answer) return Step::quit;
      if (is_back(*answer)) return Step::generation;
      if (answer->empty() || *answer == ".") return select(folder, *node);
      const std::string path = resolve(folder, *answer, entries);
      const auto chosen = world_.find(record().snapshot.tree, path);
      if (!chosen) {
        say(text("cli_restore.guided_no_path", {{"path", printable(path)}}));
      } else if (chosen->type == format::NodeType::dir) {
        folder = path;
      } else {
        return select(path, *chosen);
      }
    }
  }

  void show_folder(const std::string& folder, const std::vector<format::Node>& entries) const {
    say(text("cli_restore.guided_folder", {{"path", printable(folder)}}));
    std::vector<std::string> lines;
    for (const format::Node& entry : entries) {
      const bool is_folder = entry.type == format::NodeType::dir;
      std::string line = printable(entry.name) + (is_folder ? "/" : "");
      if (entry.type == format::NodeType::file) line += "  " + format_bytes(entry.size);
      lines.push_back(line);
    }
    list(lines);
  }

  static std::string resolve(const std::string& folder,
                             const std::string& answer,
                             const std::vector<format::Node>& entries) {
    const std::filesystem::path base(folder);
    if (const auto number = parse_number(answer, entries.size()))
      return (base / entries[*number].name).string();
    const std::string path = (base / answer).lexically_normal().string();
    return path.size() > 1 && path.back() == '/' ? path.substr(0, path.size() - 1) : path;
  }

  Step select(const std::string& path, const format::Node& node) {
    path_ = path;
    is_folder_ = node.type == format::NodeType::dir;
    return Step::target;
  }

  std::string default_target() const {
    const std::filesystem::path base(world_.working_directory);
    const std::string name = "restored-" + record().id.short_hex();
    std::string target = (base / name).string();
    for (int i = 2; world_.exists(target); ++i)
      target = (base / (name + "-" + std::to_string(i))).string();
    return target;
  }

  Step choose_target() {
    const std::string suggestion = default_target();
    say(text("cli_restore.guided_target", {{"path", printable(path_)}}));
    const auto answer =
        ask(text("cli_restore.guided_ask_target", {{"target", printable(suggestion)}}));
    if (!answer) return Step::quit;
    if (is_back(*answer)) return Step::path;
    const std::filesystem::path base(world_.working_directory);
    const std::string target =
        answer->empty() ? suggestion : (base / *answer).lexically_normal().string();
    set_options(target);
    return Step::confirm;
  }

  // In place every item goes where it was. Elsewhere a folder's content lands in the target itself.
  void set_options(const std::string& target) {
    options_ = RestoreOptions{};
    options_.ownership = world_.ownership;
    options_.target = target;
    if (path_ == "/") return;
    if (target == "/") {
      options_.include = {escape_pattern(path_)};
    } else if (is_folder_) {
      options_.subfolder = path_;
    } else {
      const std::filesystem::path path(path_);
      options_.subfolder = path.parent_path().string();
      options_.include = {"/" + escape_pattern(path.filename().string())};
    }
  }

  Step confirm() {
    const RestorePlanSummary plan = world_.plan(record().snapshot.tree, options_);
    const auto updated = std::count_if(plan.items.begin(), plan.items.end(), [](const auto& item) {
      return item.action == RestorePlanItem::Action::update && item.size > 0;
    });
    show_plan(plan);
    show_errors(plan);
    if (updated > 0)
      say(text("cli_restore.guided_overwrites", {{"count", std::to_string(updated)}}));
    const bool in_place = options_.target == "/";
    if (in_place) say(text("cli_restore.guided_in_place"));
    while (true) {
      const auto answer = ask(in_place ? text("cli_restore.guided_ask_in_place")
                                       : text("cli_restore.guided_ask_go"));
      if (!answer || *answer == "n" || *answer == "N") return Step::quit;
      if (is_back(*answer)) return Step::target;
      if (*answer == "yes" || (!in_place && (*answer == "y" || *answer == "Y"))) return Step::done;
      say(text("cli_restore.guided_not_understood"));
    }
  }

  void show_plan(const RestorePlanSummary& plan) const {
    say(text("cli_restore.guided_plan",
             {{"time", world_.local_time(record().snapshot.time)},
              {"snapshot", record().id.short_hex()},
              {"path", printable(path_)},
              {"target", printable(options_.target)},
              {"files", std::to_string(plan.files)},
              {"directories", std::to_string(plan.directories)},
              {"bytes", format_bytes(plan.bytes)},
              {"to_write", format_bytes(plan.bytes_to_write)},
              {"estimate", format_duration(world_.estimate(plan.files, plan.bytes_to_write))}}));
    const auto free = world_.free_space(options_.target);
    if (!free) return;
    say(text("cli_restore.guided_free", {{"free", format_bytes(*free)}}));
    if (*free < plan.bytes_to_write) say(text("cli_restore.guided_no_space"));
  }

  // What can be told to fail already is said before the question, not after the answer.
  void show_errors(const RestorePlanSummary& plan) const {
    if (plan.errors.empty()) return;
    const std::size_t shown = std::min(plan.errors.size(), kMostListed);
    for (std::size_t i = 0; i < shown; ++i) {
      const RestoreItemError& error = plan.errors[i];
      say(text("cli_restore.item_error",
               {{"path", printable(error.path)},
                {"message", render(error.message, dialogue_.language)}}));
    }
    say(text("cli_restore.would_fail", {{"count", std::to_string(plan.errors.size())}}));
  }

  const SnapshotRecord& record() const { return sources_[source_].generations[generation_]; }

  const Dialogue& dialogue_;
  const GuidedWorld& world_;
  std::vector<SourceChoice> sources_;
  std::size_t source_ = 0;
  std::size_t generation_ = 0;
  std::string path_ = "/";
  bool is_folder_ = true;
  RestoreOptions options_;
};

}  // namespace

std::optional<GuidedChoice> guide_restore(const Dialogue& dialogue, const GuidedWorld& world) {
  return Guide(dialogue, world).run();
}

}  // namespace hikae::cli
