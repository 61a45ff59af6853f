// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>

#include "source/files_tree.h"
#include "source/source.h"

namespace hikae {

// Opens what the entry names below the anchor; it must still be a regular file. Throws Error.
std::unique_ptr<SourceFile> open_files_file(const Anchor& anchor,
                                            const std::string& relative,
                                            const SourceEntry& entry,
                                            HostFacts& facts);

}  // namespace hikae
