// SPDX-License-Identifier: Apache-2.0
#include "net/ssh.h"

#include <algorithm>
#include <array>
#include <optional>

#include "base/lines.h"
#include "os/users.h"

namespace hikae::net {
namespace {

constexpr std::string_view kAes256Ciphers = "aes256-gcm@openssh.com,aes256-ctr";

// What stands between two words, the first pair of them in the line.
std::optional<std::string> between(std::string_view line,
                                   std::string_view before,
                                   std::string_view after) {
  const std::size_t start = line.find(before);
  if (start == std::string_view::npos) return std::nullopt;
  line.remove_prefix(start + before.size());
  const std::size_t end = after.empty() ? line.size() : line.find(after);
  if (end == std::string_view::npos) return std::nullopt;
  return std::string(line.substr(0, end));
}

// A server's banner and a host name come from outside: nothing of it may move a terminal's cursor.
std::string printable(std::string_view line) {
  std::string result;
  for (const char c : line) {
    const auto byte = static_cast<unsigned char>(c);
    result += byte < 0x20 || byte == 0x7f ? ' ' : c;
  }
  return result;
}

bool is_debug(std::string_view line) {
  return line.starts_with("debug1: ") || line.starts_with("debug2: ") ||
         line.starts_with("debug3: ");
}

// What -v prints without a mark of its own.
bool is_chatter(std::string_view line) {
  constexpr std::array<std::string_view, 5> kBeginnings = {"OpenSSH_",
                                                           "Authenticated to ",
                                                           "Transferred: sent ",
                                                           "Bytes per second: ",
                                                           "Warning: Permanently added "};
  return is_debug(line) || std::any_of(kBeginnings.begin(), kBeginnings.end(), [&](auto beginning) {
           return line.starts_with(beginning);
         });
}

std::string quoted(const std::string& word) {
  const bool plain = std::all_of(word.begin(), word.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("_-./:=,@%+~").find(c) != std::string_view::npos;
  });
  if (plain && !word.empty()) return word;
  std::string result = "'";
  for (const char c : word) result += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return result + "'";
}

// The command with which a person connects once by hand.
std::string by_hand(const SshTarget& target, const std::string& option) {
  std::string command = "ssh";
  if (!option.empty()) command += " -o " + option;
  if (!target.config_file.empty()) command += " -F " + quoted(target.config_file);
  if (target.port != 0) command += " -p " + std::to_string(target.port);
  command += " " + quoted(target.user.empty() ? target.host : target.user + "@" + target.host);
  return command;
}

struct HostKey {
  std::string type;
  std::string fingerprint;
};

// "debug1: Server host key: ssh-ed25519 SHA256:…": the last one, since a jump host comes before.
HostKey offered_key(const std::vector<std::string_view>& lines) {
  HostKey key;
  for (const std::string_view line : lines) {
    const auto found = between(line, "Server host key: ", "");
    if (!found || !is_debug(line)) continue;
    const std::size_t space = std::min(found->find(' '), found->size());
    key.type = printable(found->substr(0, space));
    key.fingerprint = printable(found->substr(std::min(space + 1, found->size())));
  }
  return key;
}

Error unknown_host_key(const SshTarget& target, const std::string& host, const HostKey& key) {
  return Error(ErrorCode::permission,
               text("net.ssh_host_key_unknown",
                    {{"host", host}, {"type", key.type}, {"fingerprint", key.fingerprint}}))
      .with_hint(text("net.ssh_host_key_unknown_hint",
                      {{"user", os::current_user_name()},
                       {"command", by_hand(target, "StrictHostKeyChecking=ask")}}));
}

Error changed_host_key(const SshTarget& target,
                       const std::string& host,
                       const HostKey& key,
                       const std::string& known_hosts) {
  const std::string forget = "ssh-keygen -R " + quoted(host) +
                             (known_hosts.empty() ? std::string() : " -f " + quoted(known_hosts));
  return Error(ErrorCode::permission,
               text("net.ssh_host_key_changed",
                    {{"host", host}, {"type", key.type}, {"fingerprint", key.fingerprint}}))
      .with_hint(text("net.ssh_host_key_changed_hint",
                      {{"user", os::current_user_name()},
                       {"forget", forget},
                       {"command", by_hand(target, "StrictHostKeyChecking=ask")}}));
}

std::optional<Error> explain_host_key(const SshTarget& target,
                                      const std::vector<std::string_view>& lines) {
  const HostKey key = offered_key(lines);
  std::string known_hosts;
  for (const std::string_view line : lines) {
    if (is_debug(line)) continue;
    if (line.starts_with("Offending ")) {
      // "Offending ED25519 key in /root/.ssh/known_hosts:7"
      const std::string place = between(line, " key in ", "").value_or("");
      known_hosts = printable(place.substr(0, place.rfind(':')));
    }
    if (const auto host = between(line, " host key is known for ", " and you have requested"))
      return unknown_host_key(target, printable(*host), key);
    if (const auto host = between(line, "Host key for ", " has changed and you have requested"))
      return changed_host_key(target, printable(*host), key, known_hosts);
    if (line.find("REVOKED HOST KEY DETECTED") != std::string_view::npos)
      return Error(ErrorCode::permission,
                   text("net.ssh_host_key_revoked",
                        {{"host", target.host}, {"fingerprint", key.fingerprint}}));
    if (line == "Host key verification failed.") return unknown_host_key(target, target.host, key);
  }
  return std::nullopt;
}

std::optional<Error> explain_login(const SshTarget& target,
                                   const std::vector<std::string_view>& lines) {
  std::string unusable;
  for (const std::string_view line : lines) {
    if (is_debug(line)) continue;
    if (line.starts_with("Load key \"")) unusable = printable(line);
    const bool refused = line.find(": Permission denied (") != std::string_view::npos ||
                         line.find("Too many authentication failures") != std::string_view::npos;
    if (!refused) continue;
    const std::string reason = printable(line) + (unusable.empty() ? "" : " " + unusable);
    return Error(ErrorCode::permission,
                 text("net.ssh_login_refused", {{"host", target.host}, {"reason", reason}}))
        .with_hint(text(
            "net.ssh_login_refused_hint",
            {{"user", os::current_user_name()}, {"command", by_hand(target, "BatchMode=yes")}}));
  }
  return std::nullopt;
}

std::optional<Error> explain_negotiation(const SshTarget& target,
                                         const std::vector<std::string_view>& lines) {
  for (const std::string_view line : lines) {
    const auto what = between(line, "no matching ", " found");
    if (!what || is_debug(line)) continue;
    const std::string offer = printable(between(line, "Their offer: ", "").value_or(""));
    if (*what == "cipher" && target.ciphers == SshCiphers::aes_256_only)
      return Error(ErrorCode::unsupported,
                   text("net.ssh_no_aes_256", {{"host", target.host}, {"offer", offer}}))
          .with_hint(text("net.ssh_no_aes_256_hint"));
    return Error(ErrorCode::unsupported,
                 text("net.ssh_no_common",
                      {{"host", target.host}, {"what", printable(*what)}, {"offer", offer}}))
        .with_hint(text("net.ssh_no_common_hint"));
  }
  return std::nullopt;
}

bool any_contains(const std::vector<std::string>& messages, std::string_view part) {
  return std::any_of(messages.begin(), messages.end(), [&](const std::string& message) {
    return message.find(part) != std::string::npos;
  });
}

std::optional<Error> explain_network(const SshTarget& target,
                                     const std::vector<std::string>& messages) {
  const Text::Arguments host = {{"host", target.host}};
  if (any_contains(messages, "Could not resolve hostname"))
    return Error(ErrorCode::io, text("net.ssh_no_address", host), Retry::after_backoff)
        .with_hint(text("net.ssh_no_address_hint", host));
  if (any_contains(messages, ": Connection refused"))
    return Error(ErrorCode::io, text("net.ssh_refused", host), Retry::after_backoff)
        .with_hint(text("net.ssh_refused_hint", host));
  for (const char* unreachable : {"No route to host", "Network is unreachable", "Host is down"}) {
    if (any_contains(messages, unreachable))
      return Error(ErrorCode::io, text("net.ssh_unreachable", host), Retry::after_backoff)
          .with_hint(text("net.ssh_unreachable_hint", host));
  }
  for (const char* silent : {"timed out", "Timeout, server"}) {
    if (any_contains(messages, silent))
      return Error(ErrorCode::timeout, text("net.ssh_silent", host), Retry::after_backoff)
          .with_hint(text("net.ssh_unreachable_hint", host));
  }
  return std::nullopt;
}

std::optional<Error> explain_setting(const SshTarget& target,
                                     const std::vector<std::string>& messages) {
  if (any_contains(messages, "subsystem request failed"))
    return Error(ErrorCode::unsupported, text("net.ssh_no_sftp", {{"host", target.host}}))
        .with_hint(text("net.ssh_no_sftp_hint"));
  for (const char* wrong : {"Bad configuration option",
                            "Can't open user config file",
                            "terminating, ",
                            "Bad owner or permissions on "}) {
    for (const std::string& message : messages) {
      if (message.find(wrong) != std::string::npos)
        return Error(ErrorCode::invalid_argument,
                     text("net.ssh_bad_config", {{"reason", message}}));
    }
  }
  return std::nullopt;
}

}  // namespace

