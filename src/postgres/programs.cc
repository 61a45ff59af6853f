// SPDX-License-Identifier: Apache-2.0
#include "postgres/programs.h"

#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <filesystem>

#include "base/error.h"
#include "base/lines.h"
#include "os/fd.h"

namespace hikae::postgres {
namespace {

constexpr std::string_view kPath =
    "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

constexpr std::string_view kUntranslated = "-c lc_messages=C";

std::optional<int> number_at(std::string_view digits) {
  int value = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (error != std::errc()) return std::nullopt;
  return value;
}

bool has_programs(const std::string& folder) {
  return access((folder + "/pg_dump").c_str(), X_OK) == 0;
}

// PREFIX + N + "/bin" for each entry of `folder`.
void add_versions(const std::string& folder,
                  std::string_view prefix,
                  std::vector<Programs>& found) {
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator(folder, ignored)) {
    const std::string name = entry.path().filename().string();
    if (!name.starts_with(prefix)) continue;
    const auto major = number_at(std::string_view(name).substr(prefix.size()));
    const std::string programs = entry.path().string() + "/bin";
    if (major && has_programs(programs)) found.push_back({*major, programs});
  }
}

// "pg_dump (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)"
int version_of(const std::string& folder) {
  os::ProcessRequest request;
  request.argv = {folder + "/pg_dump", "--version"};
  request.timeout = std::chrono::seconds(30);
  const os::ProcessResult result = os::run_process(request);
  constexpr std::string_view kMark = "(PostgreSQL) ";
  const std::size_t at = result.output.find(kMark);
  if (at == std::string::npos) return 0;
  return number_at(std::string_view(result.output).substr(at + kMark.size())).value_or(0);
}

// Its content is gone with its last descriptor; a path leads to it only from within the program.
os::Fd nameless_file(const std::string& content, const Server& server) {
  os::Fd file(memfd_create("hikae", MFD_CLOEXEC));
  if (!file) throw system_error(errno, text("os.create_failed", {{"path", "memfd"}}));
  os::write_all(file.get(), as_bytes(content));
  // libpq wants a file that nobody else may read, and the program opens it anew, as its own user.
  fchmod(file.get(), 0600);
  if (server.run_as && geteuid() == 0 &&
      fchown(file.get(), server.run_as->uid, server.run_as->gid) != 0)
    throw system_error(errno, text("os.create_failed", {{"path", "memfd"}}));
  return file;
}

// The syntax of libpq's password file.
std::string password_line(const Secret& password) {
  std::string line = "*:*:*:*:";
  for (const char c : password.reveal()) {
    if (c == ':' || c == '\\') line += '\\';
    line += c;
  }
  return line + "\n";
}

bool has(std::string_view words, std::string_view part) {
  return words.find(part) != std::string_view::npos;
}

bool has_any(std::string_view words, std::initializer_list<std::string_view> parts) {
  return std::any_of(parts.begin(), parts.end(), [&](auto part) { return has(words, part); });
}

}  // namespace

std::optional<Programs> choose_programs(const std::vector<Programs>& found, int server_major) {
  std::optional<Programs> best;
  for (const Programs& programs : found) {
    if (programs.major < server_major) continue;
    if (!best || programs.major < best->major) best = programs;
  }
  return best;
}

std::vector<Programs> installed_programs() {
  std::vector<Programs> found;
  add_versions("/usr/lib/postgresql", "", found);
  add_versions("/usr", "pgsql-", found);
  std::sort(found.begin(), found.end(), [](const Programs& a, const Programs& b) {
    return a.major < b.major;
  });
  return found;
}

Programs find_programs(const std::string& folder, int server_major) {
  std::vector<Programs> found;
  if (folder.empty()) {
    found = installed_programs();
  } else if (has_programs(folder)) {
    found.push_back({version_of(folder), folder});
  }
  if (auto chosen = choose_programs(found, server_major)) return *chosen;
  std::string versions;
  for (const Programs& programs : found)
    versions += (versions.empty() ? "" : ", ") + std::to_string(programs.major);
  const Text::Arguments facts = {{"server", std::to_string(server_major)},
                                 {"found", versions.empty() ? "-" : versions}};
  throw Error(ErrorCode::not_found, text("postgres.no_programs", facts))
      .with_hint(text("postgres.no_programs_hint", facts));
}

