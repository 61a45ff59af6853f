// SPDX-License-Identifier: Apache-2.0
#include "storage/sftp_files.h"

#include <algorithm>
#include <deque>

namespace hikae::sftp_files {

using net::sftp::Attributes;
using net::sftp::Entry;
using net::sftp::OpenFlags;
using Id = SftpSession::Id;
using Answer = SftpSession::Answer;

namespace {

constexpr std::size_t kReadsUnderWay = 64;
constexpr std::chrono::milliseconds kSettle{60000};

struct Meaning {
  ErrorCode code;
  const char* reason;  // where the server sends no words of its own
};

Meaning meaning_of(StatusCode status) {
  switch (status) {
    case StatusCode::no_such_file:
    case StatusCode::no_such_path:
      return {ErrorCode::not_found, "No such file"};
    case StatusCode::permission_denied:
      return {ErrorCode::permission, "Permission denied"};
    case StatusCode::unsupported:
      return {ErrorCode::unsupported, "Operation unsupported"};
    case StatusCode::file_already_exists:
      return {ErrorCode::already_exists, "File already exists"};
    case StatusCode::write_protect:
      return {ErrorCode::read_only, "Write-protected"};
    case StatusCode::no_space:
      return {ErrorCode::no_space, "No space"};
    case StatusCode::quota_exceeded:
      return {ErrorCode::no_space, "Quota exceeded"};
    case StatusCode::end_of_file:
      return {ErrorCode::io, "End of file"};
    default:
      return {ErrorCode::io, "Failure"};
  }
}

// The server's words go to logs and terminals.
std::string printable(std::string_view words) {
  std::string result;
  for (const char c : words.substr(0, 200)) {
    const auto byte = static_cast<unsigned char>(c);
    result += byte < 0x20 || byte == 0x7f ? ' ' : c;
  }
  return result;
}

struct Reading {
  Id id = 0;
  std::size_t at = 0;
  std::size_t size = 0;
};

// Some servers answer a read with less than asked for.
std::size_t most_of(const SftpSession& session, std::size_t rest) {
  return std::min(rest, session.read_bytes());
}

struct Listing {
  std::string handle;
  std::deque<Id> asked;
  std::vector<Entry> entries;
  bool exists = false;
  bool done = false;
};

// The writes of one file that are under way.
class Writing {
 public:
  Writing(SftpSession& session, std::string_view handle, const Pacer& pacer)
      : session_(session), handle_(handle), pacer_(pacer), size_(next_size()) {}

  // Returns how much of it fits into the packet that is being filled.
  std::size_t take(ByteView piece) {
    const ByteView part = piece.first(std::min(piece.size(), size_ - filled_));
    packet_.push_back(part);
    filled_ += part.size();
    if (filled_ == size_) send();
    return part.size();
  }

  // A paced transfer sees early that the server has had enough, and that the line is dead.
  std::optional<Answer> find_refusal() {
    if (pacer_.pace == nullptr || ids_.size() <= kPacedWritesUnderWay) return std::nullopt;
    Answer answer = wait_for_first();
    if (answer.is_ok()) return std::nullopt;
    return answer;
  }

  Answer finish() {
    send();
    while (!ids_.empty()) {
      Answer answer = wait_for_first();
      if (!answer.is_ok()) return answer;
    }
    return {};
  }

 private:
  static constexpr std::size_t kPacedWritesUnderWay = 64;

  std::size_t next_size() const { return pacer_.part(session_.write_bytes()); }

  void send() {
    if (filled_ == 0) return;
    pacer_.pass(filled_);
    ids_.push_back(session_.write(handle_, offset_, std::move(packet_)));
    if (pacer_.pace != nullptr) session_.flush();
    offset_ += filled_;
    packet_.clear();
    filled_ = 0;
    size_ = next_size();
  }

  Answer wait_for_first() {
    Answer answer = session_.wait(ids_.front());
    ids_.pop_front();
    if (!answer.is_ok()) session_.settle(kSettle);
    return answer;
  }

