// SPDX-License-Identifier: Apache-2.0
#include "cli/file_mode.h"

namespace hikae::cli {

std::string mode_string(std::uint32_t mode) {
  // One letter for each bit from the top, as far as they are used.
  constexpr char kTypes[] = "dalTLDpSugct?";
  constexpr char kPermissions[] = "rwxrwxrwx";
  std::string shown;
  for (unsigned i = 0; i < sizeof kTypes - 1; ++i) {
    if ((mode >> (31 - i) & 1U) != 0) shown += kTypes[i];
  }
  if (shown.empty()) shown = "-";
  for (unsigned i = 0; i < sizeof kPermissions - 1; ++i)
    shown += (mode >> (8 - i) & 1U) != 0 ? kPermissions[i] : '-';
  return shown;
}

}  // namespace hikae::cli
