// SPDX-License-Identifier: Apache-2.0
// How a connection comes about, or why not: a real sshd, and the error that an administrator reads.
#include <gmock/gmock.h>

#include "storage/open.h"
#include "support.h"
#include "support/server_process.h"

namespace hikae {
namespace {

using hikae::testing::Sshd;
using hikae::testing::TempDir;
using ::testing::HasSubstr;

class ConnectTest : public ::testing::Test {
 protected:
  static Error failure(const Sshd& sshd) { return failure(options_for(sshd, "/nowhere")); }
  static Error failure(SftpOptions options) {
    SftpBackend backend(std::move(options));
    return error_of([&] { backend.is_empty({}); });
  }
  static std::string shown(const Error& error) {
    return render(error, Language::en) + "\n" +
           (error.hint() ? render(*error.hint(), Language::en) : "");
  }
};

TEST_F(ConnectTest, TellsTheCipherThatWasNegotiated) {
  const Sshd sshd;
  const TempDir dir;
  SftpBackend backend(options_for(sshd, dir / "repository"));
  EXPECT_EQ(backend.transport(), std::nullopt);
  EXPECT_TRUE(backend.is_empty({}));
  EXPECT_EQ(backend.transport(), (Transport{"SSH-2.0", "aes256-gcm@openssh.com", true}));
}

TEST_F(ConnectTest, RefusesAnUnknownHostKeyWithItsFingerprint) {
  const Sshd sshd;
  hikae::testing::write_file(sshd.known_hosts(), "");
  const Error error = failure(sshd);
  EXPECT_EQ(error.code(), ErrorCode::permission);
  EXPECT_EQ(error.retry(), Retry::no);
  EXPECT_EQ(error.message().key, "net.ssh_host_key_unknown");
  EXPECT_THAT(shown(error), HasSubstr(Sshd::fingerprint(sshd.folder() + "/host_key.pub")));
  EXPECT_THAT(shown(error),
              HasSubstr("ssh -o StrictHostKeyChecking=ask -F " + sshd.config_file() + " nas"));
  EXPECT_EQ(hikae::testing::read_file(sshd.known_hosts()), "") << "never accepted by itself";
}

TEST_F(ConnectTest, RefusesAChangedHostKeyWithItsFingerprint) {
  const Sshd sshd;
  sshd.trust(sshd.make_key("another") + ".pub");
  const Error error = failure(sshd);
  EXPECT_EQ(error.code(), ErrorCode::permission);
  EXPECT_EQ(error.retry(), Retry::no);
  EXPECT_EQ(error.message().key, "net.ssh_host_key_changed");
  EXPECT_THAT(shown(error), HasSubstr(Sshd::fingerprint(sshd.folder() + "/host_key.pub")));
  EXPECT_THAT(shown(error),
              HasSubstr("ssh-keygen -R '[127.0.0.1]:" + std::to_string(sshd.port()) + "' -f " +
                        sshd.known_hosts()));
}

TEST_F(ConnectTest, AnAgentsKeyLetsIn) {
  Sshd sshd;
  const std::string socket = sshd.folder() + "/agent";
  const hikae::testing::ServerProcess agent({"ssh-agent", "-D", "-a", socket});
  ASSERT_TRUE(wait_until([&] { return std::filesystem::exists(socket); }));
  const std::string key = sshd.folder() + "/user_key";
  hikae::testing::run_program({"env", "SSH_AUTH_SOCK=" + socket, "ssh-add", "-q", key});
  // From now on the agent alone has it.
  std::filesystem::rename(key, key + ".away");
  EXPECT_EQ(failure(sshd).message().key, "net.ssh_login_refused");
  sshd.identity_agent = socket;
  sshd.write_ssh_config();
  const TempDir dir;
  SftpBackend backend(options_for(sshd, dir / "repository"));
  EXPECT_TRUE(backend.is_empty({}));
}

TEST_F(ConnectTest, SaysThatTheLoginIsRefused) {
  const Sshd sshd;
  hikae::testing::write_file(sshd.folder() + "/authorized_keys", "");
  const Error error = failure(sshd);
  EXPECT_EQ(error.message().key, "net.ssh_login_refused");
  EXPECT_EQ(error.code(), ErrorCode::permission);
  EXPECT_EQ(error.retry(), Retry::no);
}

TEST_F(ConnectTest, AcceptsNoOtherCipherThanAes256UnlessAllowed) {
  Sshd::Settings settings;
  settings.lines = {"Ciphers aes128-gcm@openssh.com,aes128-ctr"};
  const Sshd sshd(settings);
  const Error error = failure(sshd);
  EXPECT_EQ(error.message().key, "net.ssh_no_aes_256");
  EXPECT_EQ(error.retry(), Retry::no);
  EXPECT_THAT(shown(error), HasSubstr("aes128-gcm@openssh.com,aes128-ctr"));
  EXPECT_THAT(shown(error), HasSubstr("encryption.in_transit: any"));
  const TempDir dir;
  SftpOptions options = options_for(sshd, dir / "repository");
  options.target.ciphers = net::SshCiphers::any;
  SftpBackend backend(options);
  EXPECT_TRUE(backend.is_empty({}));
  ASSERT_TRUE(backend.transport());
  EXPECT_FALSE(backend.transport()->is_aes_256);
}

TEST_F(ConnectTest, SaysThatThereIsNoSftp) {
  Sshd::Settings settings;
  settings.subsystem = "";
  const Sshd sshd(settings);
  const Error error = failure(sshd);
  EXPECT_EQ(error.message().key, "net.ssh_no_sftp");
  EXPECT_EQ(error.retry(), Retry::no);
}

TEST_F(ConnectTest, SaysThatAShellTalksInBetween) {
  Sshd::Settings settings;
  const TempDir dir;
  hikae::testing::write_file(dir / "sftp",
                             "#!/bin/sh\necho Welcome to nas\nexec /usr/lib/openssh/sftp-server\n");
  std::filesystem::permissions(dir / "sftp", std::filesystem::perms(0755));
  settings.subsystem = dir / "sftp";
  const Sshd sshd(settings);
  const Error error = failure(sshd);
  EXPECT_EQ(error.code(), ErrorCode::unsupported);
  EXPECT_EQ(error.retry(), Retry::no);
  EXPECT_THAT(shown(error), HasSubstr("Welcome to nas"));
}

TEST_F(ConnectTest, SaysThatNobodyListensAndThatTheNameIsUnknown) {
  Sshd sshd;
  sshd.stop();
  const Error refused = failure(sshd);
  EXPECT_EQ(refused.message().key, "net.ssh_refused");
  EXPECT_EQ(refused.retry(), Retry::after_backoff);
  SftpOptions options = options_for(sshd, "/nowhere");
  options.target.host = "no-such-host.invalid";
  const Error unknown = failure(options);
  EXPECT_EQ(unknown.message().key, "net.ssh_no_address");
  EXPECT_EQ(unknown.retry(), Retry::after_backoff);
}

TEST_F(ConnectTest, GivesUpOnAServerThatSaysNothing) {
  Sshd sshd;
  SftpOptions options = options_for(sshd, "/nowhere");
  options.times.connect = std::chrono::milliseconds(300);
  sshd.signal_daemon(SIGSTOP);
  const Error error = failure(options);
  sshd.signal_daemon(SIGCONT);
  EXPECT_EQ(error.message().key, "net.sftp_no_connection");
  EXPECT_EQ(error.code(), ErrorCode::timeout);
  EXPECT_EQ(error.retry(), Retry::after_backoff);
}

TEST_F(ConnectTest, GoesThroughAJumpHost) {
  const Sshd jump;
  Sshd sshd;
  sshd.client_lines = {"ProxyJump jump",
                       "Host jump",
                       "HostName 127.0.0.1",
                       "Port " + std::to_string(jump.port()),
                       "User root",
                       "IdentityFile " + jump.folder() + "/user_key",
                       "IdentitiesOnly yes",
                       "UserKnownHostsFile " + jump.known_hosts()};
  sshd.write_ssh_config();
  const TempDir dir;
  SftpBackend backend(options_for(sshd, dir / "repository"));
  EXPECT_TRUE(backend.is_empty({}));
  EXPECT_EQ(backend.transport(), (Transport{"SSH-2.0", "aes256-gcm@openssh.com", true}));
  EXPECT_THAT(jump.log(), HasSubstr("Accepted publickey"));
}

TEST_F(ConnectTest, SharesNoConnectionOfTheUsersOwn) {
  Sshd sshd;
  sshd.client_lines = {"ControlMaster auto",
                       "ControlPath " + sshd.folder() + "/master",
                       "ControlPersist 60",
                       "RemoteCommand echo hello",
                       "RequestTTY force"};
  sshd.write_ssh_config();
  const TempDir dir;
  SftpBackend backend(options_for(sshd, dir / "repository"));
  EXPECT_TRUE(backend.is_empty({}));
  EXPECT_FALSE(std::filesystem::exists(sshd.folder() + "/master"));
}

TEST_F(ConnectTest, TellsWhatALoginMayNotDo) {
  Sshd::Settings settings;
  settings.user = "nobody";
  const Sshd sshd(settings);
  const TempDir dir;  // 0700, root's
  SftpBackend backend(options_for(sshd, dir / "repository"));
  const Error error = error_of([&] { backend.create_layout({}); });
  EXPECT_EQ(error.code(), ErrorCode::permission);
  EXPECT_THAT(shown(error), HasSubstr("sftp:nas:" + (dir / "repository")));
}

TEST_F(ConnectTest, OpensOnlyAsManyConnectionsAsAllowed) {
  const Sshd sshd;
  const TempDir dir;
  OpenOptions options;
  options.ssh_config_file = sshd.config_file();
  options.connections = 1;
  const auto backend =
      open_backend(parse_location("sftp:nas:" + (dir / "repository"), "/"), std::move(options));
  EXPECT_EQ(backend->connections(), 1U);
  backend->create_layout({});
  backend->save({FileType::key, pack(1).name}, as_bytes("x"), {});
  // The visitor of a list calls the backend: the list must not hold the only connection.
  backend->list(FileType::key,
                [&](const FileInfo& info) {
                  backend->load({FileType::key, info.name}, {});
                },
                {});
  const std::string log = sshd.log();
  const std::size_t first = log.find("Accepted publickey");
  EXPECT_EQ(log.find("Accepted publickey", first + 1), std::string::npos);
}

}  // namespace
}  // namespace hikae
