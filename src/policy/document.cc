// SPDX-License-Identifier: Apache-2.0
#include "policy/document.h"

#include <algorithm>
#include <sstream>
#include <unordered_map>

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include "policy/source_text.h"

namespace hikae::policy {
namespace {

// Builds the tree from yaml-cpp's events, because YAML::Node keeps neither duplicate keys nor the
// difference between a text and what it may mean.
class TreeBuilder final : public YAML::EventHandler {
 public:
  TreeBuilder(const SourceText& source, std::vector<PolicyProblem>& problems)
      : source_(source), problems_(problems) {}

  std::shared_ptr<const YamlNode> root() const { return root_; }
  int documents() const { return documents_; }
  // The quote that swallowed the rest of the file.
  const std::optional<PolicyProblem>& cut_off() const { return cut_off_; }

  void OnDocumentStart(const YAML::Mark& mark) override {
    if (++documents_ == 2) report(place(mark), text("policy.yaml.second_document"));
  }
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    if (attach_key(place(mark), "~", KeyForm::other)) return;
    attach(remember(anchor, make(mark, YamlNode::Kind::null)));
  }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    if (attach_key(place(mark), "*", KeyForm::other)) return;
    const auto found = anchors_.find(anchor);
    const bool open = found != anchors_.end() &&
                      std::any_of(stack_.begin(), stack_.end(), [&](const Frame& frame) {
                        return frame.node == found->second;
                      });
    if (open || found == anchors_.end()) {
      report(place(mark), text("policy.yaml.endless_alias"));
      attach(make(mark, YamlNode::Kind::null));
      return;
    }
    attach(found->second);
  }

  void OnScalar(const YAML::Mark& mark,
                const std::string& tag,
                YAML::anchor_t anchor,
                const std::string& value) override {
    check_tag(mark, tag);
    if (tag == "!" && !source_.quote_is_closed(mark.line, mark.column)) {
      // yaml-cpp takes the end of the file for the closing quote.
      cut_off_ = PolicyProblem{
          place(mark), text("policy.yaml.open_quote"), text("policy.yaml.open_quote_hint")};
    }
    if (attach_key(place(mark), value, KeyForm::scalar)) return;
    auto node = make(mark, YamlNode::Kind::scalar);
    node->scalar = value;
    attach(remember(anchor, std::move(node)));
  }

  void OnSequenceStart(const YAML::Mark& mark,
                       const std::string& tag,
                       YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    open(mark, tag, anchor, YamlNode::Kind::list);
  }
  void OnSequenceEnd() override { close(); }

  void OnMapStart(const YAML::Mark& mark,
                  const std::string& tag,
                  YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    open(mark, tag, anchor, YamlNode::Kind::map);
  }
  void OnMapEnd() override { close(); }

 private:
  enum class KeyForm { scalar, other };
  struct Frame {
    std::shared_ptr<YamlNode> node;
    bool has_key = false;  // of a map: the next node is the value of `key`
    bool dropped = false;  // of a map: that value belongs to a key that is not kept
    std::string key;
    Place key_place;
  };

  Place place(const YAML::Mark& mark) const { return source_.place(mark.line, mark.column); }

  void report(Place where, Text message, std::optional<Text> hint = std::nullopt) {
    problems_.push_back({where, std::move(message), std::move(hint)});
  }

  void check_tag(const YAML::Mark& mark, const std::string& tag) {
    if (tag.empty() || tag == "?" || tag == "!") return;
    report(place(mark), text("policy.yaml.tag", {{"tag", tag}}));
  }

  std::shared_ptr<YamlNode> make(const YAML::Mark& mark, YamlNode::Kind kind) const {
    auto node = std::make_shared<YamlNode>();
    node->kind = kind;
    node->place = place(mark);
    return node;
  }

  std::shared_ptr<YamlNode> remember(YAML::anchor_t anchor, std::shared_ptr<YamlNode> node) {
    if (anchor != 0) anchors_[anchor] = node;
    return node;
  }

  void open(const YAML::Mark& mark,
            const std::string& tag,
            YAML::anchor_t anchor,
            YamlNode::Kind kind) {
    check_tag(mark, tag);
    auto node = remember(anchor, make(mark, kind));
    if (!attach_key(node->place, "", KeyForm::other)) attach(node);
    stack_.push_back({std::move(node), false, false, "", {}});
  }

