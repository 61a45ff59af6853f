// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

namespace hikae::cli {

// restic's three forms of a file that lists what to back up.
enum class ListForm {
  patterns,   // --files-from: one a line, "#" comments, wildcards are expanded
  verbatim,   // --files-from-verbatim: one a line, as it is
  separated,  // --files-from-raw: each ended by a NUL
};

// Relative paths and wildcards are taken from `working_directory`. Throws Error for a file that
// cannot be read and for a pattern that matches nothing.
std::vector<std::string> read_file_list(const std::string& file,
                                        ListForm form,
                                        const std::string& working_directory);

// `patterns` and behind them those of the pattern files (see read_pattern_file()). Throws
// Error{invalid_argument} naming file and line for one that is malformed.
std::vector<std::string> with_pattern_files(std::vector<std::string> patterns,
                                            const std::vector<std::string>& files);

}  // namespace hikae::cli
