// SPDX-License-Identifier: Apache-2.0
// What ssh writes, with whatever a server makes it repeat: any text gives facts, messages and an
// error, and none of them moves a terminal's cursor.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "net/ssh.h"

namespace {

void require_printable(std::string_view text) {
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7f) std::abort();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view log(reinterpret_cast<const char*>(data), size);
  const hikae::net::SshFacts facts = hikae::net::parse_ssh_facts(log);
  require_printable(facts.cipher_to_server);
  require_printable(facts.cipher_from_server);
  for (const std::string& message : hikae::net::ssh_messages(log)) require_printable(message);
  hikae::net::SshTarget target;
  target.host = "nas";
  const hikae::Error error = hikae::net::explain_ssh_failure(target, log);
  require_printable(hikae::render(error, hikae::Language::en));
  if (error.hint()) require_printable(hikae::render(*error.hint(), hikae::Language::ja));
  return 0;
}
