// SPDX-License-Identifier: Apache-2.0
// SQL as pg_dump and pg_dumpall write it: COPY blocks, and a comment at the end that only a program
// which came to its end writes.
#include <algorithm>
#include <utility>

#include "postgres/dump_watcher.h"
#include "postgres/watchers.h"

namespace hikae::postgres {
namespace {

constexpr std::string_view kCopyBegin = "COPY ";
constexpr std::string_view kCopyFrom = " FROM stdin;";
// Behind the mark newer programs write a few lines more (\unrestrict).
constexpr std::size_t kTailBytes = 1024;
// The longest head of a COPY: 1600 columns with quoted names of 63 characters.
constexpr std::size_t kLongestHead = std::size_t{1} << 20U;

// Takes one name, quoted or not, from the front: a"".b gives a". Empty when there is none.
std::string take_name(std::string_view& rest) {
  std::string name;
  if (!rest.starts_with('"')) {
    const std::size_t end = std::min(rest.find_first_of(". ("), rest.size());
    name = rest.substr(0, end);
    rest.remove_prefix(end);
    return name;
  }
  rest.remove_prefix(1);
  while (!rest.empty()) {
    const char c = rest.front();
    rest.remove_prefix(1);
    if (c == '"') {
      if (!rest.starts_with('"')) break;
      rest.remove_prefix(1);
    }
    name += c;
  }
  return name;
}

class SqlWatcher final : public DumpWatcher {
 public:
  explicit SqlWatcher(std::string end_mark) : end_mark_(std::move(end_mark)) {}

  void feed(ByteView piece) override {
    std::string_view rest = as_text(piece);
    keep_tail(rest);
    while (!rest.empty()) {
      const std::size_t end = rest.find('\n');
      // Of a row it only matters whether it is the end mark "\\.".
      const std::size_t most = in_copy_ ? 3 : kLongestHead;
      if (line_.size() < most) line_.append(rest.substr(0, std::min(end, most - line_.size())));
      if (end == std::string_view::npos) return;
      end_line();
      rest.remove_prefix(end + 1);
    }
  }

  std::optional<Text> finish() override {
    if (in_copy_ || tail_.find("\n" + end_mark_ + "\n") == std::string::npos)
      return text("postgres.dump_ends_early");
    return std::nullopt;
  }

  std::vector<TableRows> rows() const override { return rows_; }

 private:
  void end_line() {
    if (in_copy_) {
      in_copy_ = line_ != "\\.";
      if (in_copy_) ++rows_.back().rows;
    } else if (line_.starts_with(kCopyBegin) && line_.ends_with(kCopyFrom)) {
      std::string_view rest = std::string_view(line_).substr(kCopyBegin.size());
      TableRows table;
      table.schema = take_name(rest);
      if (rest.starts_with('.')) rest.remove_prefix(1);
      table.table = take_name(rest);
      rows_.push_back(std::move(table));
      in_copy_ = true;
    }
    line_.clear();
  }

  void keep_tail(std::string_view piece) {
    tail_.append(piece.substr(piece.size() - std::min(piece.size(), kTailBytes)));
    if (tail_.size() > kTailBytes) tail_.erase(0, tail_.size() - kTailBytes);
  }

  std::string end_mark_;
  std::string line_;
  std::string tail_;
  bool in_copy_ = false;
  std::vector<TableRows> rows_;
};

}  // namespace

std::unique_ptr<DumpWatcher> watch_sql(std::string end_mark) {
  return std::make_unique<SqlWatcher>(std::move(end_mark));
}

std::unique_ptr<DumpWatcher> watch_dump(DumpFormat format) {
  if (format == DumpFormat::custom) return watch_archive();
  return watch_sql("-- PostgreSQL database dump complete");
}

std::unique_ptr<DumpWatcher> watch_globals() {
  return watch_sql("-- PostgreSQL database cluster dump complete");
}

}  // namespace hikae::postgres
