// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "concurrency/stop.h"
#include "net/sftp_packets.h"
#include "net/ssh.h"
#include "os/child_process.h"
#include "os/wake.h"

namespace hikae::net {

struct SftpTimes {
  // From the start of ssh to the first SFTP answer.
  std::chrono::milliseconds connect{60000};
  // The connection counts as lost when an answer is due and none of them has come for this long. A
  // disk that must spin up, or an fsync on a busy one, takes its time.
  std::chrono::milliseconds answer{120000};
};

// One connection to an SFTP server, through an ssh of its own. Requests are sent without waiting
// for the answers of earlier ones; each is waited for by its id, in any order. Used by one thread
// at a time.
//
// Errors: see explain_ssh_failure() for the beginning; a connection that is lost or answers no more
// is Error{io or timeout} with Retry::after_backoff, and unusable from then on.
class SftpSession {
 public:
  using Id = std::uint32_t;

  // Connects. Throws Error, and Cancelled when `stop` is requested first.
  SftpSession(SshTarget target, SftpTimes times, const StopToken& stop);
  ~SftpSession();
  SftpSession(const SftpSession&) = delete;
  SftpSession& operator=(const SftpSession&) = delete;

  const SshFacts& facts() const { return facts_; }
  bool knows(std::string_view extension) const;
  std::size_t read_bytes() const { return read_bytes_; }      // most that one read gives
  std::size_t write_bytes() const { return write_bytes_; }    // most that one write takes
  std::size_t open_handles() const { return open_handles_; }  // that may be open at once

  // Which stop the following waits obey; until then, and after obey({}), none.
  void obey(const StopToken& stop);
  // False once the connection is lost; looks whether ssh has ended meanwhile.
  bool is_usable();

  // Requests: they are put in line, and sent while something is waited for. Each id must be given
  // to wait() or forget().
  Id open(std::string_view path, sftp::OpenFlags flags, const sftp::Attributes& attributes = {});
  Id close(std::string_view handle);
  // `out` must live until the answer has been waited for, or the session has settled.
  Id read(std::string_view handle, std::uint64_t offset, MutableByteView out);
  // The bytes of `pieces` must live as long.
  Id write(std::string_view handle, std::uint64_t offset, std::vector<ByteView> pieces);
  Id stat(std::string_view path);
  Id fstat(std::string_view handle);
  Id fsetstat(std::string_view handle, const sftp::Attributes& attributes);
  Id opendir(std::string_view path);
  Id readdir(std::string_view handle);
  Id remove(std::string_view path);
  Id mkdir(std::string_view path, const sftp::Attributes& attributes);
  Id rename(std::string_view from, std::string_view to);
  Id posix_rename(std::string_view from, std::string_view to);
  Id fsync(std::string_view handle);
  Id statvfs(std::string_view path);

  // An answer; what is meaningful follows from the request. A failure that the server reports is
  // here, not thrown.
  struct Answer {
    sftp::StatusCode status = sftp::StatusCode::ok;
    std::string message;
    std::string handle;              // open, opendir
    std::size_t size = 0;            // read: how many bytes came
    std::vector<sftp::Entry> names;  // readdir
    sftp::Attributes attributes;     // stat, fstat
    Bytes extended;                  // statvfs, for parse_statvfs()
    bool is_ok() const { return status == sftp::StatusCode::ok; }
  };
  Answer wait(Id id);
  // Requests go out while answers are waited for. This sends what the pipe takes and takes what has
  // come, without waiting.
  void flush();
  // The answer is of no interest. Sends what the pipe takes.
  void forget(Id id);

  // False while there are requests that were neither waited for nor forgotten.
  bool is_settled() const;
  // After an interruption: takes back what has not been sent and waits for the answers that are
  // due, whatever the stop says, but at most `patience`. No request has to be waited for
  // afterwards, and nothing points to the caller's bytes; the session may have become unusable.
  void settle(std::chrono::milliseconds patience) noexcept;

 private:
  struct Outgoing {
    Id id = 0;
    Bytes head;
    std::vector<ByteView> pieces;
    std::size_t sent = 0;
  };
  struct Waiting {
    sftp::Answer::Kind expected = sftp::Answer::Kind::status;
    MutableByteView into;
    bool forgotten = false;
  };

  using TimePoint = std::chrono::steady_clock::time_point;

  Id send(sftp::Answer::Kind expected,
          Bytes packet,
          MutableByteView into = {},
          std::vector<ByteView> pieces = {});
  void connect();
  void ask_limits();
  // Sends and takes what is possible now; waits for news until `deadline` when that is nothing.
  void pump(TimePoint deadline);
  bool send_some();
  bool receive_some();
  void read_log();
  void wait_for_news(TimePoint deadline);
  void take_packets();
  void take(sftp::Answer answer);
  void drop_unsent();
  [[noreturn]] void lost();
  [[noreturn]] void gave_up_waiting();
  [[noreturn]] void talks_nonsense();

  const SshTarget target_;
  const SftpTimes times_;
  StopToken stop_;
  std::optional<os::StopFd> stopped_;
  std::unique_ptr<os::ChildProcess> ssh_;
  std::string log_;  // what ssh said: all of it while connecting, then the last part
  SshFacts facts_;
  std::optional<sftp::Version> version_;
  std::size_t read_bytes_;
  std::size_t write_bytes_;
  std::size_t open_handles_;
  bool broken_ = false;
  Id last_id_ = 0;
  std::deque<Outgoing> outgoing_;
  std::unordered_map<Id, Waiting> waiting_;
  std::unordered_map<Id, Answer> answered_;
  Bytes received_;  // from received_begin_ to received_end_: packets that were not taken yet
  std::size_t received_begin_ = 0;
  std::size_t received_end_ = 0;
  TimePoint last_news_;
};

}  // namespace hikae::net
