// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <sys/stat.h>

#include <memory>

#include "base/units.h"
#include "cli/session.h"
#include "os/fd.h"
#include "web/repository_server.h"

namespace hikae::cli {
namespace {

struct Options {
  std::string path;
  std::string listen = "127.0.0.1:8000";
  bool append_only = false;
  bool private_repos = false;
  std::string htpasswd_file;
  bool no_auth = false;
  bool tls = false;
  std::string tls_cert;
  std::string tls_key;
  std::string max_size;
  bool no_verify_upload = false;
  std::string log;
};

// Follows its name, so that logrotate needs no signal and no copy.
class AccessLogFile {
 public:
  AccessLogFile(std::string path, Log& log) : path_(std::move(path)), log_(log) { open(); }

  void write(std::string_view line) {
    try {
      if (!is_current()) open();
      os::write_all(fd_.get(), as_bytes(std::string(line) + "\n"));
      complained_ = false;
    } catch (const Error& error) {
      // Backups go on; once is enough.
      if (!std::exchange(complained_, true))
        log_.warning(text("cli_serve_repository.log_failed",
                          {{"path", path_}, {"reason", render(error, Language::en)}}));
    }
  }

 private:
  void open() { fd_ = os::open_file(path_, O_WRONLY | O_APPEND | O_CREAT, 0640); }
  bool is_current() const {
    struct stat ours {};
    struct stat named {};
    return fstat(fd_.get(), &ours) == 0 && stat(path_.c_str(), &named) == 0 &&
           ours.st_ino == named.st_ino && ours.st_dev == named.st_dev;
  }

  const std::string path_;
  Log& log_;
  os::Fd fd_;
  bool complained_ = false;
};

std::string absolute(const std::string& path, const Session& session) {
  return path.starts_with('/') ? path : session.environment.working_directory + "/" + path;
}

web::AccessRules access_rules(const Options& options) {
  using Rules = web::AccessRules;
  Rules rules;
  if (options.append_only) rules.changes = Rules::Changes::append_only;
  if (options.private_repos) rules.folders = Rules::Folders::per_user;
  if (options.no_verify_upload) rules.uploads = Rules::Uploads::unverified;
  return rules;
}

web::ServerOptions server_options(const Options& given, const Session& session) {
  if (given.path.empty())
    throw Error(ErrorCode::invalid_argument, text("cli_serve_repository.no_path"));
  if (given.no_auth && !given.htpasswd_file.empty())
    throw Error(ErrorCode::invalid_argument, text("cli_serve_repository.both_auth"));
  if (given.tls != !given.tls_cert.empty() || given.tls != !given.tls_key.empty())
    throw Error(ErrorCode::invalid_argument, text("cli_serve_repository.tls_incomplete"));
  web::ServerOptions options;
  options.path = absolute(given.path, session);
  options.listen = given.listen;
  options.rules = access_rules(given);
  if (!given.no_auth)
    options.htpasswd_file = given.htpasswd_file.empty() ? options.path + "/.htpasswd"
                                                        : absolute(given.htpasswd_file, session);
  if (given.tls)
    options.tls = {absolute(given.tls_cert, session), absolute(given.tls_key, session)};
  if (given.max_size.empty()) return options;
  options.max_size = parse_bytes(given.max_size);
  if (!options.max_size)
    throw Error(ErrorCode::invalid_argument,
                text("cli_serve_repository.bad_size", {{"size", given.max_size}}))
        .with_hint(text("cli_serve_repository.bad_size_hint"));
  return options;
}

std::function<void(std::string_view)> access_log(const Options& options, const Session& session) {
  if (options.log.empty()) return nullptr;
  Console& console = session.console;
  if (options.log == "-")
    return [&console](std::string_view line) { console.print(std::string(line) + "\n"); };
  const auto file = std::make_shared<AccessLogFile>(absolute(options.log, session), console);
  return [file](std::string_view line) { file->write(line); };
}

int run(const Session& session, const Options& given) {
  const web::ServerOptions options = server_options(given, session);
  web::RepositoryServer server(options,
                               session.environment.clock,
                               session.console,
                               access_log(given, session),
                               session.stop);
  const std::string url =
      std::string(options.tls ? "https://" : "http://") + server.address() + "/";
  session.console.say(text("cli_serve_repository.serving", {{"path", options.path}, {"url", url}}));
  server.run(session.stop);
  session.console.say(text("cli_serve_repository.stopped"));
  return 0;
}

}  // namespace

void add_serve_repository(Command& root, const Session& session) {
  auto options = std::make_shared<Options>();
  Command& command = root.add_command("serve-repository",
                                      text("cli_serve_repository.help"),
                                      [&session, options] { return run(session, *options); });
  command.option("--path", options->path, "DIR", text("cli_serve_repository.help_path"));
  command.option(
      "--listen", options->listen, "ADDRESS:PORT", text("cli_serve_repository.help_listen"));
  command.flag(
      "--append-only", options->append_only, text("cli_serve_repository.help_append_only"));
  command.flag(
      "--private-repos", options->private_repos, text("cli_serve_repository.help_private_repos"));
  command.option("--htpasswd-file",
                 options->htpasswd_file,
                 "FILE",
                 text("cli_serve_repository.help_htpasswd_file"));
  command.flag("--no-auth", options->no_auth, text("cli_serve_repository.help_no_auth"));
  command.flag("--tls", options->tls, text("cli_serve_repository.help_tls"));
  command.option(
      "--tls-cert", options->tls_cert, "FILE", text("cli_serve_repository.help_tls_cert"));
  command.option("--tls-key", options->tls_key, "FILE", text("cli_serve_repository.help_tls_key"));
  command.option(
      "--max-size", options->max_size, "BYTES", text("cli_serve_repository.help_max_size"));
  command.flag("--no-verify-upload",
               options->no_verify_upload,
               text("cli_serve_repository.help_no_verify_upload"));
  command.option("--log", options->log, "FILE", text("cli_serve_repository.help_log"));
}

}  // namespace hikae::cli
