// SPDX-License-Identifier: Apache-2.0
#include "logs/reader.h"

#include <sys/stat.h>

#include <fstream>

#include "logs/sink.h"

namespace hikae::logs {
namespace {

// What was last changed before `since` holds nothing newer.
bool is_older(const std::string& path, Instant since) {
  struct stat status {};
  if (stat(path.c_str(), &status) != 0) return false;
  return Instant(std::chrono::seconds(status.st_mtim.tv_sec + 1)) < since;
}

void load_file(const std::string& path,
               const std::string& policy,
               Instant since,
               LogContent& content) {
  std::ifstream file(path);
  if (!file) throw Error(ErrorCode::io, text("logs.unreadable", {{"path", path}}));
  for (std::string text; std::getline(file, text);) {
    if (text.empty()) continue;
    auto line = parse_line(text);
    if (!line) {
      ++content.unreadable_lines;
    } else if (line->policy == policy && line->time >= since) {
      content.lines.push_back(std::move(*line));
    }
  }
  if (file.bad()) throw Error(ErrorCode::io, text("logs.unreadable", {{"path", path}}));
}

}  // namespace

LogContent load_log(const std::string& folder, const std::string& policy, Instant since) {
  LogContent content;
  for (const std::string& path : list_log_files(folder)) {
    if (!is_older(path, since)) load_file(path, policy, since, content);
  }
  return content;
}

}  // namespace hikae::logs