std::vector<std::string> ssh_command(const SshTarget& target, std::string_view subsystem) {
  std::vector<std::string> argv = {"ssh", "-v"};
  if (!target.config_file.empty()) argv.insert(argv.end(), {"-F", target.config_file});
  for (const char* option : {
           // Nobody is there to answer.
           "BatchMode=yes",
           "StrictHostKeyChecking=yes",
           // A connection that another program has opened may use any cipher, and ends with it.
           "ControlMaster=no",
           "ControlPath=none",
           // What a person wants for his own logins.
           "ClearAllForwardings=yes",
           "ForwardAgent=no",
           "ForwardX11=no",
           "PermitLocalCommand=no",
           "RemoteCommand=none",
           "RequestTTY=no",
           // What is sent is encrypted already, so that nothing becomes smaller.
           "Compression=no",
           // A dead connection ends after a minute: 4 questions without an answer.
           "ConnectTimeout=20",
           "ServerAliveInterval=15",
           "ServerAliveCountMax=3",
           "TCPKeepAlive=yes",
       }) {
    argv.insert(argv.end(), {"-o", option});
  }
  if (target.ciphers == SshCiphers::aes_256_only)
    argv.insert(argv.end(), {"-o", "Ciphers=" + std::string(kAes256Ciphers)});
  if (target.port != 0) argv.insert(argv.end(), {"-p", std::to_string(target.port)});
  if (!target.user.empty()) argv.insert(argv.end(), {"-l", target.user});
  argv.insert(argv.end(), {"-s", "--", target.host, std::string(subsystem)});
  return argv;
}

