// SPDX-License-Identifier: Apache-2.0
#include "cli/reading.h"

namespace hikae::cli {

Index load_index_for_reading(const Session& session, Repository& repository) {
  std::size_t count = 0;
  Index index = repository.load_index(
      [&](const Error& error) {
        ++count;
        session.console.warning(text("cli_restore.index_damaged",
                                     {{"reason", render(error, session.console.language())}}));
      },
      session.stop);
  if (count > 0) session.console.warning(text("cli_restore.index_damaged_hint"));
  return index;
}

}  // namespace hikae::cli
