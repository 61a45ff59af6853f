// SPDX-License-Identifier: Apache-2.0
#include "cli/file_lists.h"

#include <glob.h>

#include <filesystem>
#include <memory>

#include "base/bytes.h"
#include "base/error.h"
#include "os/files.h"
#include "source/filter.h"

namespace hikae::cli {
namespace {

constexpr std::size_t kLargestList = std::size_t{256} * 1024 * 1024;

std::vector<std::string> split(std::string_view content, char separator) {
  std::vector<std::string> parts;
  while (!content.empty()) {
    const std::size_t end = std::min(content.find(separator), content.size());
    if (end > 0) parts.emplace_back(content.substr(0, end));
    content.remove_prefix(std::min(content.size(), end + 1));
  }
  return parts;
}

std::vector<std::string> expand(const std::string& pattern, const std::string& working_directory) {
  const std::string absolute = (std::filesystem::path(working_directory) / pattern).string();
  glob_t found{};
  // NOLINTNEXTLINE(concurrency-mt-unsafe): the command line is read before any other thread works
  const int result = glob(absolute.c_str(), GLOB_NOSORT, nullptr, &found);
  const std::unique_ptr<glob_t, decltype(&globfree)> owner(&found, &globfree);
  if (result != 0) {
    throw Error(ErrorCode::not_found, text("cli_backup.pattern_empty", {{"pattern", pattern}}));
  }
  return {found.gl_pathv, found.gl_pathv + found.gl_pathc};
}

std::string trim(const std::string& line) {
  const std::size_t begin = line.find_first_not_of(" \t\r");
  if (begin == std::string::npos) return "";
  return line.substr(begin, line.find_last_not_of(" \t\r") - begin + 1);
}

}  // namespace

std::vector<std::string> read_file_list(const std::string& file,
                                        ListForm form,
                                        const std::string& working_directory) {
  const std::string place = (std::filesystem::path(working_directory) / file).string();
  const Bytes content = os::read_file(place, kLargestList);
  auto entries = split(as_text(content), form == ListForm::separated ? '\0' : '\n');
  if (form != ListForm::patterns) return entries;
  std::vector<std::string> paths;
  for (const std::string& entry : entries) {
    const std::string pattern = trim(entry);
    if (pattern.empty() || pattern.front() == '#') continue;
    for (std::string& path : expand(pattern, working_directory)) paths.push_back(std::move(path));
  }
  return paths;
}

std::vector<std::string> with_pattern_files(std::vector<std::string> patterns,
                                            const std::vector<std::string>& files) {
  for (const std::string& file : files) {
    const std::vector<PatternLine> lines = read_pattern_file(file);
    // Here the place of a mistake is still known.
    static_cast<void>(PatternList::parse(lines));
    for (const PatternLine& line : lines) patterns.push_back(line.text);
  }
  return patterns;
}

}  // namespace hikae::cli
