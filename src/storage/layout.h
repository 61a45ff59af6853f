// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <string>
#include <string_view>

#include "storage/backend.h"

namespace hikae {

// Where the kinds of files lie, for backends that have folders.

inline constexpr std::array kAllFileTypes = {FileType::config,
                                             FileType::key,
                                             FileType::lock,
                                             FileType::snapshot,
                                             FileType::index,
                                             FileType::pack,
                                             FileType::policy,
                                             FileType::evidence,
                                             FileType::forgotten};

// "keys", "hikae/policies", "data"; empty for config. Packs lie one folder deeper.
std::string_view folder_of(FileType type);
// The folder of one file: "data/3f" for a pack.
std::string folder_of(const FileHandle& file);
// 64 lower-case hex digits.
bool is_file_name(std::string_view name);
// Throws Error{invalid_argument} unless the name is one that path_of() accepts: empty for config,
// else 64 hex digits. Backends call it first, so that no name leads elsewhere.
void check_name(const FileHandle& file);

}  // namespace hikae
