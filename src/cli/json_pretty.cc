// SPDX-License-Identifier: Apache-2.0
#include "cli/json_pretty.h"

namespace hikae::cli {
namespace {

class Layout {
 public:
  explicit Layout(std::string_view json) : json_(json) {}

  std::string run() {
    for (at_ = 0; at_ < json_.size(); ++at_) take(json_[at_]);
    return std::move(out_);
  }

 private:
  void take(char c) {
    if (c == '"') {
      take_string();
    } else if (c == '{' || c == '[') {
      open(c);
    } else if (c == '}' || c == ']') {
      --depth_;
      new_line();
      out_ += c;
    } else if (c == ',') {
      out_ += c;
      new_line();
    } else if (c == ':') {
      out_ += ": ";
    } else if (c != ' ' && c != '\n' && c != '\t' && c != '\r') {
      out_ += c;
    }
  }
  void take_string() {
    const std::size_t begin = at_++;
    while (at_ < json_.size() && json_[at_] != '"') at_ += json_[at_] == '\\' ? 2 : 1;
    out_ += json_.substr(begin, at_ + 1 - begin);
  }
  void open(char c) {
    out_ += c;
    const std::size_t next = json_.find_first_not_of(" \n\t\r", at_ + 1);
    if (next != std::string_view::npos && (json_[next] == '}' || json_[next] == ']')) {
      out_ += json_[next];
      at_ = next;
      return;
    }
    ++depth_;
    new_line();
  }
  void new_line() { out_ += "\n" + std::string(2 * depth_, ' '); }

  std::string_view json_;
  std::size_t at_ = 0;
  std::size_t depth_ = 0;
  std::string out_;
};

}  // namespace

std::string pretty_json(std::string_view json) {
  return Layout(json).run();
}

}  // namespace hikae::cli
