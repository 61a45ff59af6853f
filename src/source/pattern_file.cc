// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "base/error.h"
#include "base/units.h"
#include "os/files.h"
#include "source/filter.h"
#include "source/unicode.h"

namespace hikae {
namespace {

constexpr std::size_t kMaximumSize = 64 * kMiB;

Bytes read_pattern_bytes(const std::string& path) {
  try {
    return os::read_file(path, kMaximumSize);
  } catch (const Error& error) {
    // Whatever the reason is, what is wrong for the caller is the argument.
    throw Error(ErrorCode::invalid_argument, error.message())
        .with_context(text("source.reading_patterns", {{"file", path}}));
  }
}

}  // namespace

std::vector<PatternLine> read_pattern_file(const std::string& path) {
  const Bytes bytes = read_pattern_bytes(path);
  std::string_view rest = as_text(bytes);
  if (rest.starts_with("\xff\xfe") || rest.starts_with("\xfe\xff"))
    throw Error(ErrorCode::invalid_argument, text("source.patterns_utf16", {{"file", path}}));
  if (rest.starts_with("\xef\xbb\xbf")) rest.remove_prefix(3);
  std::vector<PatternLine> lines;
  for (std::size_t number = 1; !rest.empty(); ++number) {
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    const std::string_view line = trim_space(rest.substr(0, end));
    rest.remove_prefix(std::min(end + 1, rest.size()));
    if (line.empty() || line.starts_with('#')) continue;
    lines.push_back({std::string(line), path, number});
  }
  return lines;
}

}  // namespace hikae