  void close() { stack_.pop_back(); }

  // True if a key was expected: then the node is that key and goes nowhere else.
  bool attach_key(Place where, const std::string& key, KeyForm form) {
    if (stack_.empty()) return false;
    Frame& frame = stack_.back();
    if (frame.node->kind != YamlNode::Kind::map || frame.has_key) return false;
    frame.has_key = true;
    frame.dropped = true;
    frame.key = key;
    frame.key_place = where;
    if (form == KeyForm::other) {
      report(where, text("policy.yaml.key_form"));
      return true;
    }
    const auto& entries = frame.node->entries;
    const auto first = std::find_if(
        entries.begin(), entries.end(), [&](const auto& entry) { return entry.key == key; });
    if (first == entries.end()) {
      frame.dropped = false;
    } else {
      report(where,
             text("policy.duplicate_key", {{"key", key}}),
             text("policy.duplicate_key_hint", {{"line", std::to_string(first->place.line)}}));
    }
    return true;
  }

  void attach(std::shared_ptr<YamlNode> node) {
    if (stack_.empty()) {
      if (documents_ <= 1) root_ = std::move(node);
      return;
    }
    Frame& frame = stack_.back();
    if (frame.node->kind == YamlNode::Kind::list) {
      frame.node->items.push_back(std::move(node));
      return;
    }
    frame.has_key = false;
    if (!frame.dropped) {
      frame.node->entries.push_back({std::move(frame.key), frame.key_place, std::move(node)});
    }
  }

  const SourceText& source_;
  std::vector<PolicyProblem>& problems_;
  std::shared_ptr<YamlNode> root_;
  std::vector<Frame> stack_;
  std::unordered_map<YAML::anchor_t, std::shared_ptr<YamlNode>> anchors_;
  int documents_ = 0;
  std::optional<PolicyProblem> cut_off_;
};

// yaml-cpp names a consequence of a tab far from the tab itself.
PolicyProblem syntax_problem(const SourceText& source, const YAML::Exception& error) {
  const int line = std::max(error.mark.line, 0);
  if (const auto tab = source.first_indenting_tab(line)) {
    return {*tab, text("policy.yaml.tab"), text("policy.yaml.tab_hint")};
  }
  return {source.place(line, std::max(error.mark.column, 0)),
          text("policy.yaml.syntax", {{"detail", error.msg}}),
          text("policy.yaml.syntax_hint")};
}

}  // namespace

std::shared_ptr<const YamlNode> read_yaml(std::string_view yaml,
                                          std::vector<PolicyProblem>& problems) {
  if (yaml.size() > kMaxPolicySize) {
    problems.push_back({{1, 1}, text("policy.yaml.too_large"), std::nullopt});
    return nullptr;
  }
  if (yaml.starts_with("\xEF\xBB\xBF")) yaml.remove_prefix(3);
  const SourceText source(yaml);
  if (const auto bad = source.first_bad_character()) {
    problems.push_back({*bad, text("policy.yaml.encoding"), text("policy.yaml.encoding_hint")});
    return nullptr;
  }
  const std::size_t before = problems.size();
  TreeBuilder builder(source, problems);
  std::optional<PolicyProblem> fatal;
  try {
    // With a line break at the end, a file that was cut off inside quotes gets to the builder,
    // which knows where they opened.
    std::istringstream stream{std::string(yaml) + "\n"};
    YAML::Parser parser(stream);
    // Not further than the second: yaml-cpp finds documents without end where it does not advance,
    // as at a comma on its own.
    while (builder.documents() < 2 && parser.HandleNextDocument(builder)) {
    }
  } catch (const YAML::Exception& error) {
    fatal = syntax_problem(source, error);
  }
  if (builder.cut_off()) fatal = builder.cut_off();
  if (fatal) {
    // What was found on the way there rests on a structure that is not what was meant.
    problems.resize(before);
    problems.push_back(std::move(*fatal));
    return nullptr;
  }
  if (builder.root() == nullptr || builder.root()->kind == YamlNode::Kind::null) {
    problems.push_back({{1, 1}, text("policy.empty"), text("policy.empty_hint")});
    return nullptr;
  }
  return builder.root();
}

}  // namespace hikae::policy