ClientLaunch::ClientLaunch(const Server& server, std::vector<std::string> argv)
    : argv_(server.run_as ? os::run_as_user(*server.run_as, std::move(argv)) : std::move(argv)) {
  const auto timeout = std::chrono::ceil<std::chrono::seconds>(server.connect_timeout);
  environment_ = {std::string(kPath),
                  "LC_ALL=C.UTF-8",
                  "PGHOST=" + server.host,
                  "PGPORT=" + std::to_string(server.port),
                  "PGUSER=" + server.user,
                  "PGAPPNAME=hikae",
                  "PGCONNECT_TIMEOUT=" + std::to_string(std::max<long>(2, timeout.count()))};
  if (!server.by_socket()) {
    environment_.push_back("PGSSLMODE=" + std::string(to_string(server.ssl_mode)));
    const std::string authorities = authorities_of(server);
    if (!authorities.empty()) environment_.push_back("PGSSLROOTCERT=" + authorities);
  }
  if (server.is_superuser) environment_.push_back("PGOPTIONS=" + std::string(kUntranslated));
  // Where there is no password, none of a file in somebody's home either.
  if (server.password) password_ = nameless_file(password_line(*server.password), server);
  environment_.emplace_back(password_ ? "PGPASSFILE=/proc/self/fd/3" : "PGPASSFILE=/dev/null/none");
}

os::ChildProcess::Request ClientLaunch::child() const {
  constexpr std::size_t kPipeBytes = std::size_t{1} << 20U;
  os::ChildProcess::Request request;
  request.argv = argv_;
  request.environment = environment_;
  request.pipe_bytes = kPipeBytes;
  // The server sends 8 KiB at a time, and where processors are few each of them would have the
  // program push its own server aside.
  request.scheduling = os::ChildProcess::Scheduling::batch;
  request.working_directory = "/";
  request.descriptor = password_.get();
  return request;
}

os::ProcessRequest ClientLaunch::process() const {
  os::ProcessRequest request;
  request.argv = argv_;
  request.environment = environment_;
  request.working_directory = "/";
  request.descriptor = password_.get();
  return request;
}

std::string_view language_option(const Server& server) {
  return server.is_superuser ? kUntranslated : "";
}

std::string liveness_argument(const Server& server) {
  std::string settings;
  for (const auto& [name, value] : liveness_settings(server))
    settings += std::string(" ") + name + "=" + value;
  return settings;
}

std::string database_argument(const Server& server, const std::string& name) {
  std::string quoted = "dbname='";
  for (const char c : name) {
    if (c == '\'' || c == '\\') quoted += '\\';
    quoted += c;
  }
  return quoted + "'" + liveness_argument(server);
}

std::string program_words(std::string_view errors) {
  constexpr std::size_t kMost = 600;
  const std::vector<std::string_view> lines = lines_of(errors);
  const bool marked =
      std::any_of(lines.begin(), lines.end(), [](auto line) { return has(line, "error: "); });
  std::string words;
  for (const std::string_view line : lines) {
    if (line.empty() || (marked && !has_any(line, {"error: ", "detail: ", "hint: "}))) continue;
    words += words.empty() ? "" : " ";
    words += line;
    if (words.size() > kMost) {
      words.resize(kMost);
      return words + "…";
    }
  }
  return words;
}

std::vector<std::string> program_warnings(std::string_view errors) {
  std::vector<std::string> warnings;
  for (const std::string_view line : lines_of(errors))
    if (has(line, "warning: ") || has(line, "WARNING: ")) warnings.emplace_back(line);
  return warnings;
}

Error explain_program(std::string_view errors, Text message) {
  // The server's and libpq's untranslated words (LC_ALL is ours), the same from 13 to 17.
  if (has(errors, "No space left on device")) return {ErrorCode::no_space, std::move(message)};
  if (has_any(errors,
              {"permission denied",
               "must be superuser",
               "row-level security",
               "authentication failed",
               "no pg_hba.conf entry"})) {
    return Error(ErrorCode::permission, std::move(message)).with_hint(text("postgres.rights_hint"));
  }
  if (has(errors, "conflict with recovery")) {
    return Error(ErrorCode::timeout, std::move(message), Retry::after_backoff)
        .with_hint(text("postgres.recovery_conflict_hint"));
  }
  if (has_any(errors, {"lock timeout", "canceling statement due to"})) {
    return Error(ErrorCode::timeout, std::move(message), Retry::after_backoff)
        .with_hint(text("postgres.lock_hint"));
  }
  if (has_any(errors,
              {"server closed the connection",
               "terminating connection",
               "connection to",
               "the database system is",
               "could not receive data",
               "no connection"})) {
    return Error(ErrorCode::io, std::move(message), Retry::after_backoff)
        .with_hint(text("postgres.connection_lost_hint"));
  }
  if (has_any(errors,
              {"invalid page", "could not read block", "unexpected chunk", "missing chunk"})) {
    return Error(ErrorCode::corrupt, std::move(message)).with_hint(text("postgres.damaged_hint"));
  }
  return {ErrorCode::io, std::move(message)};
}

}  // namespace hikae::postgres
