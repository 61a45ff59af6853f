// SPDX-License-Identifier: Apache-2.0
#include "net/sftp_session.h"

#include <poll.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include <climits>

#include "base/error.h"

namespace hikae::net {

using std::chrono::steady_clock;
using Kind = sftp::Answer::Kind;

namespace {

// What every server must take (draft-ietf-secsh-filexfer-02, section 3).
constexpr std::size_t kDataWithoutLimits = 32768;
// OpenSSH breaks the connection off at 256 KiB with everything around the data.
constexpr std::size_t kMostData = 255000;
constexpr std::size_t kRoomForFields = 1024;
constexpr std::size_t kHandlesWithoutLimits = 32;
// Fewer changes between our process and ssh than with the usual 64 KiB.
constexpr std::size_t kPipeBytes = std::size_t{1} << 20U;
constexpr std::size_t kReceiveBytes = std::size_t{1} << 19U;
// What is kept of ssh's own words.
constexpr std::size_t kLogBytes = std::size_t{1} << 17U;
constexpr std::size_t kPiecesAtOnce = 128;
constexpr std::chrono::milliseconds kLastWords{2000};

std::unique_ptr<os::ChildProcess> start_ssh(const SshTarget& target) {
  os::ChildProcess::Request request;
  request.argv = ssh_command(target, "sftp");
  request.pipe_bytes = kPipeBytes;
  try {
    return std::make_unique<os::ChildProcess>(request);
  } catch (Error& error) {
    if (error.code() == ErrorCode::not_found) error.set_hint(text("net.ssh_missing_hint"));
    throw;
  }
}

std::string seconds_of(std::chrono::milliseconds time) {
  return std::to_string(std::chrono::ceil<std::chrono::seconds>(time).count());
}

}  // namespace

SftpSession::SftpSession(SshTarget target, SftpTimes times, const StopToken& stop)
    : target_(std::move(target)),
      times_(times),
      ssh_(start_ssh(target_)),
      read_bytes_(kDataWithoutLimits),
      write_bytes_(kDataWithoutLimits),
      open_handles_(kHandlesWithoutLimits),
      received_(kReceiveBytes),
      last_news_(steady_clock::now()) {
  obey(stop);
  connect();
  if (knows(sftp::kLimits)) ask_limits();
  obey(StopToken());
}

SftpSession::~SftpSession() = default;

bool SftpSession::knows(std::string_view extension) const {
  return version_ && version_->extensions.find(extension) != version_->extensions.end();
}

void SftpSession::obey(const StopToken& stop) {
  stopped_.reset();
  stop_ = stop;
  if (stop_.stop_possible()) stopped_.emplace(stop_);
}

bool SftpSession::is_usable() {
  if (broken_ || ssh_->has_ended()) return false;
  read_log();
  return true;
}

void SftpSession::connect() {
  outgoing_.push_back({0, sftp::encode_init(), {}, 0});
  const TimePoint deadline = steady_clock::now() + times_.connect;
  while (!version_) {
    throw_if_stopped(stop_);
    if (steady_clock::now() >= deadline) {
      broken_ = true;
      throw Error(ErrorCode::timeout,
                  text("net.sftp_no_connection",
                       {{"host", target_.host}, {"seconds", seconds_of(times_.connect)}}),
                  Retry::after_backoff)
          .with_hint(text("net.ssh_unreachable_hint", {{"host", target_.host}}));
    }
    pump(deadline);
  }
  read_log();
  facts_ = parse_ssh_facts(log_);
  log_.clear();
  if (version_->number == sftp::kProtocolVersion) return;
  broken_ = true;
  throw Error(ErrorCode::unsupported,
              text("net.sftp_version",
                   {{"host", target_.host}, {"version", std::to_string(version_->number)}}));
}

void SftpSession::ask_limits() {
  const Answer answer = wait(send(Kind::extended, sftp::encode_limits(++last_id_)));
  if (!answer.is_ok()) return;
  const sftp::Limits limits = sftp::parse_limits(answer.extended);
  const auto within = [&](std::uint64_t limit, std::size_t otherwise) {
    std::uint64_t most = limit == 0 ? otherwise : limit;
    if (limits.packet_bytes > 2 * kRoomForFields)
      most = std::min(most, limits.packet_bytes - kRoomForFields);
    return static_cast<std::size_t>(std::clamp<std::uint64_t>(most, 1, kMostData));
  };
  read_bytes_ = within(limits.read_bytes, kDataWithoutLimits);
  write_bytes_ = within(limits.write_bytes, kDataWithoutLimits);
  if (limits.open_handles > 0)
    open_handles_ = static_cast<std::size_t>(std::min<std::uint64_t>(limits.open_handles, 1024));
}

SftpSession::Id SftpSession::send(Kind expected,
                                  Bytes packet,
                                  MutableByteView into,
                                  std::vector<ByteView> pieces) {
  const Id id = last_id_;
  // The answer is due from now on.
  if (waiting_.empty()) last_news_ = steady_clock::now();
  waiting_[id] = {expected, into, false};
  outgoing_.push_back({id, std::move(packet), std::move(pieces), 0});
  return id;
}

SftpSession::Answer SftpSession::wait(Id id) {
  while (true) {
    if (const auto found = answered_.find(id); found != answered_.end()) {
      Answer answer = std::move(found->second);
      answered_.erase(found);
      return answer;
    }
    throw_if_stopped(stop_);
    if (broken_) lost();
    const TimePoint deadline = last_news_ + times_.answer;
    if (steady_clock::now() >= deadline) gave_up_waiting();
    pump(deadline);
  }
}

void SftpSession::flush() {
  if (broken_) lost();
  while (send_some()) {
  }
  receive_some();
}

void SftpSession::forget(Id id) {
  answered_.erase(id);
  if (const auto found = waiting_.find(id); found != waiting_.end()) found->second.forgotten = true;
  try {
    if (!broken_) send_some();
  } catch (const Error&) {
    // Whoever uses the session next learns of it.
  }
}

bool SftpSession::is_settled() const {
  return answered_.empty() && std::all_of(waiting_.begin(), waiting_.end(), [](const auto& entry) {
           return entry.second.forgotten;
         });
}

void SftpSession::drop_unsent() {
  // One that has begun must be sent to its end, else the server takes the next for its rest.
  const std::size_t begun = !outgoing_.empty() && outgoing_.front().sent > 0 ? 1 : 0;
  while (outgoing_.size() > begun) {
    waiting_.erase(outgoing_.back().id);
    outgoing_.pop_back();
  }
}

void SftpSession::settle(std::chrono::milliseconds patience) noexcept {
  try {
    const StopToken stop = stop_;
    obey(StopToken());
    drop_unsent();
    const TimePoint deadline = steady_clock::now() + patience;
    while (!broken_ && !waiting_.empty() && steady_clock::now() < deadline) pump(deadline);
    obey(stop);
  } catch (...) {  // the connection is given up, which is all that can be done here
    broken_ = true;
  }
  if (!waiting_.empty()) broken_ = true;
  outgoing_.clear();
  waiting_.clear();
  answered_.clear();
}

void SftpSession::pump(TimePoint deadline) {
  const bool sent = send_some();
  const bool received = receive_some();
  if (!sent && !received) wait_for_news(deadline);
}

bool SftpSession::send_some() {
  std::vector<ByteView> pieces;
  for (const Outgoing& packet : outgoing_) {
    if (pieces.size() >= kPiecesAtOnce) break;
    std::size_t skip = packet.sent;
    const auto add = [&](ByteView piece) {
      const std::size_t skipped = std::min(skip, piece.size());
      skip -= skipped;
      if (skipped < piece.size()) pieces.push_back(piece.subspan(skipped));
    };
    add(packet.head);
    for (const ByteView piece : packet.pieces) add(piece);
  }
  if (pieces.empty()) return false;
  const auto written = ssh_->write_some(pieces);
  if (!written) lost();
  std::size_t rest = *written;
  while (rest > 0) {
    Outgoing& packet = outgoing_.front();
    std::size_t size = packet.head.size() - packet.sent;
    for (const ByteView piece : packet.pieces) size += piece.size();
    const std::size_t part = std::min(rest, size);
    packet.sent += part;
    rest -= part;
    if (part == size) outgoing_.pop_front();
  }
  if (*written > 0) last_news_ = steady_clock::now();
  return *written > 0;
}

bool SftpSession::receive_some() {
  if (received_begin_ > 0) {
    std::memmove(
        received_.data(), received_.data() + received_begin_, received_end_ - received_begin_);
    received_end_ -= received_begin_;
    received_begin_ = 0;
  }
  if (received_end_ == received_.size()) received_.resize(2 * received_.size());
  const auto count = ssh_->read_output(MutableByteView(received_).subspan(received_end_));
  if (!count) lost();
  received_end_ += *count;
  if (*count == 0) return false;
  last_news_ = steady_clock::now();
  take_packets();
  return true;
}

void SftpSession::take_packets() {
  try {
    while (true) {
      const ByteView rest =
          ByteView(received_).subspan(received_begin_, received_end_ - received_begin_);
      const auto size = sftp::packet_size(rest);
      if (!size || *size > rest.size()) return;
      if (version_) {
        take(sftp::parse_answer(rest.first(*size)));
      } else {
        version_ = sftp::parse_version(rest.first(*size));
      }
      received_begin_ += *size;
    }
  } catch (const Error&) {
    talks_nonsense();
  }
}

void SftpSession::take(sftp::Answer answer) {
  const auto found = waiting_.find(answer.id);
  if (found == waiting_.end()) throw Error(ErrorCode::corrupt, text("net.sftp_malformed"));
  const Waiting waiting = found->second;
  waiting_.erase(found);
  // Only a request whose answer is a status succeeds with one.
  const bool fits = answer.kind == waiting.expected ||
                    (answer.kind == Kind::status && answer.status != sftp::StatusCode::ok);
  if (!fits || (answer.kind == Kind::data && answer.data.size() > waiting.into.size()))
    throw Error(ErrorCode::corrupt, text("net.sftp_malformed"));
  if (waiting.forgotten) return;
  Answer kept;
  kept.status = answer.status;
  kept.message = std::move(answer.message);
  kept.handle = std::move(answer.handle);
  kept.names = std::move(answer.names);
  kept.attributes = answer.attributes;
  if (answer.kind == Kind::extended) kept.extended = to_bytes(answer.data);
  if (answer.kind == Kind::data) {
    kept.size = answer.data.size();
    std::copy(answer.data.begin(), answer.data.end(), waiting.into.begin());
  }
  answered_.emplace(answer.id, std::move(kept));
}

void SftpSession::read_log() {
  std::array<std::uint8_t, 4096> buffer;  // NOLINT(*-member-init): filled by read
  while (const auto count = ssh_->read_errors(buffer)) {
    if (*count == 0) return;
    log_ += as_text(ByteView(buffer).first(*count));
    if (log_.size() > kLogBytes) log_.erase(0, log_.size() - kLogBytes / 2);
  }
}

void SftpSession::wait_for_news(TimePoint deadline) {
  std::array<pollfd, 4> polled{{{outgoing_.empty() ? -1 : ssh_->input_fd(), POLLOUT, 0},
                                {ssh_->output_fd(), POLLIN, 0},
                                {ssh_->errors_fd(), POLLIN, 0},
                                {stopped_ ? stopped_->get() : -1, POLLIN, 0}}};
  const auto left =
      std::chrono::ceil<std::chrono::milliseconds>(deadline - steady_clock::now()).count();
  const int wait = static_cast<int>(std::clamp<long long>(left, 0, INT_MAX));
  if (poll(polled.data(), polled.size(), wait) < 0 && errno != EINTR)
    throw system_error(errno, text("os.read_failed"));
  if (polled[2].revents != 0) read_log();
}

void SftpSession::lost() {
  broken_ = true;
  ssh_->close_input();
  // ssh says why while it ends.
  const TimePoint deadline = steady_clock::now() + kLastWords;
  while (ssh_->errors_fd() >= 0 && steady_clock::now() < deadline) {
    pollfd errors{ssh_->errors_fd(), POLLIN, 0};
    const auto left =
        std::chrono::ceil<std::chrono::milliseconds>(deadline - steady_clock::now()).count();
    poll(&errors, 1, static_cast<int>(std::max<long long>(left, 0)));
    read_log();
  }
  if (!version_) throw explain_ssh_failure(target_, log_);
  const std::vector<std::string> messages = ssh_messages(log_);
  const std::string reason = messages.empty() ? std::string("-") : messages.back();
  const bool silent = reason.find("not responding") != std::string::npos;
  throw Error(silent ? ErrorCode::timeout : ErrorCode::io,
              text("net.sftp_lost", {{"host", target_.host}, {"reason", reason}}),
              Retry::after_backoff);
}

void SftpSession::gave_up_waiting() {
  broken_ = true;
  throw Error(
      ErrorCode::timeout,
      text("net.sftp_no_answer", {{"host", target_.host}, {"seconds", seconds_of(times_.answer)}}),
      Retry::after_backoff);
}

void SftpSession::talks_nonsense() {
  broken_ = true;
  std::string beginning;
  for (std::size_t i = received_begin_; i < std::min(received_end_, received_begin_ + 32); ++i) {
    const auto byte = received_[i];
    beginning += byte < 0x20 || byte >= 0x7f ? '.' : static_cast<char>(byte);
  }
  // A shell that greets greets the next time too; a packet that was damaged on the way does not.
  throw Error(version_ ? ErrorCode::io : ErrorCode::unsupported,
              text("net.sftp_malformed"),
              version_ ? Retry::after_backoff : Retry::no)
      .with_hint(text("net.sftp_malformed_hint", {{"bytes", beginning}}));
}

}  // namespace hikae::net
