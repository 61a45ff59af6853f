// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>

#include "cli/command_line.h"
#include "cli/session.h"
#include "repository/blob_writer.h"

namespace hikae::cli {

// --pack-size (MiB) and --compression of the verbs that write packs; RESTIC_PACK_SIZE and
// RESTIC_COMPRESSION where they are not given.
struct BlobOptions {
  std::optional<std::string> pack_size;
  std::optional<std::string> compression;

  void add_to(Command& command);
  // Throws Error{invalid_argument}.
  BlobWriterOptions resolve(const Environment& environment) const;
};

// A size given to `option`. Throws Error{invalid_argument} that names the option.
std::uint64_t parse_size_option(const std::string& option, const std::string& value);

}  // namespace hikae::cli