  SftpSession& session_;
  const std::string_view handle_;
  const Pacer& pacer_;
  std::deque<Id> ids_;
  std::vector<ByteView> packet_;
  std::size_t size_;  // of the packet that is being filled
  std::size_t filled_ = 0;
  std::uint64_t offset_ = 0;
};

void take_entries(SftpSession& session, Listing& listing, const std::string& path) {
  Answer answer = session.wait(listing.asked.front());
  listing.asked.pop_front();
  if (answer.is_ok() && !answer.names.empty()) {
    for (Entry& entry : answer.names) {
      if (entry.name != "." && entry.name != "..") listing.entries.push_back(std::move(entry));
    }
    listing.asked.push_back(session.readdir(listing.handle));
    return;
  }
  if (answer.status != StatusCode::end_of_file && !answer.is_ok())
    throw status_error(answer, text("storage.open_folder_failed", {{"path", path}}));
  for (const Id id : listing.asked) session.forget(id);
  session.forget(session.close(listing.handle));
  listing.done = true;
}

}  // namespace

Error status_error(const Answer& answer, Text message) {
  const Meaning meaning = meaning_of(answer.status);
  message.arguments.emplace_back(
      "reason", answer.message.empty() ? meaning.reason : printable(answer.message));
  return {meaning.code,
          std::move(message),
          meaning.code == ErrorCode::io ? Retry::after_backoff : Retry::no};
}

bool is_missing(const Answer& answer) {
  return answer.status == StatusCode::no_such_file || answer.status == StatusCode::no_such_path;
}

std::size_t read_fully(SftpSession& session,
                       std::string_view handle,
                       std::uint64_t offset,
                       MutableByteView out,
                       const Text& failed,
                       const Pacer& pacer) {
  std::deque<Reading> under_way;
  std::size_t end = out.size();  // moves to the front when the file turns out to be shorter
  std::size_t asked = 0;
  const auto ask = [&](std::size_t at, std::size_t size) {
    const std::size_t most = pacer.part(most_of(session, size));
    pacer.pass(most);
    under_way.push_back({session.read(handle, offset + at, out.subspan(at, most)), at, most});
    if (pacer.pace != nullptr) session.flush();
    return most;
  };
  while (true) {
    while (asked < end && under_way.size() < kReadsUnderWay) asked += ask(asked, end - asked);
    if (under_way.empty()) return end;
    const Reading reading = under_way.front();
    under_way.pop_front();
    const Answer answer = session.wait(reading.id);
    if (answer.status == StatusCode::end_of_file || (answer.is_ok() && answer.size == 0)) {
      end = std::min(end, reading.at);
    } else if (!answer.is_ok()) {
      throw status_error(answer, failed);
    } else if (answer.size < reading.size && reading.at + answer.size < end) {
      ask(reading.at + answer.size, reading.size - answer.size);
    }
  }
}

Answer write_fully(SftpSession& session,
                   std::string_view handle,
                   const std::vector<ByteView>& pieces,
                   const Pacer& pacer) {
  Writing writing(session, handle, pacer);
  for (ByteView piece : pieces) {
    while (!piece.empty()) {
      piece = piece.subspan(writing.take(piece));
      if (const auto refusal = writing.find_refusal()) return *refusal;
    }
  }
  return writing.finish();
}

std::vector<std::optional<std::vector<Entry>>> read_folders(SftpSession& session,
                                                            const std::vector<std::string>& paths) {
  constexpr std::size_t kMostUnderWay = 8;
  std::vector<Id> opening;
  opening.reserve(paths.size());
  for (const std::string& path : paths) opening.push_back(session.opendir(path));
  std::vector<Listing> listings(paths.size());
  const std::size_t each = std::clamp<std::size_t>(32 / paths.size(), 2, kMostUnderWay);
  for (std::size_t i = 0; i < paths.size(); ++i) {
    const Answer answer = session.wait(opening[i]);
    if (!answer.is_ok() && !is_missing(answer))
      throw status_error(answer, text("storage.open_folder_failed", {{"path", paths[i]}}));
    listings[i].exists = answer.is_ok();
    listings[i].done = !answer.is_ok();
    listings[i].handle = answer.handle;
    for (std::size_t n = 0; answer.is_ok() && n < each; ++n)
      listings[i].asked.push_back(session.readdir(answer.handle));
  }
  for (bool active = true; active;) {
    active = false;
    for (std::size_t i = 0; i < paths.size(); ++i) {
      if (!listings[i].done) take_entries(session, listings[i], paths[i]);
      active = active || !listings[i].done;
    }
  }
  std::vector<std::optional<std::vector<Entry>>> result(paths.size());
  for (std::size_t i = 0; i < paths.size(); ++i) {
    if (listings[i].exists) result[i] = std::move(listings[i].entries);
  }
  return result;
}

void make_folders(SftpSession& session, const std::vector<std::string>& paths, std::uint32_t mode) {
  const Attributes attributes{std::nullopt, mode, std::nullopt};
  std::vector<Id> ids;
  ids.reserve(paths.size());
  for (const std::string& path : paths) ids.push_back(session.mkdir(path, attributes));
  std::vector<std::pair<const std::string*, Answer>> failed;
  for (std::size_t i = 0; i < paths.size(); ++i) {
    Answer answer = session.wait(ids[i]);
    if (!answer.is_ok()) failed.emplace_back(&paths[i], std::move(answer));
  }
  // Version 3 has no word for "exists already".
  ids.clear();
  for (const auto& [path, answer] : failed) ids.push_back(session.stat(*path));
  for (std::size_t i = 0; i < failed.size(); ++i) {
    const Answer found = session.wait(ids[i]);
    if (!found.is_ok() || net::sftp::is_regular_file(found.attributes))
      throw status_error(failed[i].second,
                         text("storage.create_folder_failed", {{"path", *failed[i].first}}));
  }
}

bool sync_folder(SftpSession& session, const std::string& path) {
  if (!session.knows(net::sftp::kFsync)) return false;
  const Answer opened = session.wait(session.open(path, OpenFlags::read));
  if (!opened.is_ok()) return false;
  const Answer synced = session.wait(session.fsync(opened.handle));
  session.forget(session.close(opened.handle));
  return synced.is_ok();
}

}  // namespace hikae::sftp_files
