// SPDX-License-Identifier: Apache-2.0
// SQL as pg_dump and pg_dumpall write it: COPY blocks between statements, and a comment at the end
// that only a program which came to its end writes.
#include <algorithm>
#include <utility>

#include "postgres/dump_watcher.h"
#include "postgres/sql_scanner.h"
#include "postgres/watchers.h"

namespace hikae::postgres {
namespace {

constexpr std::string_view kCopyBegin = "COPY ";
constexpr std::string_view kCopyFrom = " FROM stdin;";
// Behind the mark newer programs write a few lines more (\unrestrict).
constexpr std::size_t kTailBytes = 1024;
// The longest head of a COPY: 1600 columns with quoted names of 63 characters.
constexpr std::size_t kLongestHead = std::size_t{1} << 20U;

class SqlWatcher final : public DumpWatcher {
 public:
  explicit SqlWatcher(std::string end_mark) : end_mark_(std::move(end_mark)) {}

  void feed(ByteView piece) override {
    std::string_view rest = as_text(piece);
    keep_tail(rest);
    while (!rest.empty()) {
      if (state_ == State::sql)
        read_sql(rest);
      else
        read_line(rest);
    }
  }

  std::optional<Text> finish() override {
    const bool has_mark = tail_.find("\n" + end_mark_ + "\n") != std::string::npos;
    if (state_ == State::sql && scanner_.is_between() && has_mark) return std::nullopt;
    return text("postgres.dump_ends_early");
  }

  std::vector<TableRows> rows() const override { return rows_; }

 private:
  // What a function's body or a comment says of COPY is no COPY.
  void read_sql(std::string_view& rest) {
    const std::string_view before = rest;
    const auto ended = scanner_.read(rest);
    const std::string_view read = before.substr(0, before.size() - rest.size());
    part_.append(read.substr(0, kLongestHead - std::min(part_.size(), kLongestHead)));
    if (!ended) return;
    const std::size_t begin = std::min(part_.find_first_not_of(" \n"), part_.size());
    end_part(std::string_view(part_).substr(begin));
    part_.clear();
  }
  void end_part(std::string_view part) {
    scanner_.follow(part);
    if (!part.starts_with(kCopyBegin) || !part.ends_with(kCopyFrom)) return;
    const std::vector<SqlToken> tokens = first_tokens(part);
    // COPY schema.table (…
    constexpr std::size_t kTable = 3;
    if (tokens.size() <= kTable || tokens[2].text != ".") return;
    rows_.push_back({tokens[1].name(), tokens[kTable].name()});
    state_ = State::copy_head;
  }

  void read_line(std::string_view& rest) {
    // Of a row it only matters whether it is the end mark "\\.".
    constexpr std::size_t kMost = 3;
    const std::size_t end = rest.find('\n');
    const std::size_t size = std::min(end, rest.size());
    if (part_.size() < kMost) part_.append(rest.substr(0, std::min(size, kMost - part_.size())));
    rest.remove_prefix(size);
    if (rest.empty()) return;
    rest.remove_prefix(1);
    if (state_ == State::copy_head) {
      state_ = State::rows;
    } else if (part_ == "\\.") {
      state_ = State::sql;
    } else {
      ++rows_.back().rows;
    }
    part_.clear();
  }

  void keep_tail(std::string_view piece) {
    tail_.append(piece.substr(piece.size() - std::min(piece.size(), kTailBytes)));
    if (tail_.size() > kTailBytes) tail_.erase(0, tail_.size() - kTailBytes);
  }

  // copy_head: what is left of the line with the COPY's semicolon.
  enum class State { sql, copy_head, rows };

  std::string end_mark_;
  SqlScanner scanner_;
  State state_ = State::sql;
  std::string part_;  // of SQL, or the line at hand
  std::string tail_;
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
