// SPDX-License-Identifier: Apache-2.0
#include "source/selection.h"

#include <fcntl.h>

#include <algorithm>

#include "base/error.h"
#include "os/fd.h"

namespace hikae {
namespace {

constexpr const char* kCacheTag = "CACHEDIR.TAG:Signature: 8a477f597d28d172789f06886806bc55";

std::vector<PatternLine> to_lines(const std::vector<std::string>& patterns) {
  std::vector<PatternLine> lines;
  lines.reserve(patterns.size());
  for (const std::string& pattern : patterns) lines.push_back({pattern, "", 0});
  return lines;
}

bool begins_with(int folder, const std::string& name, const std::string& header) {
  // A tag may be a link; a pipe that bears the name must not block.
  const os::Fd file = os::try_open_at(folder, name, O_RDONLY | O_NONBLOCK | O_NOCTTY);
  struct stat status {};
  if (!file || fstat(file.get(), &status) != 0 || !S_ISREG(status.st_mode)) return false;
  Bytes begin(header.size());
  try {
    return os::read_fully(file.get(), begin) == begin.size() && as_text(begin) == header;
  } catch (const Error&) {
    // The tag file itself will be stored, and that will say what is wrong with it.
    return false;
  }
}

}  // namespace

Selection::Selection(const FilesOptions& options)
    : patterns_any_case_(PatternList::parse(options.exclude_case_insensitive, LetterCase::ignored)),
      larger_than_(options.exclude_larger_than),
      file_systems_(options.file_systems) {
  std::vector<PatternLine> lines = to_lines(options.exclude);
  for (const std::string& file : options.exclude_files) {
    for (PatternLine& line : read_pattern_file(file)) lines.push_back(std::move(line));
  }
  patterns_ = PatternList::parse(lines);
  std::vector<std::string> tags = options.exclude_if_present;
  if (options.exclude_caches) tags.emplace_back(kCacheTag);
  for (const std::string& tag : tags) {
    const std::size_t colon = std::min(tag.find(':'), tag.size());
    if (colon == 0)
      throw Error(ErrorCode::invalid_argument, text("source.bad_tag", {{"tag", tag}}));
    tags_.push_back({tag.substr(0, colon), tag.substr(std::min(colon + 1, tag.size()))});
  }
}

FolderSelection::FolderSelection(const Selection& selection, std::string_view path)
    : selection_(selection),
      patterns_(selection.patterns_, path),
      patterns_any_case_(selection.patterns_any_case_, path) {}

void FolderSelection::look_for_tags(int folder) {
  for (const Selection::Tag& tag : selection_.tags_) {
    struct stat status {};
    const bool present = fstatat(folder, tag.name.c_str(), &status, AT_SYMLINK_NOFOLLOW) == 0;
    if (present && (tag.header.empty() || begins_with(folder, tag.name, tag.header)))
      tags_present_.push_back(tag.name);
  }
}

void FolderSelection::set_devices(dev_t folder, dev_t allowed) {
  device_ = folder;
  allowed_device_ = allowed;
}

bool FolderSelection::rejects_name(std::string_view name) {
  return patterns_.matches(name) || patterns_any_case_.matches(name);
}

bool FolderSelection::rejects(std::string_view name, const struct stat& status) const {
  const bool folder = S_ISDIR(status.st_mode);
  if (selection_.file_systems_ == FileSystems::one && status.st_dev != allowed_device_) {
    // A folder on which something is mounted is kept, so that a restore makes the mount point.
    if (!folder || device_ != allowed_device_) return true;
  }
  if (selection_.larger_than_ && !folder &&
      static_cast<std::uint64_t>(status.st_size) > *selection_.larger_than_)
    return true;
  return std::any_of(tags_present_.begin(), tags_present_.end(), [&](std::string_view tag) {
    return tag != name;
  });
}

}  // namespace hikae
