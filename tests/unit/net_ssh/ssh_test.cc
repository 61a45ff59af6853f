// SPDX-License-Identifier: Apache-2.0
// The logs are those of OpenSSH 9.2, shortened; that the installed one still speaks so is shown by
// tests/unit/storage_sftp with a real server.
#include "net/ssh.h"

#include <algorithm>

#include <gmock/gmock.h>

namespace hikae::net {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Not;

SshTarget nas() {
  SshTarget target;
  target.host = "nas";
  target.user = "backup";
  target.port = 2222;
  return target;
}

constexpr const char* kKeyExchange =
    "OpenSSH_9.2p1 Debian-2+deb12u10, OpenSSL 3.0.19 27 Jan 2026\n"
    "debug1: Connecting to 127.0.0.1 [127.0.0.1] port 2222.\n"
    "debug1: kex: server->client cipher: aes256-ctr MAC: hmac-sha2-256 compression: none\n"
    "debug1: kex: client->server cipher: aes256-gcm@openssh.com MAC: <implicit> compression: none\n"
    "debug1: Server host key: ssh-ed25519 SHA256:XkOcKFqOsY9d//c+C1PS3duS8iDzJAJqs1wYzz+UQxg\n";

Error explained(const std::string& rest, const SshTarget& target = nas()) {
  return explain_ssh_failure(target, kKeyExchange + rest);
}

TEST(SshCommand, AsksNobodyAndKeepsToAes256) {
  const auto argv = ssh_command(nas(), "sftp");
  for (const char* option : {"BatchMode=yes",
                             "StrictHostKeyChecking=yes",
                             "ControlPath=none",
                             "Ciphers=aes256-gcm@openssh.com,aes256-ctr"}) {
    EXPECT_THAT(argv, Contains(option));
  }
  const std::vector<std::string> end(argv.end() - 8, argv.end());
  EXPECT_EQ(end,
            (std::vector<std::string>{"-p", "2222", "-l", "backup", "-s", "--", "nas", "sftp"}));
}

TEST(SshCommand, LeavesToTheUsersConfigurationWhatIsNotGiven) {
  SshTarget target;
  target.host = "nas";
  target.config_file = "/etc/hikae/ssh_config";
  target.ciphers = SshCiphers::any;
  const auto argv = ssh_command(target, "sftp");
  EXPECT_THAT(argv, Not(Contains("-p")));
  EXPECT_THAT(argv, Not(Contains("-l")));
  EXPECT_THAT(argv, Not(Contains(HasSubstr("Ciphers"))));
  const auto file = std::find(argv.begin(), argv.end(), "-F");
  ASSERT_NE(file, argv.end());
  EXPECT_EQ(*(file + 1), "/etc/hikae/ssh_config");
}

TEST(SshFacts, ReadsTheCiphersOfBothWays) {
  const SshFacts facts = parse_ssh_facts(kKeyExchange);
  EXPECT_EQ(facts.cipher_to_server, "aes256-gcm@openssh.com");
  EXPECT_EQ(facts.cipher_from_server, "aes256-ctr");
  EXPECT_TRUE(is_aes_256_cipher("aes256-ctr"));
  EXPECT_FALSE(is_aes_256_cipher("chacha20-poly1305@openssh.com"));
  EXPECT_FALSE(is_aes_256_cipher(""));
}

TEST(SshFacts, TakesTheServerBehindAJumpHost) {
  const std::string jump =
      "debug1: kex: client->server cipher: chacha20-poly1305@openssh.com MAC: <implicit> c: none\n"
      "Authenticated to jump ([10.0.0.1]:22) using \"publickey\".\n";
  EXPECT_EQ(parse_ssh_facts(jump + kKeyExchange).cipher_to_server, "aes256-gcm@openssh.com");
}

TEST(SshFacts, KnowsNothingFromForeignWords) {
  EXPECT_EQ(parse_ssh_facts("").cipher_to_server, "");
  EXPECT_EQ(parse_ssh_facts("kex: client->server cipher: none \n").cipher_to_server, "");
}

TEST(SshFailure, UnknownHostKeyNamesFingerprintAndCommand) {
  const Error error = explained(
      "No ED25519 host key is known for [127.0.0.1]:2222 and you have requested strict "
      "checking.\r\n"
      "Host key verification failed.\r\n");
  EXPECT_EQ(error.code(), ErrorCode::permission);
  EXPECT_EQ(error.retry(), Retry::no);
  for (const Language language : {Language::en, Language::ja}) {
    EXPECT_THAT(render(error, language), HasSubstr("[127.0.0.1]:2222"));
    EXPECT_THAT(render(error, language),
                HasSubstr("ssh-ed25519 SHA256:XkOcKFqOsY9d//c+C1PS3duS8iDzJAJqs1wYzz+UQxg"));
    EXPECT_THAT(render(*error.hint(), language),
                HasSubstr("ssh -o StrictHostKeyChecking=ask -p 2222 backup@nas"));
  }
}

TEST(SshFailure, ChangedHostKeySaysHowToForgetTheOldOne) {
  const Error error = explained(
      "@    WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED!     @\r\n"
      "Offending ED25519 key in /root/.ssh/known hosts:17\r\n"
      "Host key for [127.0.0.1]:2222 has changed and you have requested strict checking.\r\n"
      "Host key verification failed.\r\n");
  EXPECT_EQ(error.code(), ErrorCode::permission);
  EXPECT_EQ(error.retry(), Retry::no);
  EXPECT_EQ(error.message().key, "net.ssh_host_key_changed");
  EXPECT_THAT(render(*error.hint(), Language::en),
              HasSubstr("ssh-keygen -R '[127.0.0.1]:2222' -f '/root/.ssh/known hosts'"));
}

TEST(SshFailure, RefusedLoginIsNotRepeated) {
  const Error error = explained("backup@127.0.0.1: Permission denied (publickey).\r\n");
  EXPECT_EQ(error.message().key, "net.ssh_login_refused");
  EXPECT_EQ(error.retry(), Retry::no);
  const Error loose = explained(
      "Load key \"/root/id\": bad permissions\r\n"
      "backup@127.0.0.1: Permission denied (publickey).\r\n");
  EXPECT_THAT(render(loose, Language::en), HasSubstr("bad permissions"));
}

TEST(SshFailure, NoCommonCipherNamesThePolicysKey) {
  const std::string log =
      "Unable to negotiate with 127.0.0.1 port 2222: no matching cipher found. "
      "Their offer: aes128-ctr,3des-cbc\r\n";
  const Error error = explained(log);
  EXPECT_EQ(error.code(), ErrorCode::unsupported);
  EXPECT_EQ(error.retry(), Retry::no);
  EXPECT_THAT(render(error, Language::en), HasSubstr("aes128-ctr,3des-cbc"));
  EXPECT_THAT(render(*error.hint(), Language::en), HasSubstr("encryption.in_transit: any"));
  SshTarget any = nas();
  any.ciphers = SshCiphers::any;
  EXPECT_EQ(explained(log, any).message().key, "net.ssh_no_common");
}

TEST(SshFailure, WhatTheNetworkDoesMayPass) {
  const std::pair<const char*, const char*> cases[] = {
      {"ssh: Could not resolve hostname nas: Name or service not known\r\n", "net.ssh_no_address"},
      {"ssh: connect to host nas port 2222: Connection refused\r\n", "net.ssh_refused"},
      {"ssh: connect to host nas port 2222: No route to host\r\n", "net.ssh_unreachable"},
      {"ssh: connect to host nas port 2222: Connection timed out\r\n", "net.ssh_silent"},
      {"Timeout, server 127.0.0.1 not responding.\r\n", "net.ssh_silent"},
      {"kex_exchange_identification: Connection closed by remote host\r\n", "net.ssh_ended"},
      {"", "net.ssh_ended"},
  };
  for (const auto& [log, key] : cases) {
    const Error error = explained(log);
    EXPECT_EQ(error.message().key, key) << log;
    EXPECT_EQ(error.retry(), Retry::after_backoff) << log;
  }
}

TEST(SshFailure, WhatSomebodyMustSetRightIsNotRepeated) {
  const std::pair<const char*, const char*> cases[] = {
      {"subsystem request failed on channel 0\r\n", "net.ssh_no_sftp"},
      {"/etc/c: line 1: Bad configuration option: x\r\n", "net.ssh_bad_config"},
      {"Can't open user config file /c: No such file or directory\r\n", "net.ssh_bad_config"},
      {"@   WARNING: REVOKED HOST KEY DETECTED!   @\r\n", "net.ssh_host_key_revoked"},
  };
  for (const auto& [log, key] : cases) {
    const Error error = explained(log);
    EXPECT_EQ(error.message().key, key) << log;
    EXPECT_EQ(error.retry(), Retry::no) << log;
  }
}

TEST(SshMessages, LeaveOutTheChatterAndControlCharacters) {
  EXPECT_EQ(ssh_messages(std::string(kKeyExchange) + "Welcome\x1b[2J\r\n"),
            std::vector<std::string>{"Welcome [2J"});
}

}  // namespace
}  // namespace hikae::net