SshFacts parse_ssh_facts(std::string_view log) {
  SshFacts facts;
  for (const std::string_view line : lines_of(log)) {
    if (!is_debug(line)) continue;
    // A jump host's lines come before those of the server behind it: the last ones count.
    if (const auto cipher = between(line, "kex: client->server cipher: ", " "))
      facts.cipher_to_server = printable(*cipher);
    if (const auto cipher = between(line, "kex: server->client cipher: ", " "))
      facts.cipher_from_server = printable(*cipher);
  }
  return facts;
}

bool is_aes_256_cipher(std::string_view cipher) {
  return cipher.starts_with("aes256-");
}

std::vector<std::string> ssh_messages(std::string_view log) {
  std::vector<std::string> messages;
  for (const std::string_view line : lines_of(log)) {
    if (!line.empty() && !is_chatter(line)) messages.push_back(printable(line));
  }
  return messages;
}

Error explain_ssh_failure(const SshTarget& target, std::string_view log) {
  const std::vector<std::string_view> lines = lines_of(log);
  const std::vector<std::string> messages = ssh_messages(log);
  if (auto error = explain_host_key(target, lines)) return *error;
  if (auto error = explain_login(target, lines)) return *error;
  if (auto error = explain_negotiation(target, lines)) return *error;
  if (auto error = explain_setting(target, messages)) return *error;
  if (auto error = explain_network(target, messages)) return *error;
  const std::string reason = messages.empty() ? std::string("-") : messages.back();
  return Error(ErrorCode::io,
               text("net.ssh_ended", {{"host", target.host}, {"reason", reason}}),
               Retry::after_backoff)
      .with_hint(text("net.ssh_ended_hint", {{"command", by_hand(target, "BatchMode=yes")}}));
}

}  // namespace hikae::net
