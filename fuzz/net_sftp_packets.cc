// SPDX-License-Identifier: Apache-2.0
// What a server sends: any bytes are parsed or refused with Error{corrupt}, and what an answer
// points to lies within the packet.
#include <cstdint>
#include <cstdlib>
#include <functional>

#include "base/error.h"
#include "net/sftp_packets.h"

namespace {

using hikae::ByteView;
using hikae::net::sftp::Answer;

void require(bool condition) {
  if (!condition) std::abort();
}

template <typename Parse>
void refused_or(Parse parse) {
  try {
    parse();
  } catch (const hikae::Error& error) {
    require(error.code() == hikae::ErrorCode::corrupt);
  }
}

void check_answer(ByteView packet) {
  const Answer answer = hikae::net::sftp::parse_answer(packet);
  if (!answer.data.empty())
    require(answer.data.data() >= packet.data() &&
            answer.data.data() + answer.data.size() <= packet.data() + packet.size());
  std::size_t names = answer.handle.size() + answer.message.size();
  for (const auto& entry : answer.names) names += entry.name.size();
  require(names <= packet.size());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const ByteView bytes(data, size);
  refused_or([&] {
    const auto whole = hikae::net::sftp::packet_size(bytes);
    require(!whole || *whole > 4);
  });
  refused_or([&] { check_answer(bytes); });
  refused_or([&] { hikae::net::sftp::parse_version(bytes); });
  refused_or([&] { hikae::net::sftp::parse_statvfs(bytes); });
  refused_or([&] { hikae::net::sftp::parse_limits(bytes); });
  return 0;
}
