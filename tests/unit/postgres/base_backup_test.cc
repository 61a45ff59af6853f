// SPDX-License-Identifier: Apache-2.0
// The protocol of versions that Debian has no more (13, 14) or not yet (16, 17), spoken by a server
// that is made up here: messages as "Message Formats" of PostgreSQL's documentation has them.
#include "postgres/base_backup.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <map>
#include <thread>

#include <gmock/gmock.h>

#include "os/fd.h"
#include "support/temp_dir.h"

namespace hikae::postgres {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::TempDir;

std::string number(std::uint64_t value, int bytes) {
  std::string big_endian;
  for (int i = bytes - 1; i >= 0; --i) big_endian += static_cast<char>(value >> (8 * i) & 0xFFU);
  return big_endian;
}
std::string message(char type, const std::string& body) {
  return type + number(body.size() + 4, 4) + body;
}
std::string done(const std::string& tag) {
  return message('C', tag + '\0');
}
std::string ready() {
  return message('Z', "I");
}

using Row = std::vector<std::optional<std::string>>;
std::string rows(const std::vector<std::string>& columns, const std::vector<Row>& values) {
  constexpr int kText = 25;
  std::string head = number(columns.size(), 2);
  for (const std::string& column : columns) {
    head += column + '\0' + number(0, 6) + number(kText, 4) + number(0xFFFF, 2) +
            number(0xFFFFFFFF, 4) + number(0, 2);
  }
  std::string all = message('T', head);
  for (const Row& row : values) {
    std::string body = number(row.size(), 2);
    for (const auto& value : row)
      body += value ? number(value->size(), 4) + *value : number(0xFFFFFFFF, 4);
    all += message('D', body);
  }
  return all + done("SELECT");
}
std::string point(const std::string& lsn, const std::string& timeline) {
  return rows({"recptr", "tli"}, {{lsn, timeline}});
}
std::string tablespaces() {
  return rows({"spcoid", "spclocation", "size"},
              {{"16385", "/srv/fast", "4"}, {std::nullopt, std::nullopt, "1024"}});
}
std::string copy(const std::vector<std::string>& pieces) {
  std::string all = message('H', number(0, 1) + number(0, 2));
  for (const std::string& piece : pieces) all += message('d', piece);
  return all + message('c', "");
}

// Takes one session, and answers each command by how it begins.
class FakeServer {
 public:
  FakeServer(const std::string& version, std::string backup) : backup_(std::move(backup)) {
    address_.host = dir_.path().string();
    address_.port = 5432;
    address_.user = "keeper";
    sockaddr_un name{};
    name.sun_family = AF_UNIX;
    const std::string path = dir_ / ".s.PGSQL.5432";
    path.copy(name.sun_path, sizeof name.sun_path - 1);
    listener_ = os::Fd(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (bind(listener_.get(), reinterpret_cast<const sockaddr*>(&name), sizeof name) != 0 ||
        listen(listener_.get(), 1) != 0)
      throw std::runtime_error("cannot listen on " + path);
    thread_ = std::jthread([this, version] { serve(version); });
  }
  Connection connect() { return {address_, "", ConnectionKind::replication, log_, StopToken()}; }
  // REQUIRES: the session ended.
  const std::vector<std::string>& commands() {
    thread_.join();
    return commands_;
  }

 private:
  std::string receive(std::size_t size) const {
    std::string bytes(size, '\0');
    if (recv(session_.get(), bytes.data(), size, MSG_WAITALL) != static_cast<ssize_t>(size))
      return {};
    return bytes;
  }
  void send(const std::string& bytes) const {
    for (std::size_t at = 0; at < bytes.size();) {
      const ssize_t sent =
          ::send(session_.get(), bytes.data() + at, bytes.size() - at, MSG_NOSIGNAL);
      if (sent <= 0) return;
      at += static_cast<std::size_t>(sent);
    }
  }
  std::string receive_body() const {
    std::size_t size = 0;
    for (const char c : receive(4)) size = size << 8U | static_cast<unsigned char>(c);
    return size < 4 ? "" : receive(size - 4);
  }
  void serve(const std::string& version) {
    session_ = os::Fd(accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
    receive_body();
    const auto parameter = [](const std::string& name, const std::string& value) {
      return message('S', name + '\0' + value + '\0');
    };
    send(message('R', number(0, 4)) + parameter("server_version", version) +
         parameter("client_encoding", "UTF8") + parameter("standard_conforming_strings", "on") +
         message('K', number(4711, 4) + number(1, 4)) + ready());
    while (receive(1) == "Q") {
      std::string command = receive_body();
      command.pop_back();
      if (command.starts_with("CREATE_REPLICATION_SLOT")) {
        send(rows({"slot_name"}, {{"s"}}) + ready());
      } else {
        send(backup_);
      }
      commands_.push_back(std::move(command));
    }
    session_ = os::Fd();
  }

  TempDir dir_;
  NullLog log_;
  Server address_;
  std::string backup_;
  os::Fd listener_;
  os::Fd session_;
  std::vector<std::string> commands_;
  std::jthread thread_;
};

// What came, an archive after the other: "number:bytes".
std::vector<std::string> read_archives(BaseBackup& backup) {
  std::vector<std::string> archives;
  while (const auto archive = backup.next_archive()) {
    std::string content = archive->is_manifest      ? "manifest:"
                          : archive->tablespace.oid ? std::to_string(*archive->tablespace.oid) + ":"
                                                    : "data:";
    for (ByteView piece = backup.next(); !piece.empty(); piece = backup.next())
      content += as_text(piece);
    archives.push_back(std::move(content));
  }
  return archives;
}

void expect_backup(const std::string& version, const std::string& backup_messages) {
  FakeServer server(version, backup_messages);
  {
    Connection connection = server.connect();
    BaseBackup backup(connection, "it's", StopToken());
    EXPECT_EQ(backup.start().lsn, 0x2000028U);
    EXPECT_EQ(backup.start().timeline, 1U);
    EXPECT_EQ(backup.expected_bytes(), 1028U * 1024U);
    EXPECT_THAT(read_archives(backup), ElementsAre("16385:fast", "data:ab", "manifest:{}"));
    const BackupPoint end = backup.finish();
    EXPECT_EQ(end.lsn, 0x2000100U);
    EXPECT_EQ(end.timeline, 2U);
  }
  ASSERT_EQ(server.commands().size(), 2U);
}

TEST(BaseBackupProtocol, OfEarlierVersionsHasACopyForEachArchive) {
  const std::string messages = point("0/2000028", "1") + tablespaces() + copy({"fast"}) +
                               copy({"a", "b"}) + copy({"{}"}) + point("0/2000100", "2") +
                               done("BASE_BACKUP") + ready();
  for (const char* version : {"13.14", "14.11 (Debian 14.11-1.pgdg120+2)"})
    expect_backup(version, messages);
}

TEST(BaseBackupProtocol, OfLaterVersionsHasOneCopyWhoseMessagesTellWhatTheyAre) {
  using namespace std::string_literals;
  const std::string messages = point("0/2000028", "1") + tablespaces() +
                               copy({"n16385.tar\0/srv/fast\0"s,
                                     "p\0\0\0\0\0\0\0\4"s,
                                     "dfast",
                                     "nbase.tar\0\0"s,
                                     "da",
                                     "p\0\0\0\0\0\0\0\5"s,
                                     "db",
                                     "m",
                                     "d{}"}) +
                               point("0/2000100", "2") + done("BASE_BACKUP") + ready();
  for (const char* version : {"15.18", "16.3", "17.0"}) expect_backup(version, messages);
}

TEST(BaseBackupProtocol, TellsTheServersReasonWhenACopyBreaksOff) {
  using namespace std::string_literals;
  const std::string reason =
      message('E', "SERROR\0VERROR\0C57P01\0Mthe standby was promoted\0\0"s) + ready();
  const std::string begin = point("0/2000028", "1") + tablespaces();
  std::string old_copy = copy({"fast"});
  old_copy.resize(old_copy.size() - 5);
  std::string new_copy = copy({"n16385.tar\0/srv/fast\0"s, "dfast"});
  new_copy.resize(new_copy.size() - 5);
  for (const auto& [version, messages] : std::map<std::string, std::string>{
           {"14.11", begin + old_copy + reason}, {"16.3", begin + new_copy + reason}}) {
    FakeServer server(version, messages);
    Connection connection = server.connect();
    BaseBackup backup(connection, "hikae", StopToken());
    try {
      read_archives(backup);
      ADD_FAILURE() << version;
    } catch (const Error& error) {
      EXPECT_THAT(render(error, Language::en), HasSubstr("the standby was promoted")) << version;
    }
  }
}

TEST(BaseBackupProtocol, RefusesVersionsThatItDoesNotKnow) {
  for (const char* version : {"12.18", "18.0"}) {
    FakeServer server(version, "");
    Connection connection = server.connect();
    try {
      const BaseBackup backup(connection, "hikae", StopToken());
      ADD_FAILURE() << version;
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::unsupported) << version;
    }
  }
}

}  // namespace
}  // namespace hikae::postgres
