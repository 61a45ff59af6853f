// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace hikae {

// Arithmetic on paths as byte strings, without asking the file system, with the results of Go's
// path/filepath (restic's trees and pattern rules depend on them).

// Without "//", "." and, where a component precedes it, ".."; "" becomes ".".
std::string clean_path(std::string_view path);
// Cleaned; "a" and "b/c" give "a/b/c".
std::string join_path(std::string_view folder, std::string_view name);
// Cleaned and absolute.
std::string absolute_path(std::string_view working_directory, std::string_view path);
// Of a cleaned path: "/a/b" gives "/a" and "b".
std::string_view parent_path(std::string_view path);
std::string_view base_name(std::string_view path);

}  // namespace hikae
