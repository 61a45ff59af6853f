// SPDX-License-Identifier: Apache-2.0
// A line of the log, whoever wrote it: it is refused, or it is written again as one line that reads
// back the same.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "logs/line.h"
#include "logs/sink.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto line = hikae::logs::parse_line(text);
  if (!line) return 0;
  const std::string written = hikae::logs::encode_line(*line);
  if (written.find('\n') != std::string::npos) std::abort();
  const auto again = hikae::logs::parse_line(written);
  if (!again || hikae::logs::encode_line(*again) != written) std::abort();
  static_cast<void>(hikae::logs::encode_for_journald(*line));
  return 0;
}
