// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "logs/line.h"

namespace hikae::logs {

// Takes lines. Thread-safe; throws nothing: a log that cannot be written never fails a backup, and
// failure() tells of it.
class Sink {
 public:
  virtual ~Sink() = default;
  virtual void write(const Line& line) = 0;
  // The first thing that went wrong.
  virtual std::optional<Error> failure() const = 0;
};

// Gives each line to all of them.
class SeveralSinks final : public Sink {
 public:
  explicit SeveralSinks(std::vector<std::unique_ptr<Sink>> sinks) : sinks_(std::move(sinks)) {}
  void write(const Line& line) override {
    for (const auto& sink : sinks_) sink->write(line);
  }
  std::optional<Error> failure() const override {
    for (const auto& sink : sinks_) {
      if (auto error = sink->failure()) return error;
    }
    return std::nullopt;
  }

 private:
  std::vector<std::unique_ptr<Sink>> sinks_;
};

inline constexpr const char* kLogFile = "hikae.log";

struct FileLimits {
  std::uint64_t max_size = std::uint64_t{10} * 1024 * 1024;  // bytes
  std::size_t keep = 14;                                     // files that were put aside
};

// Lines in FOLDER/hikae.log (0640), one JSON object each. When it would become larger than max_size
// it is put aside as hikae.log.TIME (UTC, so that names sort by age) and the oldest beyond `keep`
// are removed. Any number of processes may write at once: each line is appended whole under a
// kernel lock, and no process writes to a file that another put aside. Lines of severity warning or
// worse, and those that begin or end a run, are durable on return.
std::unique_ptr<Sink> make_file_sink(const std::string& folder, const FileLimits& limits);

// The log files of the folder, oldest first; the one that is being written is last.
std::vector<std::string> list_log_files(const std::string& folder);

// journald's own protocol (one datagram of FIELD=value lines), so that `journalctl HIKAE_RUN=…` and
// `journalctl -p err -t hikae` work. nullptr where nobody listens at `socket`.
inline constexpr const char* kJournalSocket = "/run/systemd/journal/socket";
std::unique_ptr<Sink> make_journald_sink(const std::string& socket);

// What make_journald_sink() sends for a line. Pure.
std::string encode_for_journald(const Line& line);

}  // namespace hikae::logs
